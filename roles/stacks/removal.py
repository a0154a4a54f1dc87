"""The steps that take a stack away."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from roles.stacks.kinds import ENDS_WITH_SWARM, STAYS_IN_USE, VOLUME_LEFT
from roles.stacks.state import Found, SwarmObjects
from roles.stacks.waiting import ALLOWANCE, longest_stop, step_id
from skep.measures import seconds_text
from skep.plan import Call, Finding, Run, Step, Wait
from skep.request import RequestedStack
from skep.shell import quoted, script
from skep.steps import StepId
from skep.swarm.labels import stack_of
from skep.swarm.objects import Object, Service
from skep.swarm.references import Kind, used
from skep.swarm.service import container_of
from skep.swarm.spec import Mount
from skep.swarm.timing import NOTABLE

VOLUMES = script("roles/stacks/volumes.sh")


def removals(
    stacks: Sequence[RequestedStack], swarm: SwarmObjects, hosts: Sequence[str], silent: Sequence[str] = ()
) -> Iterator[Step | Finding]:
    """Take these stacks away, those that use what another has before that one; volumes on those ``hosts``, and not on
    the ``silent`` ones."""
    leaving = [stack.name for stack in stacks]
    users = {
        name: {stack_of(service["Spec"]) for _, _, services in _used(name, swarm) for service in services}
        & {*leaving} - {name}
        for name in leaving
    }
    for stack in stacks:
        before = {user for user in users[stack.name] if stack.name not in _reached(user, users)}
        yield from _removal(stack, swarm, leaving, before, hosts)
        yield from _left(stack, swarm.of(stack.name), silent)


def _left(stack: RequestedStack, found: Found, silent: Sequence[str]) -> Iterator[Finding]:
    """Volumes that are to go and stay where nobody answered."""
    names = [full for one in stack.rollout.volumes if (full := _full(stack.name, one, found))]
    for host in silent if names else ():
        yield Finding(
            "warning",
            f"does not answer, so {', '.join(names)} may be left there",
            host=host,
            role="stacks",
            kind=VOLUME_LEFT,
            stack=stack.name,
            next_action=f"once it is back, on it: docker volume rm {' '.join(names)}",
        )


def bystanders(swarm: SwarmObjects, stacks: Collection[str]) -> Iterator[Finding]:
    """What runs in the swarm and is in none of these stacks."""
    whose: dict[str, list[str]] = {}
    for service in swarm.services:
        whose.setdefault(stack_of(service["Spec"]), []).append(service["Spec"]["Name"])
    for stack in sorted(set(whose) - set(stacks)):
        names = ", ".join(sorted(whose[stack]))
        yield Finding(
            "warning",
            f"stack {stack} is not in the inventory, and ends with the swarm: {names}"
            if stack
            else f"services of no stack end with the swarm: {names}",
            role="stacks",
            kind=ENDS_WITH_SWARM,
        )


def _reached(name: str, users: Mapping[str, set[str]]) -> set[str]:
    """Who uses it, who uses those, and so on. Stacks that use each other go side by side: each waits for the other's
    services to let go."""
    found: set[str] = set()
    new = {name}
    while new:
        new = {user for one in new for user in users[one]} - found
        found |= new
    return found


def _used(stack: str, swarm: SwarmObjects) -> Iterator[tuple[str, str, list[Service]]]:
    """Kind and name of what the stack has, with the services of others that use it."""
    found = swarm.of(stack)
    others = [service for service in swarm.services if stack_of(service["Spec"]) != stack]
    for name, network in found.networks.items():
        targets = {network["Id"], name}
        yield "network", name, [one for one in others if targets & used("network", one["Spec"])]
    kinds: tuple[tuple[Kind, Mapping[str, Object]], ...] = (("config", found.configs), ("secret", found.secrets))
    for kind, objects in kinds:
        for name in sorted(objects):
            yield kind, name, [other for other in others if name in used(kind, other["Spec"])]


def _removal(
    stack: RequestedStack, swarm: SwarmObjects, leaving: Collection[str], before: Collection[str], hosts: Sequence[str]
) -> Iterator[Step | Finding]:
    """Services, then their tasks, networks, configs and secrets; named volumes only where they were asked for. What
    services of stacks that are not ``leaving`` use stays; nothing is to be done where that is all there is."""
    name, found = stack.name, swarm.of(stack.name)
    unknown = [one for one in stack.rollout.volumes if not _full(name, one, found)]
    if unknown:
        own = ", ".join(sorted(one.removeprefix(f"{name}_") for one in _volumes(name, found))) or "none"
        yield Finding(
            "error",
            f"stack {name} mounts no volume {', '.join(unknown)}; its volumes are: {own}",
            role="stacks",
            next_action="fix --volumes; what is not the stack's is removed by hand, on each host that has it:"
            f" docker volume rm {' '.join(unknown)}",
        )
        return
    detail = [f"service {one}" for one in sorted(found.services)]
    kept: list[str] = []
    for kind, one, services in _used(name, swarm):
        users = sorted(service["Spec"]["Name"] for service in services if stack_of(service["Spec"]) not in leaving)
        if not users:
            detail.append(f"{kind} {one}")
            continue
        kept += [one] if kind == "network" else []
        use = f"the service {users[0]} uses" if len(users) == 1 else f"the services {', '.join(users)} use"
        yield Finding(
            "warning",
            f"stack {name}: the {kind} {one} stays: {use} it",
            role="stacks",
            kind=STAYS_IN_USE,
            stack=name,
            next_action=f"once nothing uses it any more: invoke stack.rm {name}",
        )
    if detail or found.revisions:
        volumes = [_full(name, one, found) for one in stack.rollout.volumes]
        yield from _steps(
            stack, found.services.values(), detail, kept, before, {host: volumes for host in hosts if volumes}
        )


def _steps(
    stack: RequestedStack,
    services: Collection[Service],
    detail: Sequence[str],
    kept: Sequence[str],
    before: Collection[str],
    volumes: Mapping[str, Sequence[str]],
) -> list[Step]:
    name, longest = stack.name, longest_stop(services)
    keep = {"keep": list(kept)} if kept else {}
    steps: list[Step] = [
        Call(
            id=step_id("remove", name),
            title=f"remove stack {name}",
            cause="taken down",
            operation="stack_remove",
            arguments={"stack": name, **keep},
            detail=tuple(detail),
            after=tuple(step_id("remove", one) for one in sorted(before)),
        ),
        Wait(
            id=step_id("gone", name),
            title=f"wait until stack {name} is gone",
            cause="removal is asynchronous",
            condition="stack_gone",
            arguments={"stack": name, **keep},
            needs=(step_id("remove", name),),
            timeout=stack.timeout or ALLOWANCE + longest,
            detail=(f"its tasks may take {seconds_text(longest)} to stop",) if longest >= NOTABLE else (),
        ),
    ]
    steps += [_volumes_gone(name, host, names) for host, names in volumes.items()]
    forget = Call(
        id=step_id("forget", name),
        title=f"forget the revisions of stack {name}",
        cause="taken down",
        operation="stack_forget",
        arguments={"stack": name},
        needs=tuple(step.id for step in steps[1:]),
    )
    return [*steps, forget]


def _volumes_gone(stack: str, host: str, names: Sequence[str]) -> Run:
    return Run(
        id=StepId("stacks", "volumes", host, stack),
        host=host,
        title=f"remove volumes {', '.join(names)}, with what is in them",
        cause="asked for with --volumes",
        script=f"set -- {quoted(*names)}\n{VOLUMES}",
        needs=(step_id("gone", stack),),
    )


def _full(stack: str, volume: str, found: Found) -> str:
    """The volume's name on the hosts; nothing where the stack is known to mount none of that name."""
    names = [volume if volume.startswith(f"{stack}_") else f"{stack}_{volume}", f"{stack}_{volume}", volume]
    if not (found.services or found.revisions):
        return names[0]
    return next((name for name in names if name in _volumes(stack, found)), "")


def _volumes(stack: str, found: Found) -> set[str]:
    """The stack's own volumes: what its services mount, and did in the revisions that are kept."""
    specs = [service["Spec"] for service in found.services.values()]
    specs += [spec for revision in found.revisions for spec in revision.content["services"].values()]
    mounts = [mount for spec in specs for mount in container_of(spec).get("Mounts") or ()]
    return {
        mount["Source"]
        for mount in mounts
        if mount.get("Type") == "volume" and mount.get("Source") and _is_own(stack, mount)
    }


def _is_own(stack: str, mount: Mount) -> bool:
    return stack_of(mount.get("VolumeOptions") or {}) == stack
