"""A run that stands still at any moment while another takes over: it changes nothing more on the simulated world.

The executor, the performer, the lease and the fence are the real ones; hosts and engines are the world's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from skep.apply import Outcome, managers, perform
from skep.apply.executor import Executor
from skep.apply.perform import Performer
from skep.engine import Progress
from skep.errors import StepFailed
from skep.holder import me
from skep.lock.fence import REFUSED
from skep.lock.lease import TTL, Lease, Limits
from skep.model import Cluster
from skep.plan import Call, Plan, Put, Run, Step, Wait
from skep.ssh import Result
from tests.unit.test_converges import SEEDS, settled
from tests.world.clusters import NAMES, random_cluster
from tests.world.deeds import CALLS, Deed
from tests.world.machine import Refused
from tests.world.observing import plan_for
from tests.world.playing import holds, play
from tests.world.world import Watch, World


class Pause:
    """The first run stands still at the ``at``-th moment at which it is about to change something; the second run
    comes to its end meanwhile."""

    def __init__(self, world: World, cluster: Cluster, second: Cluster, luck: Random, at: int) -> None:
        self.world, self.cluster, self.second, self.luck, self.at = world, cluster, second, luck, at
        self.clock = 1000.0
        self.moments = 0
        self.fences: dict[str, int] = {}
        self.left: str | None = None
        """The world as the second run left it."""
        self.unknown = False
        """A script was on its way to a host that the second run has no script for: it knows no newer number."""
        self.lease = Lease(me("the first run"), ["m1"], lambda: me("the second run"))
        self.lease.number = 1
        self.lease.extend("m1", self.clock)

    def moment(self, host: str = "") -> None:
        """Something is about to be changed; on a ``host``, by a script that is on its way already."""
        self.moments += 1
        if self.moments - 1 == self.at:
            self.clock += TTL + 4
            self.world.settle()
            plan = plan_for(self.world, self.second)
            if any(isinstance(step, Run | Put) for step in plan):
                self.fences = dict.fromkeys(NAMES, 2)
            self.unknown = bool(host) and host not in self.fences
            if not plan.errors:
                play(plan, self.world, self.second, self.luck)
            self.world.settle()
            self.left = as_text(self.world)


def as_text(world: World) -> str:
    """All that can be seen of a world."""
    return repr((world.machines, {name: vars(swarm) | {"machines": None} for name, swarm in world.swarms.items()}))


class Api:
    """An engine as the performer is lent one."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.limits = Limits()
        self.timeout = 60.0


class Hosts:
    """Hosts and engines of the world, in place of a pool of sessions and of clients for engines."""

    def __init__(self, pause: Pause, plan: Plan) -> None:
        self.pause, self.steps = pause, {step.id: step for step in plan}
        self.watch = Watch(pause.world, pause.cluster, ending=True)
        self.host = ""

    def __getitem__(self, host: str) -> Hosts:
        self.host = host
        return self

    def run(self, script: str, *, timeout: float, to_the_end: str) -> Result:
        """A host compares the number of the script with what it has seen."""
        self.pause.moment(self.host)
        number = int(re.findall(r'"\$seen" -gt (\d+)', script)[0])
        if number < self.pause.fences.get(self.host, 0):
            return Result(REFUSED, "", f"2 {me('the second run').line}")
        deed = Deed(self.pause.world, self.pause.cluster, self.watch, self.steps[to_the_end])
        try:
            deed.begin()
            deed.finish()
        except Refused as error:
            return Result(1, "", str(error))
        return Result(0, "", "")

    @contextmanager
    def lend(self, host: str, _: str) -> Iterator[Api]:
        yield Api(host)

    def close(self) -> None:
        """Nothing is open."""

    def call(self, api: Api, step: Call) -> None:
        """A write is permitted right before it is sent, as by the client of engines."""
        world = self.pause.world

        def permit() -> None:
            self.pause.moment()
            api.limits.check()

        world.permit = permit
        try:
            deed = Deed(world, self.pause.cluster, self.watch, step)
            if step.operation not in ("images_resolve",):
                permit()
            CALLS[step.operation](deed, **{key: deed._known(value) for key, value in step.arguments.items()})
        except Refused as error:
            raise StepFailed(str(error)) from None
        finally:
            world.permit = lambda: None


class Known(managers.Managers):
    """What the world knows: who is a manager, and all that only one could tell."""

    def __init__(self, hosts: Hosts) -> None:
        self.clients = hosts  # type: ignore[assignment]
        self.results = {}
        self._hosts = hosts

    def answering(self, step: Step) -> Iterator[str]:
        yield from self._hosts.pause.world.managers(self._hosts.pause.cluster, step.avoid)

    def last(self, host: str) -> None:
        """No order to change."""

    def late(self, value: Any, host: str, attempt: Any) -> Any:
        return value


class Hands(Performer):
    """The real performer with what it knows of the world put in."""

    def __init__(self, hosts: Hosts) -> None:
        super().__init__(hosts, (), hosts.pause.lease)  # type: ignore[arg-type]
        self._managers = Known(hosts)


def run(pause: Pause, plan: Plan, monkeypatch: Any) -> Outcome:
    """The first run: one step after the other, in the order of the plan."""
    hosts = Hosts(pause, plan)
    operations = {
        step.operation: lambda api, step=step, **_: hosts.call(api, hosts.steps[current[0]])  # type: ignore[misc]
        for step in plan
        if isinstance(step, Call)
    }
    current: list[str] = [""]

    def look(api: Api, **_: Any) -> Progress:
        step = hosts.steps[current[0]]
        assert isinstance(step, Wait)
        pause.world.settle()
        if not holds(pause.world, pause.cluster, step):
            raise StepFailed("waited in vain")
        return Progress(True)

    class Noting(Hands):
        def perform(self, step: Step, say: Any) -> None:
            current[0] = step.id
            super().perform(step, say)

    monkeypatch.setattr(managers, "PATIENCE", 0.0)
    monkeypatch.setattr(perform, "OPERATIONS", operations)
    monkeypatch.setattr(perform, "watch", lambda condition: look)
    monkeypatch.setattr("skep.lock.lease.now", lambda: pause.clock)
    return Executor(plan, Noting(hosts), lambda _: None, pause.lease, width=1).run()


@settings(max_examples=settings.default.max_examples // 4)
@given(SEEDS, st.integers(0, 25))
def test_a_run_that_stood_still_changes_nothing_of_what_the_next_one_did(seed: int, at: int) -> None:
    luck = Random(seed)
    world = settled(luck) if luck.random() < 0.7 else World.fresh(NAMES)
    cluster, second = random_cluster(luck), random_cluster(luck)
    plan = plan_for(world, cluster)
    if plan.errors:
        return
    pause = Pause(world, cluster, second, luck, at)
    with pytest.MonkeyPatch.context() as monkeypatch:
        outcome = run(pause, plan, monkeypatch)
    if pause.left is None or pause.unknown:
        event("it did not come to that")
        return
    event("stood still")
    assert as_text(world) == pause.left
    assert outcome.lost
    assert "the second run" in outcome.lost.message
