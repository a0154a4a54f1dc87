"""Where texts of others become what a terminal gets: nothing of theirs is taken as a control character or as markup."""

from __future__ import annotations

from rich.text import Text

from skep.visible import visible

Part = str | tuple[str, str]
"""A text, or a text and its style."""


def line(*parts: Part, style: str = "") -> Text:
    """One line out of parts; a line break within one of them is shown as ``\\n``."""
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), own) for text, own in pairs), style=style)
