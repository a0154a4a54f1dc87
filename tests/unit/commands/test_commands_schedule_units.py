"""``schedule.apply``, ``pause`` and ``rm``, with what systemd has."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skep.commands.schedule import on_hosts, on_this_machine
from skep.errors import ConnectError, StepFailed, UsageError
from skep.model import Cluster, Schedule
from skep.schedules.fallback import FILE, Left, pack
from skep.schedules.role import State, Timer
from skep.schedules.state import Kept
from skep.schedules.timers import Setting, units
from skep.waiting import until

DRIFT, NIGHTLY = Schedule("drift", "drift", ("hourly",)), Schedule("nightly", "stack.refresh", ("03:30",))


class World:
    """A call, and a systemd that has what it is said to have."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.setting = Setting("prod", "/srv", "/srv/inventory/prod.yml", ("inv",), state=str(folder / "state"))
        self.said: list[str] = []
        self.have = State()
        self.cluster = Cluster("prod", (), schedules=(DRIFT, NIGHTLY), metrics=str(folder))
        self.file = folder / "skep-prod.prom"
        monkeypatch.setenv("SKEP_STATE", self.setting.folder)
        monkeypatch.setattr(on_this_machine, "setting", lambda *_: self.setting)
        monkeypatch.setattr(on_this_machine, "_observed", lambda _: self.have)
        monkeypatch.setattr(on_this_machine, "_sh", self._carried_out)

    @property
    def call(self) -> Any:
        tell = SimpleNamespace(
            done=self.said.append, note=self.said.append, plan=lambda *_, **__: None, busy=self._busy
        )
        found = SimpleNamespace(cluster=self.cluster, references=())
        return SimpleNamespace(found=found, tell=tell, asking=SimpleNamespace(only_shown=False, yes=True))

    def _busy(self, text: str) -> Any:
        self.said.append(text)
        return nullcontext()

    def kept(self, name: str) -> Kept:
        return Kept(Path(self.setting.folder), name)

    def installed(self, *schedules: Schedule) -> State:
        import hashlib

        texts = {name: text for made in units(self.setting, schedules, 252).values() for name, text in made.items()}
        digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
        timers = {one.name: Timer("active", "enabled") for one in schedules}
        left = pack(Left("prod", (), schedules, self.cluster.metrics)).reveal()
        given = {FILE: hashlib.sha256(left.encode()).hexdigest()}
        return State(systemd=252, owned=tuple(texts), units=digests, timers=timers, credentials=given)

    def _carried_out(self, *_: object) -> tuple[int, str, str]:
        self.have = self.installed(*self.cluster.schedules)
        return 0, "", ""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_schedule_is_paused_where_it_is_installed(world: World) -> None:
    world.have = world.installed(DRIFT)
    on_this_machine.pause(world.call, "drift", resume=False)
    assert world.kept("drift").paused
    on_this_machine.pause(world.call, "drift", resume=True)
    assert not world.kept("drift").paused


@pytest.mark.parametrize("resume", [False, True])
def test_a_pause_that_would_stop_nothing_is_refused(world: World, resume: bool) -> None:
    world.have = world.installed(DRIFT)
    with pytest.raises(UsageError, match="nightly is not installed for") as refused:
        on_this_machine.pause(world.call, "nightly", resume=resume)
    assert "that called schedule.apply" in str(refused.value.next_action)
    assert not world.said and not world.kept("nightly").paused


def test_metrics_of_schedules_that_are_gone_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.have = world.installed(DRIFT, NIGHTLY)
    for name in ("drift", "nightly"):
        world.kept(name).end({"schedule": name, "result": "ok"})
    world.file.write_text("of both")
    world.cluster = replace(world.cluster, schedules=(DRIFT,))
    on_this_machine.apply(world.call)
    assert "drift" in world.file.read_text() and "nightly" not in world.file.read_text()

    monkeypatch.setattr(on_this_machine, "_sh", lambda *_: setattr(world, "have", State(systemd=252)) or (0, "", ""))
    on_this_machine.remove(world.call)
    assert not world.file.exists() and world.said[-1] == "prod: its schedules are gone"


GOES_ON = "a run goes on: skep-prod-drift.service"


def test_what_goes_waits_for_its_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.have, tries = world.installed(DRIFT), iter((75, 75, 0))

    def tried(*_: object) -> tuple[int, str, str]:
        status = next(tries)
        world.have = world.have if status else State(systemd=252)
        return status, "", GOES_ON if status else ""

    monkeypatch.setattr(on_this_machine, "_sh", tried)
    monkeypatch.setattr(on_this_machine, "until", partial(until, pause=lambda _: None))
    on_this_machine.remove(world.call)
    assert world.said == [GOES_ON, "prod: its schedules are gone"]


def test_a_run_that_goes_on_and_on_is_named_with_what_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.have = world.installed(DRIFT)
    monkeypatch.setattr(on_this_machine, "_sh", lambda *_: (75, "", GOES_ON))
    monkeypatch.setattr(on_this_machine, "until", lambda *_, **__: None)
    with pytest.raises(StepFailed) as failed:
        on_this_machine.remove(world.call)
    assert failed.value.cause == f"after 11m {GOES_ON}"
    assert "systemctl stop skep-prod-drift.service; then" in str(failed.value.next_action)


def test_a_list_has_all_though_a_host_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = []
    away = replace(NIGHTLY, name="away", at="m1")
    world.have, world.cluster = world.installed(DRIFT), replace(world.cluster, schedules=(DRIFT, NIGHTLY, away))
    call = world.call
    call.tell.table = lambda _, __, given, **___: rows.extend(given)
    looked = on_hosts.Looked(silent={"m1": ConnectError("no route")})
    monkeypatch.setattr(on_hosts, "states", lambda _: looked)
    with pytest.raises(ConnectError, match="m1 could not be asked"):
        on_this_machine.show(call)
    assert [(row[0], row[5], row[-1]) for row in rows] == [
        ("drift", "never ran", "as described"), ("nightly", "never ran", "not installed"), ("away", "", "not checked"),
    ]  # fmt: skip


def test_a_list_without_systemd_says_so(world: World) -> None:
    call = world.call
    call.tell.table = lambda *_, **__: None
    on_this_machine.show(call)
    assert world.said == [
        "this machine does not run systemd, whose timers start schedules: run schedule.apply on a machine that does"
    ]
