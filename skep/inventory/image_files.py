"""Archives of images that an inventory names: what ``docker save`` writes, checked where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from skep.inventory.value_references import Surroundings
from skep.json_types import items, mapping, number, text, texts
from skep.model import Archive, ArchivedImage
from skep.reading.findings import Findings
from skep.reading.values import Fields


def archives(file: Fields, findings: Findings, surroundings: Surroundings) -> tuple[Archive, ...]:
    """Those of ``images`` that can be used, after saying why others cannot."""
    given = file.get("images", ())
    if not given:
        return ()
    found = list(_archives(given, findings, surroundings))
    _check_names(found, findings)
    return tuple(archive for _, _, archive in found)


def _archives(
    given: list[Fields], findings: Findings, surroundings: Surroundings
) -> Iterator[tuple[int, Fields, Archive]]:
    from skep.inventory.archives import checked  # only here: few inventories name one
    from skep.inventory.image_archives import LAYOUT

    paths: dict[str, int] = {}
    for at, section in enumerate(given):
        one = checked(("images", at), "file", section, LAYOUT, findings, surroundings)
        if one is None:
            continue
        first = paths.setdefault(one.sha256, at)
        if first != at:
            message = f"is the same file as images[{first}]: take one of them out"
            findings.error(("images", at, "file"), message, section.where("file"))
            continue
        images = tuple(_image(mapping(image)) for image in items(one.contents.get("images")))
        place = str(section.where("file"))
        yield at, section, Archive(str(one.path), one.size, one.sha256, images, place)


def _image(kept: object) -> ArchivedImage:
    image = mapping(kept)
    return ArchivedImage(
        names=tuple(texts(image.get("names"))),
        id=text(image.get("id")),
        digest=text(image.get("digest")),
        architecture=text(image.get("architecture")),
        unpacked=number(image.get("unpacked")),
    )


def _check_names(found: list[tuple[int, Fields, Archive]], findings: Findings) -> None:
    """One name is one image, whichever file it comes from."""
    owners: dict[str, tuple[int, ArchivedImage]] = {}
    for at, section, archive in found:
        for image in archive.images:
            for name in image.names:
                first, other = owners.setdefault(name, (at, image))
                if other.id != image.id:
                    why = (
                        f"they are for {other.architecture} and {image.architecture}; give each its own tag, and each "
                        "service the one of its hosts"
                        if other.architecture != image.architecture
                        else "take the older one out, or give them different tags"
                    )
                    message = f"holds another {name} than images[{first}] does: {why}"
                    findings.error(("images", at, "file"), message, section.where("file"))
