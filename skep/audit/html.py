"""A report as one page that needs nothing else, with what earlier audits found: the page before it in the same file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from skep.audit.results import ORDER, Result, counts
from skep.audit.rows import said
from skep.json_types import items, mapping, text
from skep.verify.check import SEVERITIES
from skep.visible import visible_lines

FOLDER = Path(__file__).parent
HISTORY = re.compile(r'<script type="application/json" id="history">(.*?)</script>', re.DOTALL)
KEPT = 100
"""Audits of which the page keeps what they counted."""
WIDE, HIGH = 600, 120
"""The trend's size."""

Entry = Mapping[str, object]


def write(path: Path, results: Sequence[Result], *, cluster: str, now: datetime) -> None:
    """Write the page over the one that is there, whose history it goes on with."""
    numbers: dict[str, object] = {str(status): number for status, number in counts(results).items()}
    entry = {"time": f"{now:%Y-%m-%d %H:%M} UTC", **numbers}
    history = [*_history(path), entry][-KEPT:]
    path.write_text(page(results, cluster=cluster, history=history), encoding="utf-8")


def page(results: Sequence[Result], *, cluster: str, history: Sequence[Entry]) -> str:
    """The whole text. Whatever hosts and stacks call themselves is text and nothing else."""
    found = counts(results)
    parts = {
        "TITLE": escape(f"Audit of {cluster}"),
        "TIME": escape(text(history[-1].get("time"))),
        "COUNTS": "".join(f'<li class="{_class(one)}"><b>{found[one]}</b> {one}</li>' for one in ORDER),
        "TREND": _trend(history),
        "ROWS": "\n".join(map(_row, results)),
        "HISTORY": json.dumps(list(history)).replace("<", "\\u003c"),
    }
    template = (FOLDER / "page.html").read_text(encoding="utf-8")
    return re.sub(r"@([A-Z]+)@", lambda name: parts[name[1]], template)


def _history(path: Path) -> list[Entry]:
    """What the page that is there holds of earlier audits; nothing where it is none of ours."""
    try:
        kept = HISTORY.search(path.read_text(encoding="utf-8"))
        return [mapping(one) for one in items(json.loads(kept[1]))] if kept else []
    except (OSError, ValueError):
        return []


def _row(one: Result) -> str:
    about = one.control
    level = f"level {about.level}, {'automated' if about.automated else 'manual'}" if about and about.number else ""
    cells = (
        ("status", f'<span class="{_class(one.status)}">{one.status}</span>', str(ORDER.index(one.status))),
        ("severity", one.severity, str(SEVERITIES.index(one.severity))),
        ("where", _shown(one.where), ""),
        ("id", f"{_shown(one.id)}<small>{level}</small>", ""),
        ("what is right", _shown(one.title), ""),
        ("what was seen", _shown(said(one)) + _evidence(one), ""),
        ("fix", f"<code>{_shown(one.fix)}</code>" if one.fix and one.status in ORDER[:4] else "", ""),
    )
    return "<tr>" + "".join(_cell(*cell) for cell in cells) + "</tr>"


def _evidence(one: Result) -> str:
    """What was asked and answered, folded up."""
    seen = "".join(f"<dt>$ {_shown(command)}</dt><dd>{_shown(value)}</dd>" for command, value in one.evidence)
    return f"<details><summary>evidence</summary><dl>{seen}</dl></details>" if seen else ""


def _cell(name: str, content: str, order: str) -> str:
    sorted_by = f' data-order="{order}"' if order else ""
    return f'<td data-name="{name}"{sorted_by}>{content}</td>'


def _shown(value: str) -> str:
    return "<br>".join(escape(line) for line in visible_lines(value))


def _class(status: str) -> str:
    return status.replace(" ", "-")


def _trend(history: Sequence[Entry]) -> str:
    """Findings of the audits so far as a line, and the numbers for who does not see it."""
    numbers = [number if isinstance(number := one.get("finding"), int) else 0 for one in history]
    if len(numbers) < 2:
        return "<p>No earlier audit in this file.</p>"
    most = max(*numbers, 1)
    step = WIDE / (len(numbers) - 1)
    points = " ".join(f"{place * step:.0f},{HIGH - number * HIGH / most:.0f}" for place, number in enumerate(numbers))
    rows = "".join(
        f"<tr><td>{_shown(text(one.get('time')))}</td><td>{number}</td></tr>"
        for one, number in zip(history[::-1], numbers[::-1], strict=True)
    )
    return (
        f'<svg viewBox="-4 -4 {WIDE + 8} {HIGH + 8}" role="img" aria-label="findings of {len(numbers)} audits, at most'
        f' {most}, now {numbers[-1]}"><polyline points="{points}"/></svg>'
        f"<details><summary>{numbers[-2]} findings before, {numbers[-1]} now</summary>"
        f"<table><tr><th>audit</th><th>findings</th></tr>{rows}</table></details>"
    )
