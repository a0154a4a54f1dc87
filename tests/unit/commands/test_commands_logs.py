"""``stack.logs``: many streams shown as one, what happens when they end, and when they are too many for one login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import skep.engine
from skep.commands.stack import logs
from skep.errors import ConnectError, StepFailed, UsageError
from skep.report import Reporter
from tests.unit.engine.stacks import NODES, service, task

DETAILS = "com.docker.swarm.node.id=m1,com.docker.swarm.task.id="


def line(second: int, text: str, task: str = "t1") -> bytes:
    reported = f"2025-06-01T12:00:{second:02d}.5Z {DETAILS}{task} {text}\n".encode()
    return b"\x01\x00\x00\x00" + len(reported).to_bytes(4, "big") + reported


class Swarm:
    """A manager, its services, and what each reading of a service's log gives: bytes, or what is raised."""

    host = "m1"

    def __init__(self, *names: str, **logs: list[list[Any]]) -> None:
        self.names, self.logs = list(names), logs
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.logins: list[str] = []
        self.looks, self.lost_at = 0, 1000

    def services(self, **_: Any) -> list[dict[str, Any]]:
        self.looks += 1
        if self.looks > self.lost_at:
            raise ConnectError("the engine cannot be asked", host="m1", cause="no answer in time")
        return [service(name) for name in self.names]

    def tasks(self, **_: Any) -> list[dict[str, Any]]:
        return [task(1, slot=1, of=service("web_app")), task(2, slot=1, of=service("web_db"))]

    def nodes(self) -> list[dict[str, Any]]:
        return list(NODES.values())

    def info(self) -> dict[str, Any]:
        return {"SystemTime": "2025-06-01T12:00:00Z"}

    def service_log(self, identity: str, query: dict[str, Any]) -> Iterator[bytes]:
        self.asked.append((identity, query))
        turns = self.logs.get(identity.removeprefix("id-"), [])
        for data in turns.pop(0) if turns else []:
            if isinstance(data, Exception):
                raise data
            yield data

    def close(self) -> None:
        pass

    def __getitem__(self, host: str) -> str:
        return host

    def another(self, host: str) -> str:
        self.logins.append(host)
        return host


class Recording(Reporter):
    def __init__(self, stop_after: int = 10_000) -> None:
        self.notes: list[str] = []
        self.lines: list[tuple[str, str]] = []
        self.stop_after = stop_after

    def note(self, text: str) -> None:
        self.notes.append(text)

    def log(self, line: Any, *, timestamps: bool = False, colour: bool = False) -> None:
        self.lines.append((line["task"], line["text"]))
        if len(self.lines) >= self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(logs, "NEWS", 0.05)

    def run(swarm: Swarm, tell: Recording, **options: Any) -> list[tuple[str, str]]:
        @contextmanager
        def manager(_: Any) -> Iterator[Swarm]:
            yield swarm

        monkeypatch.setattr(logs, "manager_client", manager)
        monkeypatch.setattr(skep.engine, "EngineClient", lambda _: swarm)
        logs.show(type("Site", (), {"pool": swarm})(), tell, name="web", **options)  # type: ignore[arg-type]
        return tell.lines

    return run


def test_all_services_are_reported_in_one_by_time(show: Any) -> None:
    swarm = Swarm("web_app", "web_db", web_app=[[line(1, "a"), line(3, "c")]], web_db=[[line(2, "b", "t2")]])
    assert show(swarm, Recording()) == [("web_app.1", "a"), ("web_db.1", "b"), ("web_app.1", "c")]


def refused(reasons: str) -> bytes:
    words = f"warning: incomplete log stream. some logs could not be retrieved for the following reasons: {reasons}"
    reported = f"Error grabbing logs: rpc error: code = Unknown desc = {words}\n".encode()
    return b"\x03\x00\x00\x00" + len(reported).to_bytes(4, "big") + reported


@pytest.mark.parametrize(
    ("reasons", "notes"),
    [
        ("task abc1 has not been scheduled", []),
        ("task abc1 has not been scheduled, task abc2 has not been scheduled", []),
        ("task abc1 has not been scheduled, node w1 is not available", ["node w1 is not available"]),
        (
            "node gone is not available, node w2 is not available",
            ["node gone is not available, node w2 is not available"],
        ),
    ],
)
def test_what_an_engine_says_of_its_own_is_a_note_reported_once(show: Any, reasons: str, notes: list[str]) -> None:
    tell = Recording()
    reported = show(Swarm("web_app", web_app=[[line(1, "a"), refused(reasons), line(2, "b"), refused(reasons)]]), tell)
    assert reported == [("web_app.1", "a"), ("web_app.1", "b")]
    assert tell.notes == [f"web_app: some output is missing: {note}" for note in notes]


@pytest.mark.parametrize("name", ["db", "web_db"])
def test_one_service_by_its_short_or_its_full_name(show: Any, name: str) -> None:
    swarm = Swarm("web_app", "web_db", web_app=[[line(1, "a")]], web_db=[[line(2, "b", "t2")]])
    assert show(swarm, Recording(), services=[name], since="1m", tail="7") == [("web_db.1", "b")]
    assert [(identity, query["tail"]) for identity, query in swarm.asked] == [("id-web_db", "7")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"services": ["dp"]}, "no service dp in stack web; there are: web_app"),
        ({"tail": "some"}, "--tail some is neither a number nor all"),
        ({"since": "yesterday"}, "--since yesterday is no time"),
    ],
)
def test_what_cannot_be_known(show: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        show(Swarm("web_app"), Recording(), **options)


def test_no_such_stack(show: Any) -> None:
    with pytest.raises(UsageError, match="there is no stack web in the swarm"):
        show(Swarm(), Recording())


def test_following_ends_with_ctrl_c_and_no_word(show: Any) -> None:
    swarm = Swarm("web_app", web_app=[[line(1, "a"), line(2, "b")]])
    assert show(swarm, Recording(stop_after=2), follow=True) == [("web_app.1", "a"), ("web_app.1", "b")]
    with pytest.raises(KeyboardInterrupt):
        show(Swarm("web_app", web_app=[[line(1, "a")]]), Recording(stop_after=1))


def test_a_stream_that_ends_while_following_is_opened_again_and_nothing_is_reported_twice(show: Any) -> None:
    first, second = [line(1, "a"), line(3, "c"), line(2, "late")], [line(3, "c"), line(4, "d")]
    swarm = Swarm("web_app", web_app=[first, second])
    assert [text for _, text in show(swarm, Recording(stop_after=4), follow=True)] == ["a", "late", "c", "d"]
    assert [query["tail"] for _, query in swarm.asked[:2]] == ["100", "all"]


def test_a_new_service_is_followed_from_its_first_line(show: Any) -> None:
    swarm = Swarm("web_app", web_app=[[line(1, "a")]], web_db=[[line(2, "b", "t2")]])
    tell = Recording(stop_after=2)
    reported = tell.log

    def grow(line: Any, *, timestamps: bool = False, colour: bool = False) -> None:
        swarm.names.append("web_db")
        reported(line)

    tell.log = grow  # type: ignore[method-assign]
    assert show(swarm, tell, follow=True) == [("web_app.1", "a"), ("web_db.1", "b")]


def test_a_manager_that_is_lost_while_following_is_named(show: Any) -> None:
    swarm = Swarm("web_app")
    swarm.lost_at = 2
    with pytest.raises(ConnectError) as failure:
        show(swarm, Recording(), follow=True)
    assert failure.value.lines()[:2] == ["m1: was lost", "  cause: no answer in time"]


def test_an_engines_own_word_is_reported_once_while_following(show: Any) -> None:
    refusal = StepFailed("the engine refused", cause="logs cannot be read")
    swarm = Swarm("web_app", web_app=[[refusal], [refusal], [refusal], [line(1, "a")]])
    tell = Recording(stop_after=1)
    assert show(swarm, tell, follow=True) == [("web_app.1", "a")]
    assert tell.notes == ["web_app: logs cannot be read"]
    with pytest.raises(StepFailed, match="the engine refused"):
        show(Swarm("web_app", web_app=[[refusal]]), Recording())


def test_who_stops_reading_is_no_lost_engine(show: Any) -> None:
    tell = Recording()

    def broken(line: Any, *, timestamps: bool = False, colour: bool = False) -> None:
        raise BrokenPipeError

    tell.log = broken  # type: ignore[method-assign]
    with pytest.raises(BrokenPipeError):
        show(Swarm("web_app", web_app=[[line(1, "a")]]), tell)


def test_more_streams_than_sshd_allows_on_one_login_take_another(show: Any) -> None:
    swarm = Swarm(*(f"web_{number}" for number in range(2 * logs.STREAMS + 1)))
    show(swarm, Recording())
    assert swarm.logins == ["m1", "m1"]
