"""Stacks: what their compose files ask for against what the swarm holds, service by service, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from roles.stacks.case import Case
from roles.stacks.deploy import deployed
from roles.stacks.desired import Desired, Unplannable, seen_by
from roles.stacks.findings import owned_twice
from roles.stacks.health import asked
from roles.stacks.planner import Planner, key_step
from roles.stacks.ports import handovers
from roles.stacks.refresh import refreshed
from roles.stacks.removal import bystanders, removals
from roles.stacks.restart import restarted
from roles.stacks.rollback import rolled_back
from roles.stacks.scale import scaled
from roles.stacks.state import State, Told, believed, parse_state, told
from roles.stacks.subnets import overlaps
from skep import places
from skep.compose import ComposeError
from skep.milestones import SWARM_EXISTS
from skep.model import Cluster, Host, Stack
from skep.plan import Finding, Step
from skep.questions import SERVICES, Answers, Inquiry
from skep.steps import Milestone
from skep.swarm.network import needs_plugin

PLUGINS = "/plugins"
NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"

Observed = Mapping[str, State | None]


class Stacks:
    """Creates, updates and removes services through the Engine API; touches only what differs."""

    name = "stacks"
    actions: tuple[str, ...] = (
        "resolve", "begin", "key", "network", "config", "secret", "create", "update", "restart", "ready", "running",
        "prune", "done", "failed", "collect", "remove", "gone", "volumes", "forget",
    )  # fmt: skip
    milestones: tuple[Milestone, ...] = ()
    is_cluster_wide = True
    probe = places.probe("roles/stacks/probe.sh")
    questions: tuple[str, ...] = (SERVICES, NETWORKS, "/configs", "/secrets", "/nodes")

    def desired(self, cluster: Cluster, host: Host) -> None:
        """Nothing on a host: stacks are the swarm's."""

    def parse(self, text: str, answers: Answers) -> State | None:
        """The swarm's objects from a manager; what tasks have mounted on the host, and options of its volumes."""
        return parse_state(text, answers, NETWORKS)

    def witness(self, cluster: Cluster, observed: Observed) -> str | None:
        """The manager that is believed: stacks are the swarm's, and what tasks have mounted stays what it was."""
        return believed(cluster, observed)

    def inquiries(self, cluster: Cluster, observed: Observed) -> Sequence[Inquiry]:
        """The images to ask their registries about, networks that services are in and no list tells, and tasks of
        services of which some do not run."""
        seen = told(cluster, observed)
        images: set[str] = set()
        networks: set[str] = set()
        tasks: list[Inquiry] = []
        foreign = False
        for stack in cluster.stacks if seen else ():
            case = _case(cluster, stack, seen)
            if isinstance(case, Case):
                images |= set(case.inquired())
                networks |= case.unlisted()
                tasks += asked(list(case.found.services.values()))
                foreign = foreign or any(map(needs_plugin, case.new_networks()))
        return [
            *([Inquiry(PLUGINS)] if foreign else []),
            *(Inquiry(f"/distribution/{image}/json", image) for image in sorted(images)),
            *(Inquiry(f"/networks/{network}") for network in sorted(networks)),
            *dict.fromkeys(tasks),
        ]

    def heard(self, observed: Observed, answers: Mapping[Inquiry, Any]) -> Observed:
        """The observed states with what registries said, the names of networks, and tasks."""
        images = {inquiry.image: answer for inquiry, answer in answers.items() if inquiry.image}
        listed = answers.get(Inquiry(PLUGINS))
        plugins = tuple(listed) if isinstance(listed, list) else None
        told = [answer for inquiry, answer in answers.items() if not inquiry.image and inquiry.path != PLUGINS]
        own = {answer["Id"]: answer["Name"] for answer in told if isinstance(answer, Mapping)}
        tasks: dict[str, tuple[Any, ...]] = {}
        for task in (task for answer in told if isinstance(answer, list) for task in answer):
            tasks[task["ServiceID"]] = (*tasks.get(task["ServiceID"], ()), task)

        def with_answers(told: Told) -> Told:
            return replace(told, images=images, own={**told.own, **own}, tasks=tasks, plugins=plugins)

        return {
            name: replace(state, told=with_answers(state.told)) if state and state.told else state
            for name, state in observed.items()
        }

    def plan(self, cluster: Cluster, desired: Mapping[str, None], observed: Observed) -> Sequence[Step | Finding]:
        """Planned once; a stack that is as described gets no step at all."""
        seen = told(cluster, observed)
        items: list[Step | Finding] = []
        cases = [_case(cluster, stack, seen) for stack in cluster.stacks]
        clear = [case for case in cases if isinstance(case, Case)]
        ports = handovers(clear)
        for case in cases:
            items += Planner(case, ports.of(case)).items() if isinstance(case, Case) else case
        items += [*ports.findings, *owned_twice(clear), *overlaps(clear)]
        makes_secret = any(isinstance(item, Step) and item.id.action == "secret" for item in items)
        if makes_secret and (seen is None or seen.key is None):
            items.insert(0, key_step(cluster, only_with=SWARM_EXISTS if seen is None else None))
        return items

    def down(self, cluster: Cluster, observed: Observed) -> Sequence[Step | Finding]:
        """Remove the inventory's stacks, wait until services, tasks and networks are gone. Volumes stay."""
        seen = told(cluster, observed)
        present = seen.stacks if seen else set()
        hosts = [host.name for host in cluster.hosts if host.name in observed]
        stacks = [stack for stack in cluster.stacks if stack.name in present]
        if seen is None:
            return []
        others = bystanders(seen, {stack.name for stack in cluster.stacks}) if cluster.taken_down else ()
        silent = [host.name for host in cluster.hosts if host.name not in observed]
        return [*others, *removals(stacks, seen, hosts, silent)]


def _case(cluster: Cluster, stack: Stack, seen: Told | None) -> Case | list[Finding]:
    """The stack at hand, or why it cannot be planned."""
    try:
        return Case(cluster, stack, _desired(cluster, stack, seen), seen)
    except Unplannable as problem:
        return problem.findings
    except ComposeError as error:
        return [Finding("error", problem, role="stacks", next_action="fix the file") for problem in error.problems]


def _desired(cluster: Cluster, stack: Stack, seen: Told | None) -> Desired:
    """What the request makes of the stack. While nobody can tell what runs, a partial one is planned as a deploy, so
    that what is wrong with the files is said; it is refused for that before anything is done."""
    rollout = stack.rollout
    if rollout.revision is not None:
        return rolled_back(cluster, stack, seen_by(seen))
    if seen is not None and rollout.partial:
        return scaled(cluster, stack, seen) if rollout.scale else restarted(cluster, stack, seen)
    if rollout.resolve == "refresh":
        return refreshed(cluster, stack, seen)
    return deployed(cluster, stack, seen)


role = Stacks()
