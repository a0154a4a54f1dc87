"""How long services are waited for that are to have all their tasks, where a host can start none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skep.engine.conditions import watch
from skep.engine.progress import Progress
from skep.engine.settling import IN_VAIN, REFUSED, SettledWatch
from skep.errors import StepFailed
from tests.unit.engine.test_engine_moving import node, service, task

NO_RUNTIME = "starting container failed: runc did not terminate successfully"


class Looks:
    """A service of two tasks, of which one runs; each look comes ten seconds after the one before."""

    def __init__(self, fake: Any) -> None:
        self.now = 0.0
        self.tasks: list[dict[str, Any]] = [task(1, "a")]
        self.api = fake(nodes=[node("a"), node("b")], services=[service()], tasks=lambda **_: self.tasks)
        self.watch = SettledWatch(clock=lambda: self.now)

    def ended(self, error: str, state: str = "failed", on: str = "b") -> None:
        """One more that has ended; Swarm keeps the last two."""
        one = task(2, on, state=state, desired="shutdown")
        one |= {"ID": f"ended at {self.now}", "Status": {"State": state, "Err": error, "Timestamp": f"{self.now:06}"}}
        self.tasks = [self.tasks[0], *self.tasks[1:][-1:], one]

    def look(self) -> Progress:
        self.now += 10
        return self.watch(self.api, known=[])


@pytest.fixture
def looks(fake: Any) -> Looks:
    return Looks(fake)


@pytest.mark.parametrize(
    ("error", "state"),
    [(NO_RUNTIME, "failed"), ("network back not found", "rejected"), ("No such image: sha256:0a1b", "rejected")],
)
def test_a_host_that_starts_no_task_ends_the_wait_by_name_with_its_error(looks: Looks, error: str, state: str) -> None:
    looks.look()
    with pytest.raises(StepFailed, match=f"b cannot start tasks of web_app: {REFUSED + 1} in a row") as failed:
        for _ in range(20):
            looks.ended(error, state)
            looks.look()
    assert failed.value.cause == f"task web_app.2 on b: {error}"
    assert "on b look at" in str(failed.value.next_action)
    assert looks.now >= IN_VAIN


def _crashes(looks: Looks) -> None:
    looks.ended("task: non-zero exit (1)")


def _a_registry_is_away(looks: Looks) -> None:
    looks.ended("No such image: registry:5000/web:1@sha256:0a1b", "rejected")


def _one_host_and_then_another(looks: Looks) -> None:
    looks.ended(NO_RUNTIME, on="b" if looks.now % 20 else "c")


def _one_that_runs_ever_again(looks: Looks) -> None:
    looks.ended(NO_RUNTIME)
    if not looks.now % 50:
        looks.tasks.append(task(2, "a"))


def _the_same_task(looks: Looks) -> None:
    if len(looks.tasks) == 1:
        looks.ended(NO_RUNTIME)


@pytest.mark.parametrize(
    "happens", [_crashes, _a_registry_is_away, _one_host_and_then_another, _one_that_runs_ever_again, _the_same_task]
)
def test_what_may_recover_is_waited_for(looks: Looks, happens: Callable[[Looks], None]) -> None:
    looks.look()
    for _ in range(REFUSED + 1):
        happens(looks)
        looks.look()


def test_what_had_ended_before_and_what_comes_too_fast_ends_nothing(looks: Looks) -> None:
    looks.ended(NO_RUNTIME)
    looks.look()
    for _ in range(REFUSED - 1):
        looks.ended(NO_RUNTIME)
        assert f"(task web_app.2 on b: {NO_RUNTIME})" in looks.look().text
    looks.now = 0
    looks.watch = SettledWatch(clock=lambda: 0.0)
    for _ in range(2 * REFUSED):
        looks.ended(NO_RUNTIME)
        looks.look()


def test_a_wait_keeps_what_it_saw() -> None:
    assert isinstance(watch("services_settled"), SettledWatch)
