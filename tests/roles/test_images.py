"""When images from files are looked at, and when that costs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roles.images.role import State, role
from skep.places import HOST
from skep.plan import Finding
from skep.request import RequestedStack, Rollout
from skep.seen import Platform, Seen
from tests.roles.test_cases import a_cluster

CLUSTER = a_cluster(
    {
        "hosts": {"m1": {"role": "manager"}},
        "stacks": {"shop": {"services": {"app": {"image": "shop:1"}}}},
        "archives": {"shop.tar": {"shop:1": {"id": "aa", "digest": "dd"}}},
    }
)


def test_hosts_are_asked_for_images_only_where_files_are_named() -> None:
    assert role.probe_of(replace(CLUSTER, archives=())) == ""
    probe = role.probe_of(CLUSTER)
    assert "sha256:aa" in probe and "sha256:dd" in probe and HOST not in probe


@pytest.mark.parametrize(
    ("rollout", "has_part"),
    [
        (Rollout(), True),
        (Rollout(resolve="never", prune=True), True),
        (Rollout(resolve="refresh"), False),
        (Rollout(revision="last"), False),
        (Rollout(scale={"shop_app": 2}), False),
        (Rollout(restart=frozenset({"shop_app"})), False),
    ],
)
def test_a_deploy_loads_images_and_nothing_else_does(rollout: Rollout, has_part: bool) -> None:
    stacks = [replace(stack, rollout=rollout) for stack in CLUSTER.stacks]
    assert role.has_part_in(stacks, CLUSTER) == has_part
    assert not role.has_part_in(stacks, replace(CLUSTER, archives=()))
    assert not role.has_part_in([RequestedStack("shop", (), rollout=rollout)], CLUSTER), "it is taken away"


def test_where_no_engine_runs_nothing_is_there() -> None:
    assert role.parse("", {}) is None
    state = role.parse("sha256:aa\n", {"/info": {"Name": "m1"}})
    assert state and state.images == {"sha256:aa"}


def test_an_image_for_another_machine_is_written_by_a_command_that_can_be_typed() -> None:
    archives = {"shop-1.2.tar": {"mirror.example.com/a/shop:1.2": {"id": "aa", "machine": "arm64"}}}
    cluster = a_cluster(
        {
            "hosts": {"m1": {"role": "manager"}},
            "stacks": {"shop": {"services": {"app": {"image": "mirror.example.com/a/shop:1.2"}}}},
            "archives": archives,
        }
    )
    seen = Seen({"m1": State()}, platforms={"m1": Platform(architecture="amd64")})
    (finding,) = role.plan(cluster, seen)
    assert isinstance(finding, Finding) and finding.next_action
    pull, save = finding.next_action.partition(": ")[2].partition(";")[0].split(" && ")
    assert pull == "docker pull --platform linux/amd64 mirror.example.com/a/shop:1.2"
    assert save == "docker save --output /srv/images/shop-amd64.tar mirror.example.com/a/shop:1.2"
