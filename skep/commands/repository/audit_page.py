"""The page ``docs/audit.md``: what an audit looks at, made from the controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skep import audit
from skep.audit.controls import PLACES, Control, controls

FOLDER = audit.__path__[0]


def page() -> str:
    """The whole text."""
    head, benchmark = (Path(FOLDER, name).read_text(encoding="utf-8") for name in ("page.md", "benchmark.md"))
    return (
        head
        + "".join(f"{line}\n" for line in _operations())
        + benchmark
        + "".join(f"{line}\n" for line in _benchmark())
    )


def _operations() -> Iterator[str]:
    yield "| id | what is right | severity | what to type |\n|---|---|---|---|"
    for one in controls().values():
        yield f"| `{one.id}` | {_cell(one.title)} | {one.severity} | {_typed(one)} |"


def _benchmark() -> Iterator[str]:
    for one in controls("cis").values():
        by = "program" if one.automated else "person"
        here = "not applicable" if one.why_not else "shown" if one.shown else "decided"
        typed = _cell(one.why_not) if one.why_not else _typed(one)
        yield f"| {one.number} | {_cell(one.title)} | {one.level} | {by} | {here} | {typed} |"


def _typed(one: Control) -> str:
    return f"{PLACES[one.on]}`{one.remedy.replace('invoke ', 'skep ').replace('|', chr(92) + '|')}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
