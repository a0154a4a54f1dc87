"""Go's ``text/template`` as swarmkit uses it: whether a text can be expanded, and what would come of it.

Source: Go's ``text/template`` and ``text/template/parse``, and ``template`` of moby/swarmkit. What only newer Go
releases take (``else with``, a range over a number) is refused. Most texts are no templates: only for one that is, the
rest of this room is imported.
"""

from __future__ import annotations

from collections.abc import Sequence

from skep.gotemplate.error import TemplateError

__all__ = ["PAYLOAD_FUNCTIONS", "TemplateError", "expand", "parse"]

PAYLOAD_FUNCTIONS = ("secret", "config", "env")
"""What the content of a config or secret may call besides."""


def expand(text: str) -> str:
    """What swarmkit would make of the text when it looks at a service. Raises ``TemplateError``."""
    if "{{" not in text:
        return text
    from skep.gotemplate.expanding import expanded

    return expanded(text)


def parse(text: str, *, more: Sequence[str] = ()) -> None:
    """Raises ``TemplateError`` for what is no template; ``more`` are further functions it may call."""
    from skep.gotemplate.expanding import tree

    tree(text, more)
