"""Walking the graph: order, failures, stops, and nothing that hangs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from skep.apply import Event, Outcome, executor
from skep.apply.executor import Executor
from skep.errors import ConnectError, SkepError, StepFailed
from skep.plan import Plan, Run, Step
from skep.steps import StepId
from skep.waiting import until
from tests.steps import roles, step_id
from tests.unit.apply.engines import held


def edges(names: tuple[str, ...]) -> tuple[StepId, ...]:
    return tuple(map(step_id, names))


def step(id: str, *needs: str, after: tuple[str, ...] = ()) -> Run:
    host = id.partition("@")[2] or None
    return Run(id=step_id(id), host=host, title="t", cause="c", script="true", needs=edges(needs), after=edges(after))


class Performer:
    """Does what the table says for a step; notes who ran, and how many at once."""

    def __init__(self, **table: Any) -> None:
        self.table = table
        self.log: list[str] = []
        self.closed = 0
        self.stopped = threading.Event()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def perform(self, step: Step, say: Callable[[str], None]) -> None:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.log.append(step.id)
        try:
            act = self.table.get(step.id.partition("/")[2].partition("@")[0], lambda _: None)
            if isinstance(act, BaseException):
                raise act
            act(say)
        finally:
            with self._lock:
                self._running -= 1

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.closed += 1


def run(
    *steps: Run, tell: Callable[[Event], None] | None = None, width: int = 32, **table: Any
) -> tuple[Outcome, list[str], Performer]:
    """Outcome, events as text, performer."""
    events: list[str] = []
    performer = Performer(**table)

    def note(event: Event) -> None:
        events.append(f"{event.kind} {event.step.id}")
        if tell:
            tell(event)

    lease = held()
    runner = Executor(Plan(steps, roles("a", "b"), ["m1", "w1"]), performer, note, lease, width=width)  # type: ignore[arg-type]

    def lose(_: Any) -> None:
        """When all has begun that needs nothing else."""
        assert until(lambda: len(performer.log) >= sum(not step.needs for step in steps), seconds=60, every=0.01)
        lease.drop("m1")

    performer.table.setdefault("lose", lose)
    performer.table.setdefault("slow", lambda _: performer.stopped.wait(60))
    outcome = runner.run()
    assert performer.closed == 1
    return outcome, events, performer


def pause(_: Any) -> None:
    time.sleep(0.05)


def test_needs_and_after_are_honoured() -> None:
    outcome, events, _ = run(
        step("a/three@m1", "a/two@m1"), step("a/two@m1", after=("a/one@m1",)), step("a/one@m1"), one=pause, two=pause
    )
    assert outcome.clean
    assert outcome.done == ["a/one@m1", "a/two@m1", "a/three@m1"]
    assert events == [f"{kind} a/{name}@m1" for name in ("one", "two", "three") for kind in ("started", "done")]


def test_an_empty_plan_is_done() -> None:
    outcome, events, _ = run()
    assert outcome.clean
    assert events == []


def test_a_failure_skips_what_needs_it_and_nothing_else() -> None:
    outcome, _, performer = run(
        step("a/bad@m1"), step("a/next@m1", "a/bad@m1"), step("a/last@m1", "a/next@m1"),
        step("a/later@m1", after=("a/bad@m1", "a/next@m1")), step("a/other@w1"), step("b/far@w1", "a/other@w1"),
        bad=StepFailed("it broke", cause="no space"),
    )  # fmt: skip
    assert set(outcome.done) == {"a/later@m1", "a/other@w1", "b/far@w1"}
    assert outcome.skipped == {"a/next@m1": "a/bad@m1", "a/last@m1": "a/next@m1"}
    assert outcome.failed["a/bad@m1"].lines() == ["m1: a/bad: it broke", "  cause: no space"]
    assert "a/next@m1" not in performer.log
    assert not outcome.clean
    assert not outcome.interrupted


def test_the_host_an_error_names_stays() -> None:
    outcome, _, _ = run(step("a/bad@w1"), bad=ConnectError("gone", host="m1"))
    assert outcome.failed["a/bad@w1"].host == "m1"


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyError("Swarm")])
def test_the_unexpected_fails_its_step_alone(error: BaseException) -> None:
    outcome, _, _ = run(step("a/bad@m1"), step("a/good@m1"), bad=error)
    failure = outcome.failed["a/bad@m1"]
    assert isinstance(failure, StepFailed)
    assert failure.cause == f"{type(error).__name__}: {error}"
    assert outcome.done == ["a/good@m1"]


def test_so_many_at_once_and_no_more() -> None:
    steps = [step(f"a/s{number}@m1") for number in range(20)]
    together = threading.Barrier(4)
    table = {f"s{number}": lambda _: together.wait(60) for number in range(20)}
    outcome, _, performer = run(*steps, width=4, **table)
    assert len(outcome.done) == 20
    assert performer.most == 4


def test_progress_is_reported() -> None:
    _, events, _ = run(step("a/one@m1"), one=lambda say: say("half"))
    assert events == ["started a/one@m1", "progress a/one@m1", "done a/one@m1"]


def test_without_the_lock_nothing_more_starts() -> None:
    outcome, events, performer = run(
        step("a/lose@m1"), step("a/slow@m1"), step("a/next@m1", "a/lose@m1"), step("a/last@m1", "a/slow@m1"),
    )  # fmt: skip
    assert set(outcome.done) == {"a/lose@m1", "a/slow@m1"}
    assert outcome.skipped == {"a/next@m1": "the run was stopped", "a/last@m1": "the run was stopped"}
    assert outcome.lost
    assert not outcome.interrupted
    assert len(performer.log) == 2
    assert "stopping a/slow@m1" in events


def test_what_waits_ends_when_the_lock_is_lost() -> None:
    def lose(_: Any) -> None:
        assert until(lambda: "a/wait@w1" in performer.log, seconds=60, every=0.01)
        lease.drop("m1")

    lease, performer = held(), Performer(lose=lose)
    performer.table["wait"] = lambda _: performer.stopped.wait(60)
    runner = Executor(Plan([step("a/lose@m1"), step("a/wait@w1")], roles("a"), ["m1", "w1"]), performer, print, lease)  # type: ignore[arg-type]
    assert runner.run().lost
    assert performer.stopped.is_set()


def test_a_lock_that_is_lost_when_all_is_done_is_no_failure() -> None:
    outcome, _, _ = run(step("a/lose@m1"))
    assert outcome.clean


def interrupt_when(kind: str, id: str) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        if (event.kind, event.step.id) == (kind, id):
            raise KeyboardInterrupt

    return tell


def test_ctrl_c_lets_running_steps_end() -> None:
    outcome, events, _ = run(
        step("a/one@m1"), step("a/slow@m1"), step("a/next@m1", "a/slow@m1"),
        slow=lambda _: time.sleep(0.2), tell=interrupt_when("done", "a/one@m1"),
    )  # fmt: skip
    assert outcome.interrupted
    assert set(outcome.done) == {"a/one@m1", "a/slow@m1"}
    assert outcome.skipped == {"a/next@m1": "the run was stopped"}
    assert "done a/slow@m1" in events


def test_ctrl_c_waits_a_moment_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "GRACE", 0.1)
    ended = threading.Event()
    outcome, events, _ = run(
        step("a/one@m1"), step("a/slow@m1"), slow=lambda _: ended.wait(60), tell=interrupt_when("done", "a/one@m1")
    )
    ended.set()
    assert "was still running" in outcome.failed["a/slow@m1"].message
    assert "failed a/slow@m1" in events
    assert outcome.skipped == {}


def test_ctrl_c_twice_waits_no_longer() -> None:
    ended = threading.Event()
    sat_out = []

    def tell(event: Event) -> None:
        if event.kind == "done":
            raise KeyboardInterrupt

    outcome, _, _ = run(
        step("a/one@m1"),
        step("a/two@m1"),
        step("a/slow@m1"),
        two=pause,
        slow=lambda _: sat_out.append(ended.wait(60)),
        tell=tell,
    )
    assert not sat_out
    ended.set()
    assert outcome.interrupted
    assert set(outcome.failed) == {"a/slow@m1"}


def test_every_step_is_reported_whenever_ctrl_c_comes() -> None:
    for kind in ("started", "done", "skipped", "failed"):
        for name in ("one", "two", "three"):
            outcome, _, _ = run(
                step("a/one@m1"), step("a/two@m1"), step("a/three@m1", "a/two@m1"),
                two=StepFailed("no"), tell=interrupt_when(kind, f"a/{name}@m1"),
            )  # fmt: skip
            assert {*outcome.done, *outcome.failed, *outcome.skipped} == {"a/one@m1", "a/two@m1", "a/three@m1"}


def test_a_listener_that_fails_does_not_stop_the_run() -> None:
    def tell(event: Event) -> None:
        raise ZeroDivisionError(event.kind)

    ended: list[bool] = []
    steps = [step("a/one@m1"), step("a/slow@m1"), step("a/next@m1", "a/slow@m1")]
    performer = Performer(slow=lambda say: (say("on"), time.sleep(0.1), ended.append(True)))
    runner = Executor(Plan(steps, roles("a"), ["m1"]), performer, tell, held())  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError, match="started"):
        runner.run()
    assert runner.outcome.clean
    assert runner.outcome.done == ["a/one@m1", "a/slow@m1", "a/next@m1"]
    assert performer.closed == 1


WAITING = """
import threading, time, types
from skep.apply import executor
from skep.apply.executor import Executor
from skep.apply.perform import Performer
from skep.engine import CONDITIONS, Progress
from skep.plan import Plan, Wait
from contextlib import contextmanager
from tests.unit.apply.engines import held
from tests.steps import step_id, roles
executor.GRACE = 0.2
class Clients:
    @contextmanager
    def lend(self, host, step):
        yield types.SimpleNamespace()
    def close(self):
        pass
said = iter(["", "", "", "", ""])
CONDITIONS["never"] = lambda api: Progress(False, next(said, "not yet"))
lease = held()
performer = Performer(None, ["m1"], lease)
performer._managers.clients = Clients()
def tell(event):
    if event.kind == "progress":
        import _thread
        _thread.interrupt_main()
step = Wait(id=step_id("a/wait@m1"), host="m1", title="t", cause="c", condition="never", timeout=60)
outcome = Executor(Plan([step], roles("a"), ["m1"]), performer, tell, lease).run()
print(outcome.interrupted, list(outcome.failed))
"""


def test_the_process_ends_though_a_step_would_wait_on() -> None:
    done = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("True ['a/wait@m1']\n", "")


def test_skep_errors_are_what_failed_holds() -> None:
    outcome, _, _ = run(step("a/bad@m1"), bad=OSError("gone"))
    assert all(isinstance(error, SkepError) for error in outcome.failed.values())


def rolled(host: str) -> list[Run]:
    """Taking a host out of service for some work, and back."""
    return [
        replace(step(f"a/quorum@{host}")),
        replace(step(f"a/drain@{host}", f"a/quorum@{host}"), leaves=f"{host} is drained"),
        step(f"a/work@{host}", f"a/drain@{host}"),
        replace(step(f"a/return@{host}", f"a/work@{host}"), leaves=""),
        step(f"b/after@{host}", f"a/return@{host}"),
    ]


@pytest.mark.parametrize(
    ("failing", "state", "left"),
    [
        ("quorum", "w1 was not drained: it goes on as before", []),
        ("drain", "whether w1 is drained is not known; the same command finds out and goes on with it", []),
        ("work", "w1 is drained", ["w1 is drained"]),
        (
            "return",
            "whether w1 is drained is not known; the same command finds out and goes on with it",
            ["w1 is drained"],
        ),
        ("after", None, []),
    ],
)
def test_a_failure_says_how_the_node_stands(failing: str, state: str | None, left: list[str]) -> None:
    table: dict[str, Any] = {failing: StepFailed("no")}
    outcome, _, _ = run(*rolled("w1"), **table)
    [error] = outcome.failed.values()
    assert (error.state, outcome.left) == (state, left)
    assert error.lines()[1:] == ([f"  state: {state}"] if state else [])


def test_a_failure_where_nothing_is_drained_says_nothing_of_it() -> None:
    def fail(_: Any) -> None:
        raise StepFailed("no")

    outcome, _, _ = run(step("a/work@w1"), *rolled("w2"), work=fail)
    assert {name: error.state for name, error in outcome.failed.items()} == {
        "a/work@w1": None,
        "a/work@w2": "w2 is drained",
    }
