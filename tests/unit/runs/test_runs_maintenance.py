"""Maintenance windows and freezes: what is refused by hand, left by schedules, and done anyway."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from skep.converge import Site
from skep.errors import PreflightError
from skep.model import Freeze, Maintenance, Window
from skep.runs.listener import Listener
from skep.runs.loop import run
from tests.unit.commands.test_commands_rollouts import Stage, stack, stage
from tests.unit.runs.test_runs_loop import DEPLOY

__all__ = ["stage"]

TODAY = datetime.now(UTC).date()
FREEZE = Freeze(TODAY - timedelta(days=2), TODAY + timedelta(days=2), "the sale")
FROZEN = Maintenance("UTC", (), (FREEZE,))
OF_OTHERS = Maintenance("UTC", (Window("*-02-29 00:00", 60, ("db",)),), (replace(FREEZE, stacks=("shop",)),))


def frozen(site: Site, maintenance: Maintenance = FROZEN) -> Site:
    return replace(site, cluster=replace(site.cluster, maintenance=maintenance))


def test_by_hand_it_is_refused_before_the_lock(stage: Stage) -> None:
    with pytest.raises(PreflightError, match="nothing was changed"):
        run(frozen(stage.site(stack())), DEPLOY, Listener())
    assert (stage.images, stage.locks) == ({}, [])


def test_a_look_shows_that_it_would_be(stage: Stage) -> None:
    planned = run(frozen(stage.site(stack())), replace(DEPLOY, only_planned=True), Listener()).plan
    assert [one.level for one in planned.findings if "the sale" in one.text] == ["note"]
    assert len(planned)


def test_a_reason_does_it_and_stands_in_the_history(stage: Stage) -> None:
    run(frozen(stage.site(stack())), replace(DEPLOY, anyway="a hole in it"), Listener())
    assert stage.images["web_app"] == "busybox:1"
    assert stage.locks == ["schedule web --anyway 'a hole in it'"]


def test_a_schedule_leaves_it_and_says_so(stage: Stage) -> None:
    result = run(frozen(stage.site(stack())), replace(DEPLOY, unattended=True), Listener())
    assert (stage.images, stage.locks, result.steps) == ({}, [], ())
    assert "stack web is frozen through" in result.undone[0].text


class Closing(Maintenance):
    """Open when it is first asked."""

    asked = 0

    def closed(self, moment: datetime, stack: str | None) -> str | None:
        type(self).asked += 1
        return None if self.asked == 1 else "outside its maintenance windows until Monday"


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Maintenance:
    monkeypatch.setattr(Closing, "asked", 0)
    return Closing("UTC", (), (FREEZE,))


def test_what_a_schedule_leaves_once_it_has_the_lock_is_named_too(stage: Stage, closing: Maintenance) -> None:
    result = run(frozen(stage.site(stack()), closing), replace(DEPLOY, unattended=True), Listener())
    assert (stage.images, result.steps, len(result.plan) > 0) == ({}, (), True)
    assert ["until Monday" in one.text for one in result.undone] == [True]


@pytest.mark.parametrize("agreed", [True, False])
def test_by_hand_it_is_refused_where_a_window_closes_before_the_lock_is_free(
    stage: Stage, closing: Maintenance, agreed: bool
) -> None:
    with pytest.raises(PreflightError, match="nothing was changed"):
        run(frozen(stage.site(stack()), closing), DEPLOY, Listener(), lambda _: agreed)
    assert stage.images == {}


def test_what_is_about_other_stacks_holds_nothing_up(stage: Stage) -> None:
    run(frozen(stage.site(stack()), OF_OTHERS), DEPLOY, Listener())
    assert stage.images["web_app"] == "busybox:1"


def test_where_nothing_is_to_be_changed_nothing_is_refused(stage: Stage) -> None:
    run(stage.site(stack()), DEPLOY, Listener())
    assert run(frozen(stage.site(stack())), DEPLOY, Listener()).steps == ()


def test_what_is_done_once_is_held_as_well(stage: Stage) -> None:
    with pytest.raises(PreflightError):
        run(frozen(stage.site(stack())), replace(DEPLOY, once=True), Listener())
    assert stage.images == {}


def test_what_changes_nothing_of_the_cluster_is_never_held(stage: Stage) -> None:
    run(frozen(stage.site(stack())), replace(DEPLOY, heeds=False), Listener())
    assert stage.images["web_app"] == "busybox:1"
