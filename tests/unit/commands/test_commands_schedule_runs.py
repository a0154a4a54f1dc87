"""What is kept and said of a scheduled run that failed or left something."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from skep.commands import schedule_runs
from skep.commands.schedule_runs import Doing
from skep.commands.schedule_telling import Telling
from skep.converge import Site
from skep.errors import PreflightError, SkepError, StepFailed
from skep.model import Cluster, Stack
from skep.notices.deciding import state
from skep.plan import Finding, Plan
from skep.report import Reporter
from skep.request import Request
from skep.runs.refusing import refuse_errors
from skep.schedules.model import Schedule
from skep.schedules.state import Kept

ONE = Schedule("nightly", "stack.refresh", ("03:30",))


def ended(doing: Doing, error: SkepError | None = None) -> dict[str, Any]:
    return dict(schedule_runs._ended(ONE, datetime.now(UTC), doing, 0.0, error))


def refused(*findings: Finding) -> PreflightError:
    with pytest.raises(PreflightError) as failure:
        refuse_errors(Plan(findings, (), ()))
    return failure.value


def test_what_forbids_a_run_is_said_where_nothing_is_seen_above() -> None:
    error = refused(
        Finding("error", "disk is full", "m1", next_action="make room"), Finding("error", "no", next_action="make room")
    )
    result = ended(Doing(), error)
    assert (result["text"], result["next"]) == ("m1: disk is full; no", "make room")
    assert "above" in error.message, "at a terminal they are above"


def rolled_out(monkeypatch: pytest.MonkeyPatch, **failures: SkepError) -> dict[str, Any]:
    def fail(_: object, request: Request, __: object) -> None:
        raise failures[(request.stacks or ("",))[0]]

    monkeypatch.setattr(schedule_runs, "carry_out", fail)
    site: Any = SimpleNamespace(cluster=Cluster("prod", (), stacks=tuple(Stack(name, (), {}) for name in failures)))
    doing = Doing()
    with pytest.raises(SkepError) as failure:
        schedule_runs._roll_out(cast("Site", site), Reporter(), ONE, doing)
    return ended(doing, failure.value)


def test_a_stack_that_fails_for_another_cause_is_another_state(monkeypatch: pytest.MonkeyPatch) -> None:
    first, slower, other = (
        rolled_out(monkeypatch, db=StepFailed("no"), web=StepFailed(text))
        for text in ("1 failed after 3 s", "1 failed after 9 s", "m1 is full")
    )
    assert state(first) == state(slower) != state(other)
    full = rolled_out(monkeypatch, web=refused(Finding("error", "disk is full", next_action="make room")))
    assert "disk is full" in full["text"] and full["next"] == "make room"


def test_what_is_left_undone_is_a_state_of_its_own_until_something_else_is_left() -> None:
    first, later, other = (
        ended(Doing(undone=[Finding("warning", f"left undone: {text}")]))
        for text in ("web is shut until Monday", "web is shut until Tuesday", "db is shut until Tuesday")
    )
    assert state(first) == state(later) != state(other)


def test_a_folder_that_cannot_be_written_fails_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notes: list[str] = []
    tell = SimpleNamespace(note=notes.append, spelled=lambda text: text)
    call: Any = SimpleNamespace(tell=tell, found=SimpleNamespace(cluster=Cluster("prod", ())))
    telling = Telling(call, Kept(tmp_path / "file", "nightly"), ONE)
    telling.begun({})
    telling.ended(ended(Doing()))
    assert len(notes) == 2 and all("cannot be written" in note for note in notes)


@pytest.mark.parametrize(("user", "words"), [(0, "journalctl -u skep-"), (1000, "journalctl --user -u skep-")])
def test_the_journal_of_a_killed_run_is_that_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, words: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setenv("SKEP_STATE", str(tmp_path))
    Kept(tmp_path, "nightly").begin({"started": "now"})
    failures: list[SkepError] = []
    tell = SimpleNamespace(error=failures.append, note=pytest.fail, spelled=lambda text: text)
    call: Any = SimpleNamespace(tell=tell, found=SimpleNamespace(cluster=Cluster("prod", (), schedules=(ONE,))))
    assert schedule_runs.ended(call, "nightly") == 0
    assert f"{words}prod-nightly;" in str(failures[0].next_action)
