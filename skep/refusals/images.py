"""Images of services."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skep.refusals.document import Service
from skep.refusals.rule import Context, Path, Said
from skep.swarm.image import is_image

_BARE = re.compile(r"[a-f0-9]{64}")


def image(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """A service without an image, or with what is no image's name."""
    text = service.get("image")
    if not text:
        yield ("image",), "is missing: Swarm runs images, it does not build them"
    elif _BARE.fullmatch(text):
        yield ("image",), f"{context.quote(text)} is an image's identifier: Swarm takes names only"
    elif not is_image(text):
        yield ("image",), f"{context.quote(text)} is not an image's name"
