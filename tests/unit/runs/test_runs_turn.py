"""Who else is at work is reported before a plan, and waited for where that is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skep.converge import Site
from skep.errors import LockHeld
from skep.holder import Holder, me
from skep.model import Cluster, Host
from skep.plan import Plan, Run
from skep.runs import turn
from skep.runs.listener import Listener
from tests.steps import roles, step_id
from tests.unit.lock.shells import ShellPool

NAMES = ("m1", "m2", "m3")
OTHER = Holder("0123", "eve@elsewhere", "another machine", 7, "1", "2024-05-01T10:00:00+00:00", "cluster.up")


class Recording(Listener):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Recording:
    monkeypatch.setattr(turn, "ASK_EVERY", 0.02)
    return Recording()


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Site]:
    """Managers with a lock of ``holder``; ``wait`` is what the user gives in seconds."""

    def make(holder: Holder | None = OTHER, wait: float = 0.0) -> Site:
        pool: Any = ShellPool(tmp_path, *NAMES)
        for name in NAMES if holder else ():
            pool[name].folder.mkdir(exist_ok=True)
            pool[name].file("lock").write_text(f"{holder.line}\n" if holder else "")
        hosts = tuple(Host(name, "10.0.0.1", "manager") for name in NAMES)
        return Site(Cluster("prod", hosts), pool, [], roles("a"), wait_lock=wait)

    return make


def free(site: Any) -> None:
    for name in NAMES:
        site.pool[name].file("lock").unlink()


def plan(site: Site) -> Plan:
    return Plan([Run(id=step_id("a/x@m1"), host="m1", title="t", cause="c", script="true")], roles("a"), NAMES)


def test_nothing_of_a_plan_is_seen_while_another_is_at_work(site: Callable[..., Site], tell: Recording) -> None:
    with pytest.raises(LockHeld, match="eve@elsewhere") as failure:
        turn.alone(site(), tell, "observing", lambda: "seen")
    assert "--wait-lock 5m" in str(failure.value.next_action)


def test_without_another_all_is_seen_once(site: Callable[..., Site], tell: Recording) -> None:
    looks: list[int] = []
    turn.alone(site(None), tell, "observing", lambda: looks.append(1))
    assert looks == [1]
    assert tell.lines == []


def test_another_is_waited_for_and_then_all_is_seen_anew(site: Callable[..., Site], tell: Recording) -> None:
    here, looks = site(wait=60), []

    def look() -> int:
        looks.append(1)
        return len(looks)

    reads = iter(range(3))
    before = here.pool["m1"].run

    def run(script: str, **more: Any) -> Any:
        if next(reads, None) is None and here.pool["m1"].file("lock").exists():
            free(here)
        return before(script, **more)

    here.pool["m1"].run = run  # type: ignore[method-assign]
    assert turn.alone(here, tell, "observing", look) == 2
    left = re.fullmatch(rf"waiting for {re.escape(str(OTHER))}, for (\d+) s at most", tell.lines[0])
    assert left, tell.lines[0]
    assert 0 < int(left[1]) <= 60
    assert tell.lines[-1].startswith("nobody else is at work any more")


def test_the_wait_has_an_end(site: Callable[..., Site], tell: Recording) -> None:
    for act in (
        lambda here: turn.alone(here, tell, "observing", lambda: "seen"),
        lambda here: turn.locked(here, tell, "cluster.up").__enter__(),
    ):
        tell.lines.clear()
        with pytest.raises(LockHeld, match="eve@elsewhere"):
            act(site(wait=0.5))
        assert all(line.startswith(f"waiting for {OTHER}, for ") for line in tell.lines)


def test_the_lock_is_taken_once_another_gave_it_back(
    site: Callable[..., Site], tell: Recording, monkeypatch: Any
) -> None:
    here = site(wait=60)
    monkeypatch.setattr(turn.cluster_lock, "read", lambda *_: (free(here), ({}, {}))[1])
    with turn.locked(here, tell, "cluster.up") as run:
        run.check()
        assert here.pool["m1"].file("lock").exists()
    assert not here.pool["m1"].file("lock").exists()


def test_a_dead_process_of_this_machine_keeps_nobody_waiting(site: Callable[..., Site], tell: Recording) -> None:
    dead = replace(me("cluster.up"), pid=2**22 + 1)
    here = site(dead)
    assert turn.alone(here, tell, "observing", lambda: "seen") == "seen"
    (warning,) = turn.with_holder(here, plan(here), dead).findings
    assert (warning.level, warning.text) == (
        "warning",
        f"a lock was left by {dead}, which is dead: a process of this machine",
    )
    assert "invoke cluster.unlock" in str(warning.next_action)


def test_a_plan_says_who_is_at_work(site: Callable[..., Site]) -> None:
    here = site()
    seen, holder = turn.beside(here, lambda: plan(here))
    shown = turn.with_holder(here, seen, holder)
    assert [step.id for step in shown] == ["a/x@m1"]
    assert [finding.text for finding in shown.findings] == [
        f"somebody is at work: {OTHER}; this plan may show what is half done"
    ]
    assert turn.with_holder(here, seen, None) is seen
