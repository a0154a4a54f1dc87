"""Metrics: valid by the parsers of those who read them, whatever is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from skep.errors import OutputLost
from skep.schedules.metrics import Standing, remove, text, write

LOOK: dict[str, Any] = {
    "schedule": "drift", "run": "drift", "result": "drift", "ended": "2026-11-28T08:12:32Z", "seconds": 3.421,
    "drift": 4, "success": "2026-11-28T08:12:32Z", "undone": [], "findings": {"error": 0, "warning": 2},
}  # fmt: skip
BAD = {**LOOK, "schedule": "nightly", "run": "stack.refresh web", "result": "failed", "success": None, "undone": ["x"]}
AUDIT = {
    **LOOK,
    "schedule": "audit",
    "run": "audit",
    "result": "findings",
    "findings": {},
    "severities": {"high": 3, "low": 0},
}


@pytest.mark.parametrize("parser", [open_metrics, prometheus])
def test_all_of_it_can_be_read(parser: Any) -> None:
    written = text('od"d\\', [LOOK, BAD, AUDIT], Standing({"ready": 3, "down": 1}, 2))
    found = {
        (
            sample.name,
            sample.labels.get("severity")
            or sample.labels.get("schedule")
            or sample.labels.get("state")
            or sample.labels.get("level"),
        ): sample
        for family in parser(written)
        for sample in family.samples
    }
    assert {sample.labels["inventory"] for sample in found.values()} == {'od"d\\'}
    values = {key: sample.value for key, sample in found.items()}
    assert values["skep_schedule_last_success_timestamp_seconds", "drift"] == 1795853552
    assert ("skep_schedule_last_success_timestamp_seconds", "nightly") not in values
    assert values["skep_schedule_last_duration_seconds", "drift"] == 3.421
    assert (values["skep_schedule_failed", "nightly"], values["skep_schedule_failed", "drift"]) == (1, 0)
    assert values["skep_schedule_left_undone", "nightly"] == 1
    assert (values["skep_drift_steps", None], values["skep_findings", "warning"]) == (4, 2)
    assert (values["skep_audit_findings", "high"], values["skep_audit_findings", "low"]) == (3, 0)
    assert (values["skep_nodes", "ready"], values["skep_nodes", "down"]) == (3, 1)
    assert values["skep_services_below_desired", None] == 2


def test_what_is_not_known_is_left_out() -> None:
    assert text("prod", [{}], None) == "# EOF\n"
    list(open_metrics(text("prod", [{"schedule": "a"}], None)))


def test_it_is_put_in_place_in_one_move_for_everybody(tmp_path: Path) -> None:
    write(str(tmp_path), "prod", "# EOF\n")
    (file,) = tmp_path.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("skep-prod.prom", 0o644)
    with pytest.raises(OutputLost):
        write(str(tmp_path / "nowhere"), "prod", "")


def test_a_link_that_somebody_laid_beside_it_is_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / f".skep-prod.prom.{os.getpid()}").symlink_to(other)
    write(str(tmp_path), "prod", "# EOF\n")
    assert other.read_text() == "mine" and (tmp_path / "skep-prod.prom").read_text() == "# EOF\n"


def test_it_is_taken_away_alone(tmp_path: Path) -> None:
    for name in ("prod", "prod-eu"):
        write(str(tmp_path), name, "# EOF\n")
    remove(str(tmp_path), "prod")
    remove(str(tmp_path), "prod")
    assert [one.name for one in tmp_path.iterdir()] == ["skep-prod-eu.prom"]
