"""Stacks: what their compose files ask for against what the swarm holds, service by service, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from roles.stacks.deploy import deployed
from roles.stacks.desired import Desired, Unplannable, known
from roles.stacks.drift import Drift
from roles.stacks.findings import owned_twice
from roles.stacks.health import asked
from roles.stacks.key import key_step
from roles.stacks.kinds import KINDS
from roles.stacks.planner import Planner
from roles.stacks.ports import handovers, taken
from roles.stacks.refresh import refreshed
from roles.stacks.removal import bystanders, removals
from roles.stacks.restart import restarted
from roles.stacks.rollback import rolled_back
from roles.stacks.scale import scaled
from roles.stacks.state import State, SwarmObjects, all_in_containerd, objects, parse_state
from roles.stacks.subnets import overlaps
from skep import places
from skep.compose import ComposeError
from skep.milestones import STACK_RUNS, SWARM_EXISTS
from skep.plan import Finding, Step
from skep.questions import SERVICES, Answers, Inquiry
from skep.request import RequestedCluster, RequestedStack
from skep.role import ClusterRole
from skep.seen import Seen
from skep.swarm.network import needs_plugin
from skep.swarm.objects import Task

PLUGINS = "/plugins"
NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"


class Stacks(ClusterRole[State]):
    """Creates, updates and removes services through the Engine API; touches only what differs."""

    name = "stacks"
    kinds = KINDS
    actions: tuple[str, ...] = (
        "resolve", "begin", "key", "network", "config", "secret", "create", "update", "restart", "ready", "running",
        "prune", "done", "failed", "collect", "remove", "gone", "volumes", "forget",
    )  # fmt: skip
    milestones = (STACK_RUNS,)
    probe = places.probe("roles/stacks/probe.sh", SIZED="")
    questions: tuple[str, ...] = (SERVICES, NETWORKS, "/configs", "/secrets", "/nodes")

    def has_part_in(self, stacks: Sequence[RequestedStack], cluster: RequestedCluster) -> bool:
        """In whatever is asked of stacks."""
        return True

    def probe_of(self, cluster: RequestedCluster) -> str:
        """Looks for quotas only where a file may speak of a volume's size."""
        with suppress(LookupError):  # of a file that cannot be read its plan says so
            if any(b"size" in stack.files[name] for stack in cluster.stacks for name in stack.compose):
                return places.probe("roles/stacks/probe.sh", SIZED="yes")
        return self.probe

    def parse(self, text: str, answers: Answers) -> State | None:
        """The swarm's objects from a manager; what tasks have mounted on the host, and options of its volumes."""
        return parse_state(text, answers, NETWORKS)

    def inquiries(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Inquiry]:
        """The images to ask their registries about, networks that services are in and no list has, and tasks of
        services of which some do not run."""
        swarm = objects(cluster, seen)
        images: set[str] = set()
        networks: set[str] = set()
        tasks: list[Inquiry] = []
        foreign = False
        kept = all_in_containerd(cluster, seen)
        for stack in cluster.stacks if swarm else ():
            drift = _drift(cluster, stack, swarm, kept)
            if isinstance(drift, Drift):
                images |= set(drift.inquired())
                networks |= drift.unlisted()
                tasks += asked(list(drift.found.services.values()))
                foreign = foreign or any(map(needs_plugin, drift.new_networks()))
        return [
            *([Inquiry(PLUGINS)] if foreign else []),
            *(Inquiry(f"/distribution/{image}/json", image) for image in sorted(images)),
            *(Inquiry(f"/networks/{network}") for network in sorted(networks)),
            *dict.fromkeys(tasks),
        ]

    def with_answers(self, seen: Seen[State], answers: Mapping[Inquiry, Any]) -> Mapping[str, State | None]:
        """The observed states with what registries said, the names of networks, and tasks."""
        images = {inquiry.image: answer for inquiry, answer in answers.items() if inquiry.image}
        listed = answers.get(Inquiry(PLUGINS))
        plugins = tuple(listed) if isinstance(listed, list) else None
        others = [answer for inquiry, answer in answers.items() if not inquiry.image and inquiry.path != PLUGINS]
        own = {answer["Id"]: answer["Name"] for answer in others if isinstance(answer, Mapping)}
        tasks: dict[str, tuple[Task, ...]] = {}
        for task in (task for answer in others if isinstance(answer, list) for task in answer):
            tasks[task["ServiceID"]] = (*tasks.get(task["ServiceID"], ()), task)

        def completed(swarm: SwarmObjects) -> SwarmObjects:
            return replace(swarm, images=images, own={**swarm.own, **own}, tasks=tasks, plugins=plugins)

        return {
            name: replace(state, swarm=completed(state.swarm)) if state and state.swarm else state
            for name, state in seen.states.items()
        }

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Planned once; a stack that is as described gets no step at all."""
        swarm = objects(cluster, seen)
        items: list[Step | Finding] = []
        kept = all_in_containerd(cluster, seen)
        drifts = [_drift(cluster, stack, swarm, kept) for stack in cluster.stacks]
        clear = [drift for drift in drifts if isinstance(drift, Drift)]
        ports = handovers(clear, taken(cluster, seen))
        for drift in drifts:
            items += Planner(drift, ports.of(drift)).items() if isinstance(drift, Drift) else drift
        items += [*ports.findings, *owned_twice(clear), *overlaps(clear)]
        makes_secret = any(isinstance(item, Step) and item.id.action == "secret" for item in items)
        if makes_secret and (swarm is None or swarm.key is None):
            items.insert(0, key_step(cluster, only_with=SWARM_EXISTS if swarm is None else None))
        return items

    def down(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Remove the inventory's stacks, wait until services, tasks and networks are gone. Volumes stay."""
        swarm = objects(cluster, seen)
        if swarm is None:
            return []
        present = swarm.stacks
        hosts = [host.name for host in seen.hosts(cluster)]
        stacks = [stack for stack in cluster.stacks if stack.name in present]
        others = bystanders(swarm, {stack.name for stack in cluster.stacks}) if cluster.taken_down else ()
        silent = [host.name for host in cluster.hosts if host.name not in seen.states]
        return [*others, *removals(stacks, swarm, hosts, silent)]


def _drift(
    cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects | None, containerd: bool
) -> Drift | list[Finding]:
    """The stack at hand, or why it cannot be planned. ``containerd`` keeps the hosts' images, or their engines do."""
    try:
        return Drift(cluster, stack, _desired(cluster, stack, swarm, containerd), swarm)
    except Unplannable as problem:
        return problem.findings
    except ComposeError as error:
        return [Finding("error", problem, role="stacks", next_action="fix the file") for problem in error.problems]


def _desired(cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects | None, containerd: bool) -> Desired:
    """What the request makes of the stack. While nobody can tell what runs, a partial one is planned as a deploy, so
    that what is wrong with the files is said; it is refused for that before anything is done."""
    rollout = stack.rollout
    if rollout.revision is not None:
        return rolled_back(cluster, stack, known(swarm))
    if swarm is not None and rollout.partial:
        return scaled(cluster, stack, swarm) if rollout.scale else restarted(cluster, stack, swarm)
    if rollout.resolve == "refresh":
        return refreshed(cluster, stack, swarm, containerd=containerd)
    return deployed(cluster, stack, swarm, containerd=containerd)


role = Stacks()
