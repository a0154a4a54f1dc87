"""What was done, written to hosts that are folders and read back."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from skep import history
from skep.apply import Event
from skep.errors import StepFailed
from skep.history import Recorder, merge
from skep.lock.cluster_lock import ClusterLock, me
from skep.plan import Run
from tests.steps import step_id
from tests.unit.lock.shells import ShellPool

STEP = Run(id=step_id("engine/install@m1"), host="m1", title="it's $HOME `x` é\n", cause="none → 26.1", script="true")


@pytest.fixture
def pool(tmp_path: Path) -> ShellPool:
    return ShellPool(tmp_path, "m1", "m2", "m3")


def record(pool: Any) -> Recorder:
    return Recorder(pool, pool.hosts, me("cluster.up"))


def entries(pool: Any, last: int = 50) -> list[dict[str, Any]]:
    return history.read(pool, pool.hosts, last)[0]


def test_only_root_may_look_into_what_is_kept(pool: ShellPool) -> None:
    for session in pool.sessions.values():
        session.folder.mkdir(mode=0o755)
    recorder = record(pool)
    with ClusterLock(pool, pool.hosts, "cluster.up"):  # type: ignore[arg-type]
        recorder.end("done")
        for session in pool.sessions.values():
            modes = {path.name: oct(path.stat().st_mode & 0o777) for path in session.folder.iterdir()}
            assert modes == dict.fromkeys(("lock", "lock.guard", "fence", "history.jsonl"), "0o600")
            assert oct(session.folder.stat().st_mode & 0o777) == "0o700"


def test_a_run_is_reported_with_the_commit_it_came_from(pool: ShellPool) -> None:
    Recorder(pool, pool.hosts, me("cluster.up"), "0123abcd-dirty").end("done")  # type: ignore[arg-type]
    assert [entry.get("commit") for entry in entries(pool)] == ["0123abcd-dirty", None]


def test_a_run_is_reported_with_its_steps(pool: ShellPool) -> None:
    recorder = record(pool)
    for kind in ("started", "progress", "done"):
        recorder.note(Event(kind, STEP, seconds=1.23456))  # type: ignore[arg-type]
    recorder.note(Event("failed", STEP, str(StepFailed("ended", cause="two\nlines"))))
    recorder.end("failed")
    found = entries(pool)
    assert [(entry["kind"], entry["event"]) for entry in found] == [
        ("run", "started"), ("step", "done"), ("step", "failed"), ("run", "failed"),
    ]  # fmt: skip
    assert found[1]["title"] == STEP.title
    assert (found[1]["host"], found[1]["seconds"], found[1]["cause"]) == ("m1", 1.235, "none → 26.1")
    assert found[2]["error"] == "ended\n  cause: two\n         lines"
    assert len({entry["run"] for entry in found}) == 1
    assert found[0]["what"] == found[3]["what"] == "cluster.up"


def test_each_manager_has_it_all_and_one_is_enough(pool: ShellPool) -> None:
    pool["m2"].down = True
    recorder = record(pool)
    recorder.send()
    recorder.end("done")
    pool["m2"].down, pool["m1"].down = False, True
    assert [entry["event"] for entry in entries(pool)] == ["started", "done"]
    pool["m3"].down = True
    found, silent = history.read(pool, pool.hosts, 50)  # type: ignore[arg-type]
    assert (found, list(silent)) == ([], ["m1", "m3"])


def test_nothing_new_is_not_sent(pool: ShellPool) -> None:
    recorder = record(pool)
    recorder.send()
    sent = len(pool["m1"].scripts)
    recorder.send()
    assert len(pool["m1"].scripts) == sent


def test_no_line_is_lost_between_noting_and_sending(pool: ShellPool) -> None:
    recorder = record(pool)
    done = threading.Event()

    def send() -> None:
        while not done.is_set():
            recorder.send()

    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(300):
        recorder.note(Event("done", STEP))
    done.set()
    thread.join()
    recorder.end("done")
    assert len(pool["m1"].file("history.jsonl").read_text().splitlines()) == 302


def test_old_lines_are_cut_on_the_host(pool: ShellPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEEP", 3)
    file = pool["m1"].file("history.jsonl")
    counts = []
    for _ in range(5):
        record(pool).end("done")
        counts.append(len(file.read_text().splitlines()))
    assert counts == [2, 4, 6, 3, 5]


def test_only_the_last_are_read(pool: ShellPool) -> None:
    for _ in range(4):
        record(pool).end("done")
    assert len(entries(pool, 3)) == 3
    assert entries(pool, 3) == entries(pool)[-3:]


def line(time: str, **more: Any) -> str:
    return json.dumps({"time": time, **more})


def test_lines_of_several_managers_are_merged_each_once() -> None:
    first, second, third = line("2024-01-01"), line("2024-01-02"), line("2024-01-03")
    found = merge([f"{first}\n{third}\n", f"{second}\n{third}\n", ""])
    assert [entry["time"] for entry in found] == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_lines_of_the_same_moment_keep_their_order() -> None:
    lines = [line("2024-01-01", event=str(number)) for number in range(50)]
    assert [entry["event"] for entry in merge(["\n".join(lines)])] == [str(number) for number in range(50)]


def test_broken_lines_are_left_out() -> None:
    assert merge(['{"time": "2024', "[]", "null", "3", '{"run": 1}', line("2024-01-01")]) == [{"time": "2024-01-01"}]
