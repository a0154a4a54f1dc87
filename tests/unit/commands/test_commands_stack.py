"""Taking a stack away: what is said where nothing, or not all of it, goes."""

from __future__ import annotations

import pytest

from skep.commands import stack as commands
from skep.model import Stack
from tests.unit.commands.test_commands_rollouts import Stage, stage

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
    monkeypatch.setattr(commands, "observe", lambda cluster, pool, roles, waiting: stage.see(stage.site()))
    return stage


def remove(stage: Stage, name: str) -> str:
    commands.remove(stage.site(), stage.tell, name=name, volumes=None, yes=True)
    return stage.tell.lines[-1]


def configs(stage: Stage) -> set[str]:
    (swarm,) = stage.world.swarms.values()
    return {one["Spec"]["Name"] for one in swarm.configs.values()}


def test_a_stack_that_is_not_there(removing: Stage) -> None:
    assert remove(removing, "shop") == "there is no stack shop"
    assert removing.tell.plans == []


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
