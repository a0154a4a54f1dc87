"""Images that come from files: a service names them by their content, as the engines' own stores do.

An engine pulls nothing for such a name (``pullImage`` of moby's executor), so a host needs no registry, and another
file under the same tag is another image: a service that differs.
"""

from __future__ import annotations

from collections.abc import Iterable

from skep.model import Archive, ArchivedImage
from skep.swarm.image import is_identifier
from skep.swarm.labels import IMAGE, labels_of
from skep.swarm.service import image_of, placement_of, with_image
from skep.swarm.spec import Platform, ServiceSpec


def archived(archives: Iterable[Archive], image: str) -> tuple[Archive, ArchivedImage] | None:
    """The first file with the image of that name, and the image; ``None`` where it is in none."""
    return next(((file, one) for file in archives for one in file.images if image in one.names), None)


def identifier(image: ArchivedImage, *, containerd: bool) -> str:
    """What a host calls it once it is loaded, where it is ``containerd`` that keeps images, or not."""
    return (image.digest if containerd else "") or image.id


def by_content(spec: ServiceSpec, archives: Iterable[Archive], *, containerd: bool) -> ServiceSpec:
    """A spec with its image by content, and its platform, where that comes from a file; else as it is."""
    found = archived(archives, image_of(spec))
    if found is None:
        return spec
    image = found[1]
    known: list[Platform] = [{"Architecture": machine(image), "OS": "linux"}]
    return with_image(
        spec, identifier(image, containerd=containerd), None if "Platforms" in placement_of(spec) else known
    )


def machine(image: ArchivedImage) -> str:
    """Its architecture as a placement has it: that of 32-bit ARM stays open, as where a registry says it
    (swarmkit#2294)."""
    return "" if image.architecture == "arm" else image.architecture


def shown_image(spec: ServiceSpec) -> str:
    """The image of a service as people know it: where it is by content alone, as the compose file names it."""
    image = image_of(spec)
    return labels_of(spec).get(IMAGE, image) if is_identifier(image) else image
