"""Applying until observing again finds nothing left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skep.apply import Outcome
from skep.commands import carrying
from skep.errors import ConnectError, NotConverged, PreflightError, StepFailed
from skep.observe import Observation
from skep.plan import Finding, Plan, Run, Step, Wait
from skep.report import Reporter

SEEN = Observation({}, {}, {"w1": ConnectError("down")})


def plan(*items: str | Step | Finding) -> Plan:
    steps: list[Step | Finding] = [
        Run(id=item, title="t", cause="c", script="true") if isinstance(item, str) else item for item in items
    ]
    return Plan(steps, ["a"], ["m1"])


HEARD = Wait(id="a/heard@m1", title="wait", cause="c", condition="node_ready", otherwise="look at the network")


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Carries out the first plan, with the others as what is found after each round; the rounds as step ids."""

    def run(*plans: Plan, outcome: Callable[[Plan], Outcome] | None = None) -> list[list[str]]:
        rounds: list[list[str]] = []

        def apply(site: Any, planned: Plan, *_: Any) -> Outcome:
            rounds.append([step.id for step in planned])
            return outcome(planned) if outcome else Outcome([step.id for step in planned])

        later = iter(plans[1:])
        monkeypatch.setattr(carrying, "apply", apply)
        monkeypatch.setattr(carrying, "again", lambda site, before: before)
        carrying.carry_out(None, Reporter(), plans[0], SEEN, "up", lambda _: next(later))  # type: ignore[arg-type]
        return rounds

    return run


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
    monkeypatch.setattr(carrying.time, "sleep", lambda _: None)
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


def test_silent_hosts_stay_silent_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def observe(cluster: Any, pool: Any, roles: Any, hosts: Any) -> Observation:
        asked.append(hosts)
        return Observation({}, {}, {"m1": ConnectError("gone too")})

    monkeypatch.setattr(carrying, "observe", observe)

    class Site:
        cluster = pool = roles = None

    found = carrying.again(Site(), SEEN)  # type: ignore[arg-type]
    assert list(found.failures) == ["w1", "m1"]
    assert asked == [()]
