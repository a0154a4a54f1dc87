"""A line in parts, each with the style it has on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from skep.visible import visible

Part = str | tuple[str, str]
"""A text, or a text and its style."""


def plain(parts: Iterable[Part]) -> str:
    """The line without styles; a line break within a part is shown as ``\\n``."""
    return "".join(visible(part if isinstance(part, str) else part[0]) for part in parts)
