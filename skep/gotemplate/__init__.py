"""Go's ``text/template`` as swarmkit uses it: whether a text can be expanded, and what would come of it.

Source: Go's ``text/template`` and ``text/template/parse``, and ``template`` of moby/swarmkit. What only newer Go
releases take (``else with``, a range over a number) is refused. Most texts are no templates: only for one that is, the
rest of this room is imported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from skep.gotemplate.error import TemplateError

__all__ = ["TemplateError", "expand", "expand_payload", "parse"]


def expand(text: str) -> str:
    """What swarmkit would make of the text when it looks at a service. Raises ``TemplateError``."""
    if "{{" not in text:
        return text
    from skep.gotemplate.expanding import expanded

    return expanded(text)


def expand_payload(text: str, targets: Mapping[str, Collection[str]]) -> None:
    """Raises ``TemplateError`` where a node cannot expand what a config or secret with a template driver holds, for a
    task that has ``secret`` and ``config`` at these ``targets``."""
    from skep.gotemplate.expanding import payload

    payload(text, targets)


def parse(text: str, *, more: Sequence[str] = ()) -> None:
    """Raises ``TemplateError`` for what is no template; ``more`` are further functions it may call."""
    from skep.gotemplate.expanding import tree

    tree(text, more)
