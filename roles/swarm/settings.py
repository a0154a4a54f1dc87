"""Settings of the swarm and of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roles.swarm.absence import unlock_id
from roles.swarm.identity import Observed, joins, may_be_a_manager, moved, node_ref
from roles.swarm.state import LOCKED, STOPPED, State, desired_fixed, desired_spec
from roles.swarm.view import View
from skep.diff import lines, show
from skep.json_types import mapping
from skep.milestones import SWARM_SETTINGS, returned
from skep.model import Cluster
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.steps import StepId
from skep.swarm.labels import OWNED

EMPTY = 300.0
"""Seconds for the tasks of a drained node to go; their grace periods come on top."""

ASLEEP = (LOCKED, STOPPED)
"""States of managers that may have to be unlocked."""


def update(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Step]:
    """Bring the swarm's own settings to what the inventory names; with autolock the unlock key may go, so first
    what is locked is unlocked, and hosts that may come back locked are looked at."""
    desired = desired_spec(cluster)
    if any(host.name in observed and may_be_a_manager(host, observed, swarm) for host in cluster.hosts):
        desired.pop("EncryptionConfig", None)
    old, new = _part(swarm.state.spec, desired), desired
    if old != new:
        yield Call(
            id=StepId("swarm", "settings"),
            title="change the swarm's settings",
            cause="differ from the inventory",
            detail=lines(old, new),
            operation="swarm_update",
            arguments={"spec": desired},
            provides=(SWARM_SETTINGS,),
            needs=tuple(unlock_id(name) for name, state in observed.items() if state and state.node_state in ASLEEP),
        )


def fixed_findings(cluster: Cluster, swarm: View) -> Iterator[Finding]:
    """Settings that hold from init on and differ: nothing but a new swarm can change them."""
    observed, asked = swarm.state.fixed, desired_fixed(cluster)
    settings = (
        ("address-pools", observed.address_pools, asked.address_pools),
        ("subnet-size", observed.subnet_size, asked.subnet_size),
        ("data-path-port", observed.data_path_port, asked.data_path_port),
    )
    for key, have, desired in settings:
        if desired is not None and have != desired:
            yield Finding(
                "error",
                f"swarm.{key} is {show(have)} since init and cannot become {show(desired)}",
                role="swarm",
                next_action="put the old value into the inventory; only a new swarm can have another",
            )


def nodes(cluster: Cluster, desired: Mapping[str, State], observed: Observed, swarm: View | None) -> Iterator[Step]:
    """Labels and availability of each node, also of those that are about to join."""
    for name, want in desired.items():
        if name not in observed:
            continue
        node = swarm.node_of(observed[name]) if swarm else None
        coming = node is None and joins(name, cluster, observed, swarm)
        if (node is None and not coming) or moved(observed[name], node):
            continue
        labels: Mapping[str, str] = node.labels if node else {}
        availability = node.availability if node else "active"
        owned = {*filter(None, labels.get(OWNED, "").split(",")), OWNED}
        dropped = sorted(key for key in owned if key in labels and key not in want.labels)
        old: dict[str, object] = {f"label {key}": labels.get(key) for key in {*want.labels, *dropped}}
        new: dict[str, object] = {f"label {key}": want.labels.get(key) for key in {*want.labels, *dropped}}
        detail = lines(old | {"availability": availability}, new | {"availability": want.availability})
        state = observed[name]
        if not detail and not (state and state.busy):
            continue
        if want.availability == "drain" and not coming and (availability != "drain" or (state and state.busy)):
            yield _empty(name, node_ref(name, cluster, observed, swarm))
        if not detail:
            continue
        yield Call(
            id=StepId("swarm", "node", name),
            title="set labels and availability",
            cause="new node" if coming else "differ from the inventory",
            detail=tuple(line for line in detail if OWNED not in line),
            operation="node_update",
            arguments={
                "node": node_ref(name, cluster, observed, swarm),
                "spec": {"Labels": dict(want.labels), "Availability": want.availability},
                "drop_labels": dropped,
            },
            needs=tuple(StepId("swarm", action, name) for action in ("init", "join", "ready")),
            after=(returned(name),),
        )


def _empty(host: str, node: str | Ref) -> Step:
    """A drained node may be rebooted once nothing runs on it any more."""
    return Wait(
        id=StepId("swarm", "empty", host),
        title="wait until its tasks are gone",
        cause="drained",
        condition="node_empty",
        arguments={"node": node},
        avoid=host,
        needs=(StepId("swarm", "node", host),),
        timeout=EMPTY,
        otherwise=f"see what still runs there: invoke stack.ls; on {host}: docker ps",
    )


def _part(spec: Mapping[str, object], like: Mapping[str, object]) -> dict[str, object]:
    """Of ``spec``, only the keys that ``like`` has, at every depth."""
    return {
        key: _part(mapping(spec.get(key)), value) if isinstance(value, Mapping) else spec.get(key)
        for key, value in like.items()
    }
