"""Who keeps a request waiting: looked at beside it, named, and cut where it stays silent."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from skep import questions
from skep.engine import overdue
from skep.engine.overdue import Overdue, sign_of_life
from skep.errors import ConnectError, EngineSilent
from skep.ssh import Result


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "LATE", 0.02)
    monkeypatch.setattr(overdue, "FRESH", 0.0)


class Host:
    """A session that prints one thing, or cannot be had."""

    def __init__(self, host: str, said: str | Exception) -> None:
        self.host, self.said = host, said
        self.took, self.reach = 0.0, 0.0

    def quick(self, seconds: float) -> Host:
        self.reach = seconds
        return self

    def run(self, script: str, *, timeout: float) -> Result:
        assert script == questions.SIGN
        if isinstance(self.said, Exception):
            raise self.said
        return Result(0, self.said, "")

    def close(self) -> None:
        pass


class Hosts(dict[str, Host]):
    def map(self, work: Any, names: Any) -> dict[str, Any]:
        found = {}
        for name in names:
            try:
                found[name] = work(self[name])
            except ConnectError as error:
                found[name] = error
        return found


class Request:
    """One that waits until it is cut, or until something was reported."""

    host = "m1"

    def __init__(self) -> None:
        self.over = threading.Event()
        self.notes: list[str] = []

    def cut(self) -> None:
        self.over.set()

    def say(self, text: str) -> None:
        self.notes.append(text)

    def wait(self) -> None:
        assert self.over.wait(30)
        raise OSError("the connection was cut")


def made(request: Request, **said: str | Exception) -> Overdue:
    hosts: Any = Hosts({name: Host(name, word) for name, word in said.items()})
    return Overdue(hosts, list(said), lambda: request.say)


GONE = ConnectError("cannot be reached", host="m2", cause="no answer in time")


def test_an_engine_that_stays_silent_is_named_and_not_waited_for_any_longer() -> None:
    request = Request()
    here = made(request, m1="silent T (stopped)\n", m2="")
    with pytest.raises(EngineSilent) as failure, here.watched(request):
        request.wait()
    assert failure.value.host == "m1"
    assert failure.value.reason == "the engine runs and does not answer; its process: T (stopped)"
    assert "journalctl -u docker" in str(failure.value.next_action)
    reported = "m1 has given no answer for 0.02 s; m1: the engine runs and does not answer; its process: T (stopped)"
    assert request.notes == [reported]
    assert here.was_silent("m1")
    assert not here.was_silent("m2")


def test_a_manager_that_waits_for_another_is_waited_for_and_the_other_is_named() -> None:
    request = Request()
    with made(request, m1="", m2=GONE).watched(request):
        while not request.notes:
            assert not request.over.wait(0.05)
    assert request.notes == ["m1 has given no answer for 0.02 s; m2: cannot be reached: no answer in time"]
    assert not request.over.is_set()


def test_one_that_is_only_slow_is_left_alone() -> None:
    request = Request()
    with made(request, m1="", m2="").watched(request):
        while not request.notes:
            assert not request.over.wait(0.05)
        assert not request.over.wait(0.2)
    assert request.notes == ["m1 has given no answer for 0.02 s, though all managers and their engines live"]


def test_an_answer_in_time_costs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "LATE", 60.0)
    request = Request()
    with made(request, m1=AssertionError("nobody is to look")).watched(request):
        pass
    assert request.notes == []


@pytest.mark.parametrize(
    ("said", "expected"), [("off\n", "its engine does not run"), ("silent S (sleeping)", questions.DUMB), ("", "")]
)
def test_what_a_sign_of_life_says(said: str, expected: str) -> None:
    if not expected:
        sign_of_life(Host("m1", said))  # type: ignore[arg-type]
        return
    with pytest.raises(EngineSilent, match=expected):
        sign_of_life(Host("m1", said))  # type: ignore[arg-type]


@pytest.mark.parametrize(("took", "reach"), [(0.1, overdue.REACH), (6.0, 24.0)])
def test_a_look_is_as_patient_as_the_host_is_slow(took: float, reach: float) -> None:
    host = Host("m1", "")
    host.took = took
    sign_of_life(host)  # type: ignore[arg-type]
    assert host.reach == reach
