"""Image names as Docker reads them. Source: the grammar of distribution/reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skep.refusals.rule import Context, Path, Said

_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_PART}(?:\.{_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
_REFERENCE = re.compile(rf"{_NAME}(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>sha256:[a-f0-9]{{64}}))?", re.ASCII)
IDENTIFIER = re.compile(r"(?:sha256:)?[a-f0-9]{64}")
"""What names an image by its content alone."""
_BARE = re.compile(r"[a-f0-9]{64}")
_LONGEST = 255


def is_image(text: str) -> bool:
    """Whether Docker takes a text for an image's name or identifier."""
    return bool(IDENTIFIER.fullmatch(text)) or parts(text) is not None


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


def image(service: Mapping[str, Any], context: Context, path: Path) -> Iterator[Said]:
    """A service without an image, or with what is no image's name."""
    text = service.get("image")
    if not text:
        yield ("image",), "is missing: Swarm runs images, it does not build them"
    elif _BARE.fullmatch(text):
        yield ("image",), f"{context.quote(text)} is an image's identifier: Swarm takes names only"
    elif not is_image(text):
        yield ("image",), f"{context.quote(text)} is not an image's name"
