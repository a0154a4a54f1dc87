"""Taking a stack away: what is said where nothing, or not all of it, goes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from skep import converge
from skep.commands.asking import Asking
from skep.commands.stack import rm as commands
from skep.errors import ConnectError, PreflightError, UsageError
from skep.model import Host, Stack
from skep.plan import Wait
from skep.request import Request
from skep.runs.loop import narrowed
from tests.unit.commands.test_commands_rollouts import Stage, stack, stage

__all__ = ["stage"]

SHARED = Stack(
    "shop",
    ("compose.yml",),
    {
        "compose.yml": b"""
services: {app: {image: "busybox:1", configs: [common]}}
configs: {common: {name: common, content: x}}
"""
    },
)
USER = Stack(
    "blog",
    ("compose.yml",),
    {
        "compose.yml": b"""
services: {app: {image: "busybox:1", configs: [common]}}
configs: {common: {external: true}}
"""
    },
)


@pytest.fixture
def removing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(commands, "manager_client", lambda site: nullcontext(Services(stage)))
    return stage


class Services:
    """A manager that lists the services there are."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def services(self, filters: Any) -> list[Any]:
        (swarm,) = self.stage.world.swarms.values()
        return list(swarm.services.values())


def remove(stage: Stage, name: str, volumes: str | None = None) -> str:
    commands.remove(stage.site(SHARED, USER), stage.tell, name=name, volumes=volumes, asking=Asking(yes=True))
    return stage.tell.lines[-1]


def configs(stage: Stage) -> set[str]:
    (swarm,) = stage.world.swarms.values()
    return {one["Spec"]["Name"] for one in swarm.configs.values()}


def test_a_stack_that_is_not_there(removing: Stage) -> None:
    assert remove(removing, "shop") == "there is no stack shop"
    assert removing.tell.plans == []


def test_how_long_it_may_take(removing: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    removing.deploy(SHARED)
    waits: list[float] = []
    monkeypatch.setattr(
        removing.tell,
        "plan",
        lambda plan, applying: waits.extend(step.timeout for step in plan if isinstance(step, Wait)),
    )
    site = removing.site(replace(SHARED, timeout=77.0))
    commands.remove(site, removing.tell, name="shop", volumes=None, asking=Asking(yes=True))
    assert waits == [77.0]
    removing.deploy(SHARED)
    waits.clear()
    commands.remove(site, removing.tell, name="shop", volumes=None, asking=Asking(yes=True), timeout="5s")
    assert waits == [5.0]
    removing.deploy(SHARED)
    with pytest.raises(UsageError, match="--timeout soon:"):
        commands.remove(site, removing.tell, name="shop", volumes=None, asking=Asking(yes=True), timeout="soon")
    down = Request("cluster.down", down=True)
    planned = converge.plan(narrowed(site, down), removing.see(site), down=True)
    assert [step.timeout for step in planned if isinstance(step, Wait)] == [77.0]
    planned = converge.plan(
        narrowed(site, Request("cluster.down", down=True, timeout=9)), removing.see(site), down=True
    )
    assert [step.timeout for step in planned if isinstance(step, Wait)] == [9.0]


def test_a_stack_that_nobody_knows_is_a_slip(removing: Stage) -> None:
    removing.deploy(stack(name="website"))
    with pytest.raises(UsageError, match=r"no stack shpo\b.*\bshop\b"):
        remove(removing, "shpo")
    with pytest.raises(UsageError, match=r"no stack website1\b.*\bwebsite\b") as reported:
        remove(removing, "website1")
    assert reported.value.next_action == "the stacks are: blog, shop, website"


def test_a_volume_that_nobody_mounts_is_a_slip_and_nothing_is_done(removing: Stage) -> None:
    removing.deploy(SHARED)
    with pytest.raises(PreflightError, match="1 finding above"):
        remove(removing, "shop", volumes="nope")
    assert removing.tell.plans[-1] == []
    assert configs(removing) == {"common", "skep.shop.1"}


DATA = Stack(
    "shop",
    ("compose.yml",),
    {
        "compose.yml": b"""
services: {app: {image: "busybox:1", volumes: ["data:/srv"]}}
volumes: {data: {}}
"""
    },
)


def test_volumes_on_a_host_that_is_silent_are_reported_with_what_is_to_do_there(removing: Stage) -> None:
    removing.deploy(DATA)
    with_w1 = (*removing.cluster.hosts, Host("w1", "10.0.0.2", "worker"))
    removing.world.machines["w1"] = replace(removing.world.machines["h1"], name="w1", answers=False, swarm=None)
    removing.cluster = replace(removing.cluster, hosts=with_w1)
    removing.silent = {"w1": ConnectError("cannot be reached", host="w1")}
    with pytest.raises(ConnectError) as failure:
        remove(removing, "shop", volumes="data")
    assert failure.value.message == "shop is gone, but for volumes on w1, which could not be asked"
    assert failure.value.next_action == "once it is back, on it: docker volume rm shop_data"
    removing.deploy(DATA)
    assert remove(removing, "shop") == "shop is gone; its volumes stay"


def test_what_another_stack_uses_stays_until_it_is_gone(removing: Stage) -> None:
    removing.deploy(SHARED)
    removing.deploy(USER)
    assert remove(removing, "shop") == "shop is gone, but for what others use; its volumes stay"
    assert configs(removing) == {"common", "skep.blog.1"}
    assert remove(removing, "shop") == "what is left of shop is used by others"
    assert remove(removing, "blog") == "blog is gone; its volumes stay"
    assert remove(removing, "shop") == "shop is gone; its volumes stay"
    assert configs(removing) == set()
    assert remove(removing, "shop") == "there is no stack shop"
