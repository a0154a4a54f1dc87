"""Which manager is asked: the first, and the next as well where one keeps us waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

import skep.engine
from skep.commands import first_answer
from skep.commands.listing import manager_client
from skep.converge import Site
from skep.errors import AccessError, ConnectError, HostKeyError, LoginError, StepFailed, SudoError
from skep.model import Cluster, Host
from skep.waiting import until

NAMES = ("m1", "m2", "m3")
WELL = {"ControlAvailable": True, "Error": ""}
REFUSED = ConnectError("cannot be reached", host="m1", cause="10.0.0.1 port 22: Connection refused")
TURN = first_answer.TURN
NEVER = 1000.0
"""Seconds after which those would answer that say nothing."""


class Managers:
    """What each says of its swarm, or raises; ``None`` says nothing until the test's end. Time passes only where all
    that were asked keep one waiting, each ``after`` so many seconds: as on a machine that loses none itself."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = dict.fromkeys(NAMES, WELL)
        self.after: dict[str, float] = {}
        self.asked: list[tuple[str, float]] = []
        self.notes: list[str] = []
        self.closed = 0
        self.now = 0.0
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._may_answer = {name: threading.Event() for name in NAMES}

    @contextmanager
    def lend(self, host: str, step: str) -> Iterator[Any]:
        if host not in self.names:
            self.asked.append((host, self.now))
        assert self._may_answer[host].wait(600)
        says = self.says[host]
        if isinstance(says, Exception):
            raise says
        yield Api(host, says)

    def put(self, answer: Any) -> None:
        self._answers.put(answer)

    def get(self, timeout: float) -> Any:
        """In place of a queue's: the next answer at its time, which may lie beyond the timeout."""
        asking = {thread.name.removeprefix("ask ") for thread in threading.enumerate()}.intersection
        assert until(lambda: asking(NAMES) <= {*self.names}, seconds=60, every=0.01)
        left = {name: since + self._seconds(name) for name, since in self.asked if not self._may_answer[name].is_set()}
        first = min(left, key=lambda name: left[name], default="")
        if not first or left[first] > self.now + timeout:
            self.now += timeout
            raise queue.Empty
        self.now = left[first]
        self._may_answer[first].set()
        return self._answers.get(timeout=60)

    def _seconds(self, host: str) -> float:
        return NEVER if self.says[host] is None else self.after.get(host, 0.0)

    @property
    def names(self) -> list[str]:
        """Who was asked, in order."""
        return [name for name, _ in self.asked]

    def close(self) -> None:
        self.closed += 1

    def ask(self) -> str:
        hosts = tuple(Host(name, "10.0.0.1", "manager") for name in NAMES)
        site = Site(Cluster("test", hosts), None, [], [], note=self.notes.append)  # type: ignore[arg-type]
        with manager_client(site) as api:
            return str(api.host)

    def end(self) -> None:
        """Who says nothing says it now."""
        for event in self._may_answer.values():
            event.set()


class Api:
    def __init__(self, host: str, says: Any) -> None:
        self.host, self.says = host, says

    def info(self) -> Any:
        return {"Swarm": self.says}


@pytest.fixture
def managers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Managers]:
    made = Managers()
    monkeypatch.setattr(skep.engine, "Clients", lambda pool: made)
    monkeypatch.setattr(first_answer, "PATIENCE", TURN)
    monkeypatch.setattr(first_answer, "queue", SimpleNamespace(SimpleQueue=lambda: made, Empty=queue.Empty))
    yield made
    made.end()


def test_only_the_first_is_asked_where_it_answers(managers: Managers) -> None:
    assert managers.ask() == "m1"
    assert (managers.names, managers.notes, managers.closed, managers.now) == (["m1"], [], 1, 0)


def test_where_the_first_is_silent_the_next_is_asked_as_well(managers: Managers) -> None:
    managers.says["m1"] = None
    assert managers.ask() == "m2"
    assert managers.names == ["m1", "m2"]
    assert managers.asked[1][1] == managers.now == TURN
    assert managers.notes == ["m1 does not answer; asked m2"]


def test_one_more_a_turn(managers: Managers) -> None:
    managers.says |= {"m1": None, "m2": None}
    assert managers.ask() == "m3"
    assert managers.asked[2][1] == managers.now == 2 * TURN
    assert managers.notes == ["m1 and m2 do not answer; asked m3"]


def test_the_first_is_used_where_it_answers_before_the_next(managers: Managers) -> None:
    managers.after = {"m1": 1.5 * TURN, "m2": 20}
    assert managers.ask() == "m1"
    assert (managers.names, managers.notes) == (["m1", "m2"], [])


@pytest.mark.parametrize(
    ("says", "note"),
    [
        (REFUSED, "m1: cannot be reached: 10.0.0.1 port 22: Connection refused; asked m2"),
        (StepFailed("the engine refused", host="m1"), "m1: the engine refused; asked m2"),
        ({"ControlAvailable": False}, "m1: is no manager of a swarm; asked m2"),
        ({"ControlAvailable": True, "Error": "no leader"}, "m1: no leader; asked m2"),
    ],
)
def test_one_that_cannot_tell_is_not_waited_for(managers: Managers, says: Any, note: str) -> None:
    managers.says["m1"] = says
    assert managers.ask() == "m2"
    assert managers.now == 0
    assert managers.notes == [note]


def test_a_silent_one_and_one_that_cannot_tell(managers: Managers) -> None:
    managers.says |= {"m1": None, "m2": {"ControlAvailable": False}}
    assert managers.ask() == "m3"
    assert managers.now == TURN
    assert managers.notes == ["m1 does not answer; m2: is no manager of a swarm; asked m3"]


def test_nobody_can_tell(managers: Managers) -> None:
    managers.says = dict.fromkeys(NAMES, REFUSED) | {"m2": {"ControlAvailable": False}}
    managers.after["m1"] = 1.5 * TURN
    with pytest.raises(ConnectError, match="no manager of a swarm could be asked") as failure:
        managers.ask()
    refused = "cannot be reached: 10.0.0.1 port 22: Connection refused"
    assert failure.value.cause == f"m1, m3: {refused}; m2: is no manager of a swarm"
    assert failure.value.next_action == "bring m1, m3 back and run the same command again"
    assert managers.closed == 1


@pytest.mark.parametrize("others", [REFUSED, {"ControlAvailable": True, "Error": "no leader"}])
def test_a_lost_quorum_is_named_before_hosts_that_do_not_answer(managers: Managers, others: Any) -> None:
    managers.says = {"m1": {"ControlAvailable": True, "Error": "no leader"}, "m2": others, "m3": others}
    with pytest.raises(ConnectError, match="no manager can be asked: the swarm has no quorum") as failure:
        managers.ask()
    assert "no leader" in str(failure.value.cause)
    assert failure.value.next_action == "what to do: invoke cluster.plan"


def test_that_there_is_no_swarm_is_known_only_where_all_have_answered(managers: Managers) -> None:
    managers.says = {name: {"ControlAvailable": False} for name in NAMES}
    with pytest.raises(ConnectError, match="no manager of a swarm answers") as failure:
        managers.ask()
    assert failure.value.next_action == "if there is none yet: invoke cluster.up"


@pytest.mark.parametrize("kind", [LoginError, SudoError, HostKeyError, AccessError])
def test_a_wrong_way_in_is_reported_as_such(managers: Managers, kind: type[AccessError]) -> None:
    managers.says = dict.fromkeys(NAMES, kind("is wrong", cause="so", next_action="do this")) | {"m1": REFUSED}
    with pytest.raises(kind, match="no manager of a swarm could be asked") as failure:
        managers.ask()
    assert str(failure.value.cause).endswith("; m2, m3: is wrong: so")
    assert failure.value.next_action == "do this"


def test_who_is_waited_for_is_reported_where_nobody_is_left_to_ask(managers: Managers) -> None:
    managers.after = dict.fromkeys(NAMES, 3.5 * TURN)
    assert managers.ask() == "m1"
    assert managers.notes[0] == "waiting for m1, m2, m3"


def test_what_is_no_answer_at_all_is_raised(managers: Managers) -> None:
    managers.says["m1"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        managers.ask()


def test_what_fails_while_the_answer_is_used_is_no_refusal(managers: Managers) -> None:
    def use() -> None:
        site = Site(Cluster("test", (Host("m1", "10.0.0.1", "manager"),)), None, [], [])  # type: ignore[arg-type]
        with manager_client(site):
            raise REFUSED

    with pytest.raises(ConnectError, match="cannot be reached"):
        use()


def test_nothing_is_left_behind_that_holds_up_the_end(managers: Managers, capfd: pytest.CaptureFixture[str]) -> None:
    managers.says["m1"] = None
    managers.ask()
    asking = [thread for thread in threading.enumerate() if thread.name == "ask m1"]
    assert [thread.daemon for thread in asking] == [True]
    managers.says["m1"] = ZeroDivisionError()
    managers.end()
    asking[0].join(60)
    assert capfd.readouterr() == ("", "")
