"""``cluster.backup``: from which manager, and when it is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skep.model import Host, Swarm
from skep.plan import Fetch, Finding, Plan, Run
from skep.request import Request, RequestedCluster
from skep.seen import Member, Seen, believed
from skep.upkeep.saving import role
from tests.steps import roles


def cluster(managers: int, workers: int = 0) -> RequestedCluster:
    names = [f"m{place}" for place in range(1, managers + 1)] + [f"w{place}" for place in range(1, workers + 1)]
    hosts = tuple(Host(name, "10.0.0.1", "manager" if name[0] == "m" else "worker") for name in names)
    return RequestedCluster(name="prod", hosts=hosts, stamp="20261128T041500Z")


def planned(of: RequestedCluster, *silent: str, locks: bool = False) -> list[object]:
    lists = {host.name: host.name not in silent for host in of.managers}
    members = {
        host.name: Member(True, host.name == "m1", locks, host.name, lists, frozenset(lists))
        if host.role == "manager"
        else Member(node=host.name)
        for host in of.hosts
        if host.name not in silent
    }
    return list(role.plan(of, Seen(dict.fromkeys(members), {}, members, believed(members))))


def test_a_manager_that_does_not_lead_is_drained_stopped_saved_and_back() -> None:
    items = planned(cluster(3))
    plan = Plan(items, roles("backup"), ["m1", "m2", "m3"])  # type: ignore[arg-type]
    words = [step.id.action for step in plan]
    assert sorted(words) == sorted(
        ["quorum", "drain", "drained", "backup", "back", "return", "copy", "copy", "discard"]
    )
    assert words.index("drained") < words.index("backup") < words.index("copy") < words.index("discard")
    assert {step.concerns for step in plan} == {"m2"}
    copies = [step for step in plan if isinstance(step, Fetch)]
    assert {step.target for step in copies} == {
        "backups/prod/20261128T041500Z-m2.tar",
        "backups/prod/20261128T041500Z-m2.json",
    }
    assert all(step.mode == 0o600 for step in copies)
    assert next(step for step in plan if isinstance(step, Run) and step.id.action == "backup").restarts


def test_it_is_copied_and_removed_there_whatever_becomes_of_the_node() -> None:
    plan = Plan(planned(cluster(3)), roles("backup"), [])  # type: ignore[arg-type]
    discard = next(step for step in plan if step.id.action == "discard")
    assert not {step.action for step in plan.ahead(discard.id)} & {"back", "return"}


@pytest.mark.parametrize(
    ("of", "silent", "text"),
    [
        (cluster(1), (), "it is the only manager"),
        (cluster(2), (), "no quorum"),
        (cluster(3), ("m3",), "no quorum"),
    ],
)
def test_where_none_can_be_spared_it_is_refused_unless_allowed(
    of: RequestedCluster, silent: tuple[str, ...], text: str
) -> None:
    [finding] = planned(of, *silent)
    assert isinstance(finding, Finding) and finding.level == "error" and text in finding.text
    assert "--allow-quorum-loss" in (finding.next_action or "")
    allowed = planned(replace(of, allow_quorum_loss=True), *silent)
    assert any(isinstance(item, Run) for item in allowed)
    assert not any(isinstance(item, Finding) and item.level == "error" for item in allowed)


def test_the_unlock_key_is_asked_for_before_and_stays_in_memory() -> None:
    items = planned(replace(cluster(3), swarm=Swarm(autolock=True)), locks=True)
    plan = Plan(items, roles("backup"), [])  # type: ignore[arg-type]
    key, saved = (next(step for step in plan if step.id.action == action) for action in ("key", "backup"))
    assert key.id in plan.ahead(saved.id)
    assert not any("key" in str(step.variables) for step in plan if isinstance(step, Run))


@pytest.mark.parametrize("locks", [True, False])
def test_a_copy_that_docker_cannot_restore_is_called_so(locks: bool) -> None:
    steps = [item for item in planned(cluster(3), locks=locks) if isinstance(item, Run)]
    [saved] = [step for step in steps if step.id.action == "backup"]
    assert any("moby#36852" in line and "autolock: false" in line for line in saved.detail) == locks


def test_nothing_is_saved_where_no_manager_in_a_quorum_answers() -> None:
    of = cluster(1)
    [finding] = role.plan(of, Seen({"m1": None}, {}, {"m1": Member(manager=True)}, None))
    assert isinstance(finding, Finding) and finding.level == "error"


def test_a_request_is_for_one_backup_which_looking_again_does_not_repeat() -> None:
    request = Request("cluster.backup", once=True)
    assert request.of(cluster(3)).stamp == request.stamp
    assert planned(request.afterwards.of(cluster(3))) == []
