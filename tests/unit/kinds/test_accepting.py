"""What an inventory accepts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from skep.accepting import judged, remarked
from skep.kinds.files import LABEL_RESERVED
from skep.kinds.hosts import DISK_LOW
from skep.model import Accepted
from skep.plan import Finding
from skep.reading.findings import Remark

TODAY = date(2027, 3, 31)


def low(host: str | None = "w1", level: Any = "warning", stack: str | None = None) -> Finding:
    return Finding(level, "has only 3 MiB free", host, kind=DISK_LOW, stack=stack)


def entry(**more: Any) -> Accepted:
    return Accepted(**{"id": "disk-low", "reason": "a spare", **more})


@pytest.mark.parametrize(
    ("finding", "accepted", "is_accepted"),
    [
        (low(), entry(), True),
        (low(), entry(id="lock-held"), False),
        (low(level="error"), entry(), False),
        (low(), entry(hosts=frozenset({"w1", "w2"})), True),
        (low("w3"), entry(hosts=frozenset({"w1", "w2"})), False),
        (low("w1, w2"), entry(hosts=frozenset({"w1"})), False),
        (low(None), entry(hosts=frozenset({"w1"})), False),
        (low(stack="web"), entry(stacks=frozenset({"web"})), True),
        (low(stack="api"), entry(stacks=frozenset({"web"})), False),
        (low(), entry(until=TODAY), True),
        (low(), entry(until=date(2027, 3, 30)), False),
        (Finding("warning", "of a role that names no kind"), entry(), False),
    ],
)
def test_a_finding_is_accepted_where_an_entry_says_so_of_all_it_is_about(
    finding: Finding, accepted: Accepted, is_accepted: bool
) -> None:
    found = judged(finding, [accepted], TODAY)
    assert (found.accepted is accepted) is is_accepted


def test_what_was_accepted_until_a_day_that_is_over_says_so() -> None:
    over = entry(until=date(2027, 3, 30))
    assert judged(low(), [over], TODAY).lapsed is over
    assert judged(low(), [over, entry()], TODAY).lapsed is None
    assert judged(low(), [entry(id="lock-held", until=date(2020, 1, 1))], TODAY).lapsed is None


def test_what_is_said_of_a_host_or_a_stack_in_a_file_is_accepted_by_its_name() -> None:
    remarks = [
        Remark("prod.yml:3: hosts.m1.labels: x", LABEL_RESERVED, ("hosts", "m1", "labels")),
        Remark("prod.yml:9: stacks.web: x", LABEL_RESERVED, ("stacks", "web")),
        Remark("prod.yml:1: hosts: x", LABEL_RESERVED, ("hosts",)),
    ]
    found = remarked(remarks)
    assert [(one.host, one.stack) for one in found] == [("m1", None), (None, "web"), (None, None)]
    assert all(one.standing and one.level == "warning" for one in found)
