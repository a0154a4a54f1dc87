"""What the managers keep, where some of them or all cannot be asked."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from skep.apply import Event
from skep.commands.cluster import changes, status
from skep.converge import Site
from skep.errors import ConnectError, LockLost, StepFailed, UsageError
from skep.history import Recorder
from skep.holder import me
from skep.model import Cluster, Host, Network
from skep.observe import Observation
from skep.plan import Plan, Run
from skep.preflight import Facts
from skep.reading.wording import suggested
from skep.report import Reporter
from skep.runs import loop
from tests.steps import step_id
from tests.unit.lock.shells import ShellPool

NAMES = ("m1", "m2", "m3")


class Recording(Reporter):
    """What was said, and how it ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def done(self, text: str) -> None:
        self.lines.append(f"done: {text}")

    def table(self, name: str, columns: Any, rows: Any, *_: Any, **__: Any) -> None:
        self.lines.append(f"{name}: {len(rows)}")


@pytest.fixture
def tell() -> Recording:
    return Recording()


@pytest.fixture
def site(tmp_path: Path, tell: Recording) -> Callable[..., Site]:
    """Three managers; ``silent`` cannot be reached, ``locked`` have somebody's lock."""

    def make(*, silent: str = "", locked: str = "") -> Site:
        pool: Any = ShellPool(tmp_path, *NAMES)
        for name in locked.split():
            pool[name].folder.mkdir()
            pool[name].file("lock").write_text(json.dumps(asdict(me("cluster.up"))) + "\n")
        for name in silent.split():
            pool[name].down = True
        hosts = tuple(Host(name, f"10.0.0.{place}", "manager") for place, name in enumerate(NAMES, 1))
        return Site(Cluster("prod", hosts), pool, [], [], tell.say)

    return make


def test_nobody_who_could_be_asked_is_no_lock_that_is_not_there(site: Callable[..., Site], tell: Recording) -> None:
    for act in (
        lambda here: status.unlock(here, tell, yes=True),
        lambda here: status.show_history(here, tell, last=9),
    ):
        with pytest.raises(ConnectError, match=r"no manager could be asked for the (lock|history)") as failure:
            act(site(silent="m1 m2 m3"))
        assert failure.value.cause == "m1, m2, m3: cannot be reached: no answer in time"
        assert failure.value.next_action
    assert tell.lines == []


@pytest.mark.parametrize(
    ("silent", "locked", "lines"),
    [
        ("", "", ["done: not locked"]),
        ("m3", "", ["not asked: m3: cannot be reached: no answer in time", "done: not locked"]),
        ("", "m1 m2 m3", ["locked by", "done: unlocked on m1, m2, m3"]),
        (
            "m3",
            "m1 m2 m3",
            ["not asked: m3: cannot be reached: no answer in time", "locked by", "done: unlocked on m1, m2"],
        ),
    ],
)
def test_a_lock_is_removed_where_a_majority_is_asked(
    site: Callable[..., Site], tell: Recording, silent: str, locked: str, lines: list[str]
) -> None:
    status.unlock(site(silent=silent, locked=locked), tell, yes=True)
    assert [line if not line.startswith("locked by") else "locked by" for line in tell.lines] == lines


@pytest.mark.parametrize(("locked", "done"), [("", ""), ("m1 m2 m3", "unlocked on m1; ")])
def test_a_lock_that_may_stay_on_a_majority_is_reported(
    site: Callable[..., Site], tell: Recording, locked: str, done: str
) -> None:
    with pytest.raises(ConnectError) as failure:
        status.unlock(site(silent="m2 m3", locked=locked), tell, yes=True)
    assert failure.value.message == f"{done}a lock may be left on m2, m3: a majority of the managers"
    assert tell.lines[0] == "not asked: m2, m3: cannot be reached: no answer in time"
    assert not any(line.startswith("done") for line in tell.lines)


def test_history_of_one_manager_is_enough_and_the_others_are_named(site: Callable[..., Site], tell: Recording) -> None:
    here = site(silent="m1 m3")
    Recorder(here.pool, ["m2"], me("cluster.up")).end("done")
    status.show_history(here, tell, last=9)
    assert tell.lines == ["not asked: m1, m3: cannot be reached: no answer in time", "history: 2"]


def test_history_reports_errors_and_times_with_their_zone(
    site: Callable[..., Site], tell: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[dict[str, Any]] = []
    monkeypatch.setattr(
        tell,
        "table",
        lambda _, columns, rows, **__: reported.extend(dict(zip(columns, row, strict=True)) for row in rows),
    )
    here, step = site(), Run(id=step_id("a/x@m1"), host="m1", title="restart", cause="c", script="true")
    recorder = Recorder(here.pool, ["m1", "m2"], me("cluster.up"))
    recorder.note(Event("failed", step, str(StepFailed("ended with status 1", cause="no space"))))
    recorder.end("lock lost", LockLost("the cluster lock was lost to eve"))
    status.show_history(here, tell, last=9)
    assert [row["error"] for row in reported] == [
        "", "ended with status 1 cause: no space", "the cluster lock was lost to eve",
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["time"]) for row in reported)


HOSTS = (
    Host("m1", "10.0.0.1", "manager", groups=("north",)),
    Host("w1", "10.0.0.2", "worker", groups=("north", "fast")),
    Host("w2", "10.0.0.3", "worker"),
)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, tell: Recording, tmp_path: Path) -> Callable[[str | None], str]:
    """What a plan of three hosts with nothing to do ends with, given a limit."""
    names = [host.name for host in HOSTS]
    site = Site(Cluster("prod", HOSTS), ShellPool(tmp_path, *names), [], [])  # type: ignore[arg-type]
    seen = Observation({}, {name: Facts(hostname=f"{name}-host") for name in names}, {})
    monkeypatch.setattr(loop, "see", lambda *_, **__: tell.say("looked") or seen)
    monkeypatch.setattr(loop, "plan", lambda *_, **__: Plan([], [], names))

    def run(limit: str | None) -> str:
        tell.lines.clear()
        request = changes.requested(site, "cluster.plan", limit=limit)
        assert changes.show_plan(site, tell, request, exit_code=True) == 0
        return tell.lines[-1].partition(" (")[0]

    return run


def test_verify_says_that_it_verifies_and_what(
    site: Callable[..., Site], tell: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skep.verify.run", lambda *_, **__: tell.say("checks run") or [])
    changes.verify(site(), tell, {"engine": tmp_path, "swarm": tmp_path}, limit=None, junit=None)
    assert tell.lines[:2] == ["verifying engine, swarm on 3 hosts", "checks run"]
    assert tell.lines[2].startswith("verified: ")


def test_a_limit_names_hosts_and_groups(planned: Callable[[str | None], str]) -> None:
    assert planned(None).startswith("done: prod: 3 hosts ")
    for limit, count in {
        "w1": "1 host",
        "m1,w2": "2 hosts",
        "north": "2 hosts",
        "fast,w2": "2 hosts",
        "w1-host,m1": "2 hosts",
    }.items():
        assert planned(limit).startswith(f"done: prod: {count} of --limit {limit} ")
    assert planned(" fast ,w2,") == planned("fast,w2")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (",", "--limit ,: no host or group of that name"),
        (" ", "--limit  : no host or group of that name"),
        ("", "--limit '': no host or group of that name"),
        ("m1,norht", f"--limit norht: no host or group of that name{suggested('north')}"),
    ],
)
def test_a_limit_that_names_nothing_is_refused(
    planned: Callable[[str | None], str], tell: Recording, limit: str, message: str
) -> None:
    with pytest.raises(UsageError) as failure:
        planned(limit)
    assert failure.value.message == message
    assert failure.value.next_action == "hosts and groups are: m1, w1, w2, north, fast"
    assert tell.lines == ([] if "norht" not in limit else ["looked"])


def test_a_limit_without_commas_is_refused_before_any_host_is_asked(
    planned: Callable[[str | None], str], tell: Recording
) -> None:
    with pytest.raises(UsageError, match="--limit 'm1 w1, north': names are separated by commas") as failure:
        planned("m1 w1, north")
    assert (failure.value.next_action, tell.lines) == ("--limit m1,w1,north", [])


def test_a_network_that_may_be_replaced_is_one_of_the_inventory(site: Callable[..., Site]) -> None:
    here = site()
    known = replace(here, cluster=replace(here.cluster, networks=(Network("front"), Network("back"))))
    request = changes.requested(known, "cluster.up", replace_network="front, back")
    assert request.replace_networks == {"front", "back"}
    with pytest.raises(UsageError) as failure:
        changes.requested(known, "cluster.up", replace_network="fornt")
    assert failure.value.message.startswith("--replace-network fornt: ")
    assert failure.value.message.endswith(suggested("front"))
    assert failure.value.next_action == "its networks are: back, front"


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Path]:
    """An inventory of three managers on a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        hosts = "".join(f"  m{n}: {{address: 127.0.0.{n}, role: manager}}\n" for n in (1, 2, 3))
        path = tmp_path / "some.yml"
        path.write_text(
            f"ssh: {{user: root, agent: false, retries: 0, port: {taken.getsockname()[1]}}}\nhosts:\n{hosts}"
        )
        yield path


@pytest.mark.parametrize("words", [["cluster.unlock", "--yes"], ["cluster.history"], ["node.ls"], ["stack.ls"]])
def test_a_process_that_reaches_no_manager_ends_with_3(refusing: Path, words: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "invoke", *words, "-i", str(refusing)],
        env={**os.environ, "HOME": str(refusing.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (3, "")
    assert all(f"{name}: " in ended.stderr for name in NAMES)
    assert "  next:  " in ended.stderr
