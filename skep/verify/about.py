"""What an audit has to know of a test: an id that stays, how bad a finding is, and what to type then."""

from __future__ import annotations

from typing import TypedDict

import pytest

from skep.kinds.audits import SEVERITIES, Severity
from skep.verify.check import OWN

AUDIT = "audit"
"""The mark of pytest that says it: ``@pytest.mark.audit(id=..., severity=..., remedy=...)``."""


class About(TypedDict):
    """As ``Check`` has it."""

    id: str
    stack: str | None
    severity: Severity
    remedy: str


def about(item: pytest.Item, role: str, error: BaseException | None) -> About:
    """Said by the test's mark. Without one, an id is made of names: it stays as long as they do."""
    mark = next(item.iter_markers(AUDIT), None)
    given = dict(mark.kwargs) if mark else {}
    own = role.startswith(OWN)
    name = item.name.partition("[")[0].removeprefix("test_")
    made = "-".join([*(["own", role.partition("/")[2]] if own else ["verify", role]), name]).replace("_", "-")
    otherwise: Severity = "medium" if own else "high"
    severity = next((one for one in SEVERITIES if one == given.get("severity")), otherwise)
    remedy = getattr(error, "remedy", "") or given.get("remedy") or ("" if own else "invoke cluster.up")
    params = getattr(getattr(item, "callspec", None), "params", {})
    stack = params.get("stack")
    return About(
        id=str(given.get("id") or made), stack=stack.name if stack else None, severity=severity, remedy=str(remedy)
    )
