"""A report as a page, with how the audits before it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from skep.audit.results import ORDER, Result, Status, counts
from skep.audit.rows import said
from skep.kinds.audits import SEVERITIES
from skep.page import rendering
from skep.picture.model import Audit
from skep.visible import visible_lines

TEMPLATE = Path(__file__).with_name("audit.html.j2")
CLASSES: Mapping[Status, str] = {
    "finding": "bad", "not seen": "warn", "accepted": "", "to judge": "warn", "passed": "good", "not applicable": "",
}  # fmt: skip


def page(
    results: Sequence[Result],
    *,
    cluster: str,
    now: datetime,
    about: str,
    audits: Sequence[Audit],
    spelled: Callable[[str], str] = str,
) -> str:
    """The whole text. ``spelled`` gives a text with its commands as they are typed for this environment. ``audits`` are
    this one and those before it that were about the same, newest first."""
    return rendering.render(
        TEMPLATE,
        cluster=cluster,
        taken=now,
        about=about,
        results=results,
        counts=counts(results),
        audits=audits,
        spelled=spelled,
        order=ORDER,
        severities=SEVERITIES,
        classes=CLASSES,
        lines=visible_lines,
        said=said,
    )
