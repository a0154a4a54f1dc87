"""What is kept and said of a scheduled run that failed or left something."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from skep.commands.schedule import runs
from skep.commands.schedule.outcome import Telling
from skep.commands.schedule.runs import Doing
from skep.converge import Site
from skep.errors import InventoryError, PreflightError, SkepError, StepFailed, UsageError
from skep.model import Cluster, Notice, Schedule, Stack
from skep.notices import telling as notices
from skep.notices.deciding import state
from skep.plan import Finding, Plan
from skep.report import Reporter
from skep.request import Request
from skep.runs.refusing import refuse_errors
from skep.schedules.fallback import FILE, Left, pack, unpack
from skep.schedules.state import Kept
from skep.secret import Redaction, Secret

ONE = Schedule("nightly", "stack.refresh", ("03:30",))


def ended(doing: Doing, error: SkepError | None = None) -> dict[str, Any]:
    return dict(runs._ended(ONE, datetime.now(UTC), doing, 0.0, error))


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

    monkeypatch.setattr(runs, "carry_out", fail)
    site: Any = SimpleNamespace(cluster=Cluster("prod", (), stacks=tuple(Stack(name, (), {}) for name in failures)))
    doing = Doing()
    with pytest.raises(SkepError) as failure:
        runs._roll_out(cast("Site", site), Reporter(), ONE, doing)
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
    telling = Telling(cast("Any", tell), Kept(tmp_path / "file", "nightly"), Cluster("prod", ()), ONE, Redaction())
    telling.begun({})
    telling.ended(ended(Doing()))
    assert len(notes) == 2 and all("cannot write" in note for note in notes)


@pytest.mark.parametrize(("user", "words"), [(0, "journalctl -u skep-"), (1000, "journalctl --user -u skep-")])
def test_the_journal_of_a_killed_run_is_that_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, words: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setenv("SKEP_STATE", str(tmp_path))
    Kept(tmp_path, "nightly").begin({"started": "now"})
    failures: list[SkepError] = []
    tell = SimpleNamespace(error=failures.append, note=pytest.fail, spelled=lambda text: text)
    call: Any = SimpleNamespace(
        tell=tell, found=SimpleNamespace(cluster=Cluster("prod", (), schedules=(ONE,)), access={})
    )
    assert runs.ended(call, "nightly") == 0
    assert f"{words}prod-nightly;" in str(failures[0].next_action)


OPS = Notice("ops", webhook=Secret("https://example.com/hook-of-ops"), secret=Secret("key-of-ops"))
LEFT = Left("prod", (OPS,), (Schedule("nightly", "stack.refresh", (), stacks=("web",), ping=Secret("https://p/1")),))


class Broken:
    """A call by a unit, whose inventory cannot be read; ``sent`` are the subjects and texts of notices."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, error: SkepError) -> None:
        self.error = error
        self.sent: list[tuple[str, str]] = []
        self.pinged: list[str] = []
        self.notes: list[str] = []
        self.tell = SimpleNamespace(note=self.notes.append, spelled=lambda text: text, done=self.notes.append)
        (folder / "given").mkdir()
        (folder / "given" / FILE).write_text(pack(LEFT).reveal())
        (folder / "given" / "env.TOKEN").write_text("hunter22")
        monkeypatch.setenv("SKEP_STATE", str(folder))
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder / "given"))
        monkeypatch.setattr(notices, "send", lambda _, subject, text, *__: self.sent.append((subject, text)))
        monkeypatch.setattr(notices, "post", lambda url, *_: self.pinged.append(url))

    @property
    def found(self) -> Any:
        raise self.error


def test_what_is_left_is_read_as_it_was_written() -> None:
    assert unpack(pack(LEFT).reveal()) == LEFT
    assert unpack("{}") is None and unpack("[") is None


def test_a_run_whose_inventory_is_broken_is_heard_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = InventoryError(["inventory/prod.yml:3: hosts.m1: hunter22 is no role"])
    call: Any = Broken(tmp_path, monkeypatch, error)
    for _ in range(2):
        with pytest.raises(InventoryError):
            runs.run(call, "nightly")
    [(subject, text)] = call.sent
    assert subject == "prod: schedule nightly failed"
    assert "stack.refresh web: the inventory has 1 error: inventory/prod.yml:3: hosts.m1: *** is no role" in text
    assert "next: see all of them: invoke inventory.check" in text
    assert call.pinged == ["https://p/1/fail"] * 2
    last = Kept(tmp_path, "nightly").last
    assert (last["result"], last["exit"]) == ("failed", 2), "schedule.ls has it, too"
    monkeypatch.setenv("MONITOR_INVOCATION_ID", str(last["invocation"]))
    assert runs.ended(call, "nightly") == 0 and len(call.sent) == 1


def test_who_calls_it_by_hand_hears_of_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call: Any = Broken(tmp_path, monkeypatch, UsageError("there is no inventory file"))
    monkeypatch.delenv("SKEP_STATE")
    with pytest.raises(UsageError):
        runs.run(call, "nightly")
    assert not call.sent and not call.pinged


def test_a_stop_breaks_off_no_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def stopped(notice: Notice, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        sent.append(notice.name)

    monkeypatch.setattr(notices, "send", stopped)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cluster = Cluster("prod", (), notices=(OPS, Notice("mail", webhook="https://example.com")))
        tell: Any = SimpleNamespace(note=pytest.fail, spelled=lambda text: text)
        Telling(tell, Kept(tmp_path, "nightly"), cluster, ONE, Redaction()).ended(ended(Doing(), StepFailed("no")))
        assert sent == ["ops", "mail"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
    finally:
        signal.signal(signal.SIGTERM, before)
    known = json.loads((tmp_path / "nightly.known").read_text())
    assert known["ops"] == known["mail"] == state(ended(Doing(), StepFailed("no")))


@pytest.mark.parametrize(("what", "held"), [("prune", True), ("cluster.backup", False)])
def test_a_freeze_holds_what_removes_and_never_a_backup(monkeypatch: pytest.MonkeyPatch, what: Any, held: bool) -> None:
    one, doing = Schedule("tidy", what, ("daily",)), Doing()
    requests: list[Request] = []

    def carried(_: object, request: Request, __: object) -> object:
        requests.append(request)
        return SimpleNamespace(steps=(), silent={}, undone=[Finding("warning", "left undone: frozen")] * request.heeds)

    monkeypatch.setattr(runs, "carry_out", carried)
    monkeypatch.setattr(runs, "_once", lambda site, _: site)
    runs._do(cast("Any", SimpleNamespace(tell=None)), cast("Site", None), one, doing)
    result = dict(runs._ended(one, datetime.now(UTC), doing, 0.0, None))
    assert (requests[0].heeds, result["result"]) == (held, "left undone" if held else "ok")
    if held:
        assert (result["text"], result["next"]) == (
            "1 left undone", "see what was left: invoke cluster.prune --safe --plan",
        )  # fmt: skip
