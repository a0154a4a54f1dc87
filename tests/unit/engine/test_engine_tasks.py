"""Tasks' names and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skep.engine.tasks import node_name, parse_time, task_name
from tests.unit.engine.stacks import NODES, node, service, task


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-01T12:00:00Z", datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ("2025-06-01T12:00:00.5Z", datetime(2025, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2025-06-01T12:00:00.123456789Z", datetime(2025, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2025-06-01T14:00:00.000001+02:00", datetime(2025, 6, 1, 12, tzinfo=UTC) + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parse_time(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2025-06-01T12:00:00"])
def test_parse_time_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        parse_time(text)


def test_a_node_goes_by_its_id_until_it_has_reported_its_name() -> None:
    known = {"m1": NODES["m1"], "x": node("x") | {"Description": {}}}
    assert [node_name(known, one) for one in ("m1", "x", "gone", "")] == ["m1", "x", "gone", "no node"]


def test_a_task_is_named_by_slot_or_by_node() -> None:
    assert task_name(service(), task(slot=3), NODES) == "web_app.3"
    assert task_name(service(mode="replicated-job"), task(), NODES) == "web_app.0"
    assert task_name(service(mode="global"), task(node="w1"), NODES) == "web_app.w1"
