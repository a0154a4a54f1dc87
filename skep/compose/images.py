"""Image names as Docker reads them. Source: the grammar of distribution/reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skep.refusals.images import IDENTIFIER, is_image, parts

__all__ = ["is_image", "pinned", "tagged", "with_digest"]


def tagged(image: str) -> str:
    """The short name with ``:latest`` where there is neither tag nor digest: what the CLI sends for an image."""
    found = None if IDENTIFIER.fullmatch(image) else parts(image)
    if found is None:
        return image
    domain, path, tag, digest = found
    familiar = path.removeprefix("library/") if path.count("/") == 1 else path
    name = familiar if domain == "docker.io" else f"{domain}/{path}"
    tag = tag or ("" if digest else "latest")
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def with_digest(image: str, answer: Mapping[str, Any]) -> tuple[str, list[dict[str, str]]]:
    """An image pinned to what its registry says of it (the answer of ``/distribution``), and its platforms.

    As Docker's client does it, the architecture of 32-bit ARM stays open (swarmkit#2294).
    """
    platforms = [
        {
            "Architecture": "" if one["architecture"].lower() == "arm" else one["architecture"],
            "OS": one["os"],
        }
        for one in answer.get("Platforms") or ()
    ]
    digest = answer["Descriptor"]["digest"]
    return (image if "@" in image else f"{image}@{digest}"), platforms


def pinned(spec: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """A service's spec with its image pinned, where there is an answer about it; platforms it names stay."""
    template = dict(spec["TaskTemplate"])
    container = dict(template["ContainerSpec"])
    answer = answers.get(container["Image"])
    if answer is None:
        return dict(spec)
    container["Image"], platforms = with_digest(container["Image"], answer)
    placement = dict(template.get("Placement") or {})
    if platforms:
        placement.setdefault("Platforms", platforms)
    template |= {"ContainerSpec": container} | ({"Placement": placement} if placement else {})
    return {**spec, "TaskTemplate": template}
