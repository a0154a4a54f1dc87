"""Stacks: what their compose files ask for against what the swarm holds, service by service, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from roles.stacks.case import Case, is_what_runs
from roles.stacks.findings import owned_twice
from roles.stacks.health import asked
from roles.stacks.planner import Planner, key_step
from roles.stacks.ports import handovers
from roles.stacks.removal import bystanders, removals
from roles.stacks.state import Found, State, Told, believed, parse_state, told
from roles.stacks.subnets import overlaps
from roles.stacks.wanted import Wanted, from_compose, from_found, from_revision, hooks_of, refreshed
from skep.compose import ComposeError
from skep.model import Cluster, Host, Rollout, Stack
from skep.plan import Finding, Step
from skep.questions import SERVICES, Answers, Inquiry
from skep.swarm.revision import Revision
from skep.swarm.service import is_global, scaled

NOBODY = (
    "nobody can tell what runs: no manager of a swarm is among those that answered",
    "look at its managers: invoke cluster.plan",
)
BACK = "back to revision"
"""What the cause of a roll-out that goes back begins with."""
PLUGINS = "/plugins"
NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"

Observed = Mapping[str, State | None]


class Stacks:
    """Creates, updates and removes services through the Engine API; touches only what differs."""

    name = "stacks"
    is_cluster_wide = True
    probe = r"""
while IFS= read -r root; do
  set --
  for file in "$root"/containers/*/mounts/secrets/*; do [ ! -f "$file" ] || set -- "$@" "$file"; done
  [ $# = 0 ] || sha256sum -- "$@"
  for folder in "$root"/volumes/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}; name=${folder##*/} options=
    case $name in *[!0-9a-f]*) ;; *) [ ${#name} -eq 64 ] && continue ;; esac
    [ ! -f "$folder/opts.json" ] || IFS= read -r options <"$folder/opts.json" || :
    printf 'volume %s %s\n' "$name" "${options:-null}"
  done
done <<ROOTS
$data_roots
ROOTS
true
"""
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
                foreign = foreign or any(map(_has_plugin, case.new_networks()))
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
        makes_secret = any(isinstance(item, Step) and item.id.startswith("stacks/secret:") for item in items)
        if makes_secret and (seen is None or seen.key is None):
            items.insert(0, key_step(cluster, only_with="swarm/init" if seen is None else None))
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


def _has_plugin(network: Mapping[str, Any]) -> bool:
    """Whether a network that is to be made names drivers that are not the engine's own."""
    addresses = (network.get("IPAM") or {}).get("Driver") or "default"
    return network.get("Driver", "overlay") != "overlay" or addresses.lower() != "default"


def _case(cluster: Cluster, stack: Stack, seen: Told | None) -> Case | list[Finding]:
    """The stack at hand, or why it cannot be planned."""
    rollout = stack.rollout
    found = (seen or Told()).of(stack.name)
    try:
        if rollout.revision is not None:
            if seen is None:
                return [_error(*NOBODY)]
            revision = _revision(rollout.revision, found, seen or Told())
            if revision is None:
                return [_unknown_revision(stack, [revision.number for revision in found.revisions])]
            cause = revision.cause if _is_way_back(revision) else f"{BACK} {revision.number}"
            wanted = from_revision(stack, revision, found)
            if rollout.revision < 0 and _was_taken_back(found):
                wanted = replace(wanted, findings=(_taken_back(stack, found),))
            return Case(cluster, stack, wanted, seen, cause)
        if seen and rollout.partial:
            return _changed(cluster, stack, seen)
        files = from_compose(cluster, stack, found, seen)
        if rollout.resolve == "refresh":
            return _refreshed(cluster, stack, seen, files)
        return Case(cluster, stack, files, seen, "differs from the compose files")
    except ComposeError as error:
        return [Finding("error", problem, role="stacks", next_action="fix the file") for problem in error.problems]


def _refreshed(cluster: Cluster, stack: Stack, seen: Told | None, files: Wanted) -> Case | list[Finding]:
    """What runs, with the images that its tags are now; what else the files ask for is a deploy's to bring."""
    if seen is None:
        return [_error(*NOBODY)]
    found = seen.of(stack.name)
    wanted = refreshed(stack, found, seen, files)
    if not stack.resolve:
        text = f"the inventory says of stack {stack.name} that its images are in no registry: nothing is asked"
        return Case(cluster, stack, replace(wanted, findings=(Finding("note", text, role="stacks"),)), seen, "")
    deploy = Case(cluster, replace(stack, rollout=Rollout(resolve="never")), files, seen, "")
    if deploy.pruned or any(one.changes or one.have is None for one in deploy.differing):
        text = f"the files of stack {stack.name} ask for more than new images; a refresh leaves that"
        note = Finding("note", text, role="stacks", next_action=f"look at it: invoke stack.plan {stack.name}")
        wanted = replace(wanted, findings=(note,))
    case = Case(cluster, stack, wanted, seen, "its image has moved")
    if case.differing and case.open:
        text = f"images of stack {stack.name} have moved, and its last roll-out was not seen to its end"
        return [_error(text, f"deploy it first: invoke stack.deploy {stack.name}")]
    return case


def _is_way_back(revision: Revision) -> bool:
    return not revision.done and revision.cause.startswith(BACK)


def _revision(number: int, found: Found, seen: Told) -> Revision | None:
    """The one of that number; 0: the last that ran, -1: the last that ran before what is there, hooks aside. After a
    roll-out that failed that is the last that ran, also where it was gone back to already; a way back that nobody saw
    to its end is gone to its end."""
    if number > 0:
        return next((revision for revision in found.revisions if revision.number == number), None)
    ran = [revision for revision in found.revisions if revision.done]
    failed = bool(found.revisions) and not found.revisions[-1].done
    if number < 0 and failed and _is_way_back(found.revisions[-1]):
        return found.revisions[-1]
    while (
        ran
        and number < 0
        and not failed
        and not _was_taken_back(found)
        and is_what_runs(ran[-1].content["services"], found, seen, but=hooks_of(found))
    ):
        ran.pop()
    return ran[-1] if ran else None


def _was_taken_back(found: Found) -> bool:
    """Whether the last thing that happened is that a roll-out failed and was taken back."""
    past = found.revisions
    if len(past) < 2 or not past[-1].done or not past[-1].cause.startswith(BACK):
        return False
    return not past[-2].done and not _is_way_back(past[-2])


def _taken_back(stack: Stack, found: Found) -> Finding:
    """Going back is what has been done: who wants to go further says so."""
    failed, back = found.revisions[-2:]
    target = int(back.cause.removeprefix(BACK))
    older = [revision.number for revision in found.revisions if revision.done and revision.number < target]
    further = f"to go further back: invoke stack.rollback {stack.name} {older[-1]}; " if older else ""
    return Finding(
        "note",
        f"revision {failed.number} of stack {stack.name} failed and was taken back already: it is to be as revision"
        f" {target} had it",
        role="stacks",
        next_action=f"{further}what there is: invoke stack.history {stack.name}",
    )


def _changed(cluster: Cluster, stack: Stack, seen: Told) -> Case | list[Finding]:
    """What runs, scaled or restarted."""
    wanted = from_found(stack, seen.of(stack.name), seen)
    rollout = stack.rollout
    unknown = sorted({*rollout.scale, *rollout.restart} - set(wanted.services))
    if unknown:
        names = ", ".join(sorted(wanted.services)) or "none"
        return [_error(f"stack {stack.name} has no service {', '.join(unknown)}", f"its services are: {names}")]
    hooks = sorted(set(rollout.scale) & set(wanted.hooks))
    if hooks:
        return [_error(f"{', '.join(hooks)} is a hook of stack {stack.name}: scaling would run it", "scale services")]
    services = dict(wanted.services)
    for name, count in rollout.scale.items():
        if is_global(services[name]):
            return [_error(f"{name} is a global service: it has one task on each node", "scale replicated ones")]
        services[name] = scaled(services[name], count)
    told = [f"{name}={count}" for name, count in sorted(rollout.scale.items())]
    cause = f"scale {' '.join(told)}" if told else f"restart {', '.join(sorted(rollout.restart))}"
    return Case(cluster, stack, replace(wanted, services=services), seen, cause)


def _unknown_revision(stack: Stack, numbers: Sequence[int]) -> Finding:
    known = ", ".join(map(str, numbers)) or "none"
    wanted = stack.rollout.revision if (stack.rollout.revision or 0) > 0 else "to go back to"
    return _error(f"stack {stack.name} has no revision {wanted}", f"its revisions are: {known}")


def _error(text: str, next_action: str) -> Finding:
    return Finding("error", text, role="stacks", next_action=next_action)


role = Stacks()
