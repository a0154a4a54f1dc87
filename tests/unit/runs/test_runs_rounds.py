"""Applying until observing again finds nothing left."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from skep.apply import Outcome
from skep.errors import ConnectError, LockHeld, LockLost, NotConverged, PreflightError, StepFailed
from skep.observe import Observation
from skep.plan import Finding, Plan, Run, Step, Wait
from skep.runs import rounds, turn
from skep.runs.listener import Listener
from tests.steps import roles, step_id

SITE = SimpleNamespace(wait_lock=0.0)
SEEN = Observation({}, {}, {"w1": ConnectError("down")})


def plan(*items: str | Step | Finding) -> Plan:
    steps: list[Step | Finding] = [
        Run(id=step_id(item), title="t", cause="c", script="true") if isinstance(item, str) else item for item in items
    ]
    return Plan(steps, roles("a"), ["m1"])


HEARD = Wait(id=step_id("a/heard@m1"), title="wait", cause="c", condition="node_ready", otherwise="look at the network")


class Held:
    """The lock that a run holds; ``outcome`` of each plan, whose step ids are noted in ``rounds``."""

    def __init__(self, outcome: Callable[[Plan], Outcome]) -> None:
        self.outcome = outcome
        self.rounds: list[list[str]] = []
        self.held = False

    def __call__(self, site: Any, what: str) -> Held:
        return self

    def __enter__(self) -> Held:
        self.held = True
        return self

    def __exit__(self, *_: object) -> None:
        self.held = False

    def announce(self, planned: Plan, _: Any) -> None:
        assert self.held

    def check(self) -> None:
        assert self.held

    def apply(self, site: Any, planned: Plan, *_: Any) -> Outcome:
        assert self.held
        self.rounds.append([str(step.id) for step in planned])
        return self.outcome(planned)


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Carries out the first plan, found again under the lock unless ``now`` says otherwise, with the others as what
    is found after each round; the rounds as step ids."""

    def run(
        *plans: Plan, now: Plan | None = None, outcome: Callable[[Plan], Outcome] | None = None, **more: Any
    ) -> list[list[str]]:
        held = Held(outcome or (lambda planned: Outcome([step.id for step in planned])))
        later = iter([plans[0] if now is None else now, *plans[1:]])
        monkeypatch.setattr(turn, "Run", held)
        monkeypatch.setattr(rounds, "see", lambda site, before, **_: before)
        try:
            rounds.carry_out(SITE, Listener(), plans[0], SEEN, "up", lambda _: next(later), **more)  # type: ignore[arg-type]
        finally:
            assert not held.held
        return held.rounds

    return run


def test_what_changed_before_the_lock_is_carried_out_as_it_is_now(carry: Any, monkeypatch: Any) -> None:
    said: list[str] = []
    monkeypatch.setattr(Listener, "say", lambda _, text: said.append(text))
    assert carry(plan("a/x"), plan(), now=plan("a/y")) == [["a/y"]]
    assert carry(plan("a/x"), now=plan()) == []
    assert all("this is the plan now" in text for text in said)
    assert len(said) == 2
    with pytest.raises(PreflightError):
        carry(plan("a/x"), now=plan("a/x", Finding("error", "no")))


def test_a_plan_that_was_agreed_to_is_carried_out_as_it_was_shown_or_not_at_all(carry: Any) -> None:
    assert carry(plan("a/x"), plan(), agreed=True) == [["a/x"]]
    with pytest.raises(LockHeld, match="nothing was done"):
        carry(plan("a/x"), now=plan("a/y"), agreed=True)


def test_from_the_lock_on_to_tell_raises_nothing(carry: Any, monkeypatch: Any) -> None:
    steady: list[bool] = []
    monkeypatch.setattr(Listener, "steady", lambda _: steady.append(True))
    carry(plan())
    assert steady == []
    carry(plan("a/x"), plan(), outcome=lambda planned: Outcome([step.id for step in planned]) if steady else Outcome())
    assert steady == [True]


def test_recovery_hears_of_a_failure_while_the_lock_is_held(carry: Any) -> None:
    reports: list[Any] = []

    def recover(run: Held, outcome: Outcome, before: Observation) -> None:
        reports.append((run.held, list(outcome.failed), before))

    with pytest.raises(StepFailed):
        carry(plan("a/x"), outcome=lambda _: Outcome([], {"a/x": StepFailed("no")}), recover=recover)
    assert reports == [(True, ["a/x"], SEEN)]
    carry(plan("a/x"), plan(), recover=recover)
    assert len(reports) == 1


def test_one_round_where_nothing_is_left(carry: Any) -> None:
    assert carry(plan("a/x"), plan()) == [["a/x"]]
    assert carry(plan()) == []


def test_what_shows_later_gets_a_round_of_its_own(carry: Any) -> None:
    assert carry(plan("a/x"), plan("a/y"), plan()) == [["a/x"], ["a/y"]]


@pytest.mark.parametrize("plans", [("a/x", "a/x"), ("a/x", "a/y", "a/x")])
def test_what_was_done_is_not_done_again(carry: Any, plans: tuple[str, ...]) -> None:
    with pytest.raises(NotConverged):
        carry(*map(plan, plans))


def test_what_comes_and_goes_is_waited_for_three_times(carry: Any) -> None:
    waits = [plan(HEARD)] * 3
    assert len(carry(*waits, plan())) == 3
    with pytest.raises(NotConverged) as failure:
        carry(*waits, plan(HEARD))
    assert failure.value.next_action == "look at the network"
    with pytest.raises(NotConverged) as failure:
        carry(plan(HEARD, "a/x"), plan(HEARD, "a/x"))
    assert "a/heard" not in str(failure.value)


def test_what_is_left_for_another_round_is_looked_for_and_not_forgotten(
    carry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skep.waiting.time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
    later = plan(Finding("note", "is restarted later", "m1", later=True))
    assert carry(plan("a/x"), later, later, plan("a/y"), plan()) == [["a/x"], ["a/y"]]
    with pytest.raises(NotConverged, match="m1: is restarted later"):
        carry(plan("a/x"), *[later] * 20)


def test_a_failure_ends_it_before_another_look(carry: Any) -> None:
    with pytest.raises(StepFailed):
        carry(plan("a/x"), outcome=lambda _: Outcome([], {"a/x": StepFailed("no")}))


def test_an_error_found_after_a_round_ends_it(carry: Any) -> None:
    with pytest.raises(PreflightError, match="stays done"):
        carry(plan("a/x"), plan("a/y", Finding("error", "no")))


def test_what_is_seen_without_the_lock_is_no_failure_of_ours(carry: Any, monkeypatch: Any) -> None:
    def lose(planned: Plan) -> Outcome:
        monkeypatch.setattr(Held, "check", lost)
        return Outcome([step.id for step in planned])

    def lost(_: Held) -> None:
        raise LockLost("the cluster lock was lost")

    with pytest.raises(LockLost):
        carry(plan("a/x"), plan("a/x"), outcome=lose)


def test_what_steps_found_out_is_said_at_the_end_of_the_run(carry: Any, monkeypatch: Any) -> None:
    said: list[str] = []
    monkeypatch.setattr(Listener, "findings", lambda _, found: said.extend(one.text for one in found))
    carry(plan("a/x"), plan(Finding("warning", "found out", outcome=True), Finding("warning", "known before")))
    assert said == ["found out"]
