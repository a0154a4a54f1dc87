"""The swarm: one, never two; managers one by one, workers at once; roles, labels and availability as desired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from roles.swarm import absence, left, lost, membership, overlays, settings
from roles.swarm.kinds import KINDS
from roles.swarm.membership import leave_id
from roles.swarm.refusals import refusals, stays
from roles.swarm.state import NETWORKS, State, desired_state, parse_state
from roles.swarm.view import View, leads, view
from skep import places
from skep.milestones import SWARM_EXISTS, SWARM_SETTINGS
from skep.model import Cluster, Host
from skep.plan import Call, Finding, Step
from skep.questions import Answers, Inquiry, tasks_of
from skep.request import RequestedCluster
from skep.role import HostRole
from skep.rolling import ACTIONS, MILESTONES
from skep.seen import Seen
from skep.steps import EARLIER, Milestone

OVER = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")
"""States of tasks that no longer keep their node from being drained."""


class Swarm(HostRole[State]):
    """Initialises at most once, and only when every manager of the inventory says there is none yet."""

    name = "swarm"
    kinds = KINDS
    actions: tuple[str, ...] = (
        "absent", "init", "join", "promote", "ready", "demote", "demoted", "leave", "heard",
        "down", "unmanage", "forget", "settings", "node", "empty", "restart", "release", *ACTIONS,
    )  # fmt: skip
    milestones: tuple[Milestone, ...] = (SWARM_EXISTS, SWARM_SETTINGS, *MILESTONES)
    probe = places.probe("roles/swarm/probe.sh")
    questions: tuple[str, ...] = ("/info", "/nodes", NETWORKS)

    def desired(self, cluster: Cluster, host: Host) -> State:
        """Its role, availability and labels."""
        return desired_state(host)

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the engine's ``/info`` and ``/nodes``, or the node's certificate while it is stopped."""
        return parse_state(text, answers)

    def inquiries(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Inquiry]:
        """Tasks on nodes that are drained, and are to be."""
        swarm = view(seen)
        nodes = [(host, swarm.node_of(seen.states.get(host.name))) for host in cluster.hosts] if swarm else []
        return [
            tasks_of("node", node.id)
            for host, node in nodes
            if node and host.availability == node.availability == "drain" and node.state == "ready"
        ]

    def with_answers(self, seen: Seen[State], answers: Mapping[Inquiry, Any]) -> Mapping[str, State | None]:
        """The observed states with how many tasks are left on each."""
        tasks = [task for answer in answers.values() if isinstance(answer, list) for task in answer]
        left = Counter(task.get("NodeID") for task in tasks if task["Status"]["State"] not in OVER)
        return {
            name: replace(state, busy=left[state.node_id]) if state and state.node_id in left else state
            for name, state in seen.states.items()
        }

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Refusals alone if there is any; else init, twins, joins, promotions, demotions, labels."""
        swarm = view(seen)
        return list(refusals(cluster, seen.states, swarm)) or list(self._steps(cluster, seen, swarm))

    def _steps(self, cluster: RequestedCluster, seen: Seen[State], swarm: View | None) -> Iterator[Step | Finding]:
        observed = seen.states
        if swarm is None:
            yield from membership.absent(cluster, observed)
            yield membership.init(cluster)
        else:
            yield from settings.fixed_findings(cluster, swarm)
            yield from settings.update(cluster, observed, swarm)
            yield from lost.foreign_nodes(cluster, observed, swarm)
            yield from lost.doubts(cluster, observed, swarm)
            yield from lost.forget_twins(cluster, observed, swarm)
            yield from lost.forget_unborn(cluster, observed, swarm)
        yield from left.releases(observed)
        yield from membership.departures(cluster, observed, swarm)
        yield from membership.managers(cluster, observed, swarm)
        yield from membership.workers(cluster, observed, swarm)
        yield from absence.unlocks(cluster, observed, swarm)
        yield from absence.unheard(cluster, observed, swarm)
        yield from membership.demotions(cluster, observed, swarm)
        yield from overlays.restarts(cluster, seen, swarm)
        yield from settings.nodes(cluster, self.desired_on(cluster, seen), observed, swarm)

    def down(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Every node leaves: workers at once, then managers one by one, the leader last."""
        swarm, observed = view(seen), seen.states
        known = {state.node_id for state in observed.values() if state}
        nodes = swarm.nodes.values() if swarm else ()
        strangers = [n for n in nodes if n.id not in known and n.state != "down" and not n.unborn]
        steps: list[Step | Finding] = [
            Finding(
                "error",
                f"node {node.hostname} ({node.address}) is in this swarm and was not observed",
                role="swarm",
                next_action="bring it back or into the inventory, or remove it by hand first",
            )
            for node in strangers
        ]
        steps += stays(cluster, observed, swarm)
        inside = {name: state for name, state in observed.items() if state and state.node_state != "inactive"}
        workers = [name for name, state in inside.items() if not state.manager]
        managers = sorted(set(inside) - set(workers), key=lambda name: (leads(inside[name]), name))
        before: dict[str, tuple[str, ...]] = dict.fromkeys(workers, ())
        for place, name in enumerate(managers):
            before[name] = tuple(managers[place - 1 : place]) if place else tuple(workers)
        for name, gate in before.items():
            after = tuple(leave_id(other) for other in gate)
            steps.append(
                Call(
                    id=leave_id(name),
                    host=name,
                    title="leave the swarm",
                    cause="taken down",
                    operation="swarm_leave",
                    arguments={"force": True},
                    needs=(EARLIER,),
                    after=after,
                )
            )
        return [*steps, *left.left_behind(observed)]


role = Swarm()
