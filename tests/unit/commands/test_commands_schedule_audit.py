"""An audit that runs by itself: which findings count, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from skep.audit.results import Result
from skep.commands.cluster import audit as cluster_audit
from skep.commands.schedule import runs
from skep.commands.schedule.runs import Doing
from skep.errors import AuditIncomplete
from skep.model import Schedule
from skep.notices.deciding import event, message, state

HIGH = Result(
    "disk-use", "hosts", "m1", None, "disks have room", "finding", "high", "/var is full", "df -h", "host", (), 0.1
)
LOW = replace(HIGH, id="images-dangling", host="m2", severity="low")
UNSEEN = replace(HIGH, id="clock-skew", status="not seen")


class _Call:
    """As far as an audit asks for it."""

    checks: dict[str, object] = {}  # noqa: RUF012

    def tell(self) -> None:
        """Nothing is shown."""


def audited(monkeypatch: pytest.MonkeyPatch, one: Schedule, *results: Result) -> Doing:
    asked: list[object] = []
    monkeypatch.setattr(runs, "alone", lambda *_: None)
    monkeypatch.setattr(cluster_audit, "audited", lambda *given: asked.append(given[-1]) or list(results))
    monkeypatch.setattr(cluster_audit, "show", lambda *_: None)
    doing = Doing()
    runs._audit(cast("Any", _Call()), cast("Any", None), one, doing)
    assert asked == [cluster_audit.Asked(one.profile)]
    return doing


def ended(one: Schedule, doing: Doing) -> dict[str, Any]:
    from datetime import UTC, datetime

    return dict(runs._ended(one, datetime.now(UTC), doing, 0.0, None))


@pytest.mark.parametrize(
    ("severity", "count", "text"),
    [
        ("low", 2, "2 findings: disk-use m1, images-dangling m2"),
        ("medium", 1, "1 finding: disk-use m1"),
        ("high", 1, "1 finding: disk-use m1"),
    ],
)
def test_findings_count_from_a_severity_on(
    monkeypatch: pytest.MonkeyPatch, severity: str, count: int, text: str
) -> None:
    one = Schedule("weekly", "audit", ("Mon 06:00",), profile="cis", severity=severity)
    doing = audited(monkeypatch, one, HIGH, LOW, UNSEEN)
    assert doing.findings_that_count == count and doing.severities == {"high": 1, "medium": 0, "low": 1}
    result = ended(one, doing)
    assert (result["result"], result["exit"], result["text"]) == ("findings", 11, text)
    assert result["next"] == "see each with what helps: invoke cluster.audit --profile cis"


def test_what_weighs_less_is_no_finding_and_what_is_not_seen_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Schedule("weekly", "audit", ("Mon 06:00",), severity="high")
    result = ended(one, audited(monkeypatch, one, LOW))
    assert (result["result"], result["exit"], result["text"]) == ("ok", 0, "no findings that count; 1 of less weight")
    assert ended(one, audited(monkeypatch, one))["text"] == "no findings"
    with pytest.raises(AuditIncomplete):
        audited(monkeypatch, one, LOW, UNSEEN)


def test_a_notice_of_the_same_findings_goes_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Schedule("weekly", "audit", ("Mon 06:00",))
    first, more = (ended(one, audited(monkeypatch, one, *found)) for found in ((HIGH,), (HIGH, LOW)))
    assert event(first, "") == "findings" and event(first, state(first)) is None
    assert event(more, state(first)) == "findings"
    assert event(ended(one, audited(monkeypatch, one)), state(more)) == "recovery"
    subject, text = message("findings", "prod", first)
    assert subject == "prod: schedule weekly has findings" and "disk-use m1" in text and "cluster.audit" in text
