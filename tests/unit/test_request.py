"""What one run asks for, beside what is desired."""

from __future__ import annotations

from dataclasses import fields

import pytest

from skep.model import Cluster, Host, Network, Stack
from skep.request import Request, RequestedCluster, RequestedStack, Rollout, at_once, requested

WEB = Stack("web", ("compose.yml",), {"compose.yml": b"services: {}"}, timeout=60.0, on_failure="keep")
JOBS = Stack("jobs", ("compose.yml",), {"compose.yml": b"services: {}"})
CLUSTER = Cluster("prod", (Host("m1", "10.0.0.1", "manager"),), networks=(Network("front"),), stacks=(WEB, JOBS))


def test_a_run_that_asks_for_nothing_is_about_what_is_desired() -> None:
    asked = Request("cluster.up").of(CLUSTER)
    assert [getattr(asked, one.name) for one in fields(Cluster) if one.name != "stacks"] == [
        getattr(CLUSTER, one.name) for one in fields(Cluster) if one.name != "stacks"
    ]
    assert [stack.files for stack in asked.stacks] == [WEB.files, JOBS.files]
    assert [stack.rollout for stack in asked.stacks] == [Rollout(), Rollout()]
    assert (asked.replace_networks, asked.allow_quorum_loss, asked.taken_down) == (frozenset(), False, False)


def test_what_a_request_says_is_no_part_of_what_is_desired() -> None:
    asked = {one.name for one in fields(RequestedCluster)} - {one.name for one in fields(Cluster)}
    assert asked == {"replace_networks", "allow_quorum_loss", "parallel_workers", "stamp", "taken_down"}
    assert {one.name for one in fields(RequestedStack)} - {one.name for one in fields(Stack)} == {"rollout"}


def test_what_a_request_gave_stays_and_a_cluster_without_one_asks_for_nothing() -> None:
    given = Request("x", allow_quorum_loss=True, rollout=Rollout(prune=True)).of(CLUSTER)
    assert requested(given) is given
    assert requested(CLUSTER) == Request("cluster.up").of(CLUSTER)


def test_what_is_asked_for_stands_in_the_cluster_that_roles_get_and_in_no_other() -> None:
    scaled = Rollout(scale={"web_app": 3})
    asked = Request(
        "x", rollout=scaled, timeout=5, on_failure="rollback", replace_networks=frozenset({"front"}),
        allow_quorum_loss=True,
    ).of(CLUSTER)  # fmt: skip
    assert (asked.replace_networks, asked.allow_quorum_loss, asked.taken_down) == ({"front"}, True, False)
    assert {(one.rollout.scale["web_app"], one.timeout, one.on_failure) for one in asked.stacks} == {(3, 5, "rollback")}


def test_only_the_stacks_that_are_named_one_that_the_swarm_alone_knows_too() -> None:
    found = Request("x", stacks=("jobs", "old")).of(CLUSTER)
    assert [(stack.name, stack.compose) for stack in found.stacks] == [("jobs", JOBS.compose), ("old", ())]


@pytest.mark.parametrize(("stacks", "all_of_it"), [(None, True), (("web",), False)])
def test_what_is_taken_away(stacks: tuple[str, ...] | None, all_of_it: bool) -> None:
    found = Request("x", stacks=stacks, down=True).of(CLUSTER)
    assert found.taken_down is all_of_it
    web = found.stacks[0]
    assert (web.name, web.timeout, bool(web.compose)) == ("web", 60.0, all_of_it)


def test_what_is_to_be_so_afterwards() -> None:
    request = Request("x", rollout=Rollout(restart=frozenset({"web_app"})), then=Rollout(still=True))
    assert request.afterwards.rollout == Rollout(still=True)
    assert Request("x").afterwards == Request("x")


@pytest.mark.parametrize(
    ("text", "workers", "count"),
    [
        ("1", 8, 1),
        ("3", 8, 3),
        ("99", 8, 99),
        ("25%", 8, 2),
        ("25%", 3, 1),
        ("100%", 5, 5),
        ("1%", 0, 1),
        (" 2 ", 4, 2),
    ],
)
def test_how_many_workers_may_be_away_at_once(text: str, workers: int, count: int) -> None:
    assert at_once(text, workers) == count


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "1.5", "half", "%", "2 %", "1e3", "٣"])
def test_what_is_no_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a number of workers"):
        at_once(text, 8)
