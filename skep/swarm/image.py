"""Image names as Docker reads them. Source: the grammar of distribution/reference."""

from __future__ import annotations

import re
from typing import TypedDict

from skep.swarm.spec import Platform

_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_PART}(?:\.{_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
_REFERENCE = re.compile(rf"{_NAME}(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[a-f0-9]{{64}}))?", re.ASCII)
IDENTIFIER = re.compile(r"(?:sha256:)?[a-f0-9]{64}")
"""What names an image by its content alone."""
_LONGEST = 255
_SHORT = 12


class Descriptor(TypedDict):
    """What a digest stands for."""

    digest: str


class OciPlatform(TypedDict):
    """A platform in the registry's terms."""

    architecture: str
    os: str


class Answer(TypedDict, total=False):
    """The engine's answer to ``/distribution/IMAGE/json``."""

    Descriptor: Descriptor
    Platforms: list[OciPlatform] | None


def is_image(text: str) -> bool:
    """Whether Docker takes a text for an image's name or identifier."""
    return is_identifier(text) or parts(text) is not None


def is_identifier(image: str) -> bool:
    """Whether an image is named by its content alone: it is on the nodes, or nowhere."""
    return bool(IDENTIFIER.fullmatch(image))


def is_by_name(image: str) -> bool:
    """Whether a registry has to be asked what an image is."""
    return "@" not in image and not is_identifier(image)


def parts(image: str) -> tuple[str, str, str, str] | None:
    """Domain, path, tag and digest, or ``None``."""
    first, slash, rest = image.partition("/")
    if not slash or not (any(char in first for char in ".:") or first == "localhost" or first != first.lower()):
        image = f"docker.io/{image}"
    elif first == "index.docker.io":
        image = f"docker.io/{rest}"
    if len(image) > _LONGEST + 220:
        return None
    match = _REFERENCE.fullmatch(image)
    if match is None or not match["domain"]:
        return None
    path = match["path"]
    if match["domain"] == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return (
        None
        if len(match["domain"]) + 1 + len(path) > _LONGEST
        else (match["domain"], path, match["tag"] or "", match["digest"] or "")
    )


def tagged(image: str) -> str:
    """The short name with ``:latest`` where there is neither tag nor digest: what the CLI sends for an image."""
    found = None if is_identifier(image) else parts(image)
    if found is None:
        return image
    domain, path, tag, digest = found
    familiar = path.removeprefix("library/") if path.count("/") == 1 else path
    name = familiar if domain == "docker.io" else f"{domain}/{path}"
    tag = tag or ("" if digest else "latest")
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def short(image: str) -> str:
    """An image with its digest, or what identifies it, cut to twelve digits."""
    if is_identifier(image):
        return f"sha256:{image.removeprefix('sha256:')[:_SHORT]}"
    name, at, digest = image.partition("@sha256:")
    return f"{name}@{digest[:_SHORT]}" if at else name


def with_digest(image: str, answer: Answer) -> tuple[str, list[Platform]]:
    """An image pinned to what its registry says of it, and its platforms.

    As Docker's client does it, the architecture of 32-bit ARM stays open (swarmkit#2294).
    """
    platforms: list[Platform] = [
        {
            "Architecture": "" if one["architecture"].lower() == "arm" else one["architecture"],
            "OS": one["os"],
        }
        for one in answer.get("Platforms") or ()
    ]
    return (image if "@" in image else f"{image}@{answer['Descriptor']['digest']}"), platforms
