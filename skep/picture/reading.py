"""From what managers and hosts answered to what the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from skep.dataclass import dataclass
from skep.engine.tasks import error_of, has_failed, is_kept, parse_time, slot_of, task_name, without_lost
from skep.errors import SkepError, reasons
from skep.model import Cluster, Host, canonical
from skep.picture.model import (
    Difference,
    FailedTask,
    Machine,
    NetworkLine,
    Note,
    Outlook,
    PlacedTask,
    Run,
    ServiceLine,
)
from skep.plan import Plan
from skep.swarm.archived import shown_image
from skep.swarm.image import is_identifier, short
from skep.swarm.labels import OURS, labels_of, stack_of
from skep.swarm.network import pools_of
from skep.swarm.objects import Network, Node, Service, Task
from skep.swarm.placement import spread_labels
from skep.swarm.quorum import hostname_of
from skep.swarm.references import attachments
from skep.swarm.service import image_of, is_job, job_of, mode_of

ZONES = ("zone", "topology.zone", "datacenter", "rack")
"""Labels of nodes that are taken for zones, the first that any node has, where no service spreads over one."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a manager lists; empty where none in a quorum answered."""

    nodes: Sequence[Node] = ()
    services: Sequence[Service] = ()
    tasks: Sequence[Task] = ()
    networks: Sequence[Network] = ()


def machines(
    cluster: Cluster,
    answered: Answered,
    outlooks: Mapping[str, Outlook],
    silent: Mapping[str, SkepError],
    identities: Mapping[str, str],
) -> tuple[Machine, ...]:
    """Hosts of the inventory in its order, then nodes that are not in it. ``identities``: name in the inventory → the
    ID of the node that the host says it is; one that says nothing is known by its name or address."""
    zone = zone_label(answered)
    placed = _placed(answered)
    nodes = {node["ID"]: node for node in answered.nodes}
    found = []
    for host in cluster.hosts:
        node = nodes.pop(identities.get(host.name) or _like(host, nodes), None)
        why = reasons({host.name: silent[host.name]}) if host.name in silent else ""
        look = outlooks.get(host.name, Outlook())
        if node is None:
            state = "not in the swarm" if answered.nodes else "not known"
            labels = dict(host.labels)
            found.append(
                Machine(
                    host.name, host.role, state, address=host.address, zone=labels.get(zone, ""), labels=labels,
                    in_swarm=not answered.nodes, silent=why, outlook=look,
                )
            )  # fmt: skip
        else:
            found.append(_machine(node, host.name, zone, placed, look, why, in_inventory=True))
    found += [
        _machine(node, hostname_of(node), zone, placed, Outlook(), "", in_inventory=False)
        for node in sorted(nodes.values(), key=hostname_of)
    ]
    return tuple(found)


def _like(host: Host, nodes: Mapping[str, Node]) -> str:
    """The ID of the node with a host's name or address, the newest of several; empty where there is none."""
    known = {host.name, *(canonical(text) for text in (host.address, host.advertise) if text)}
    like = [
        node for node in nodes.values() if known & {hostname_of(node), canonical(node["Status"].get("Addr") or "none")}
    ]
    return max(like, key=lambda node: node.get("CreatedAt", ""))["ID"] if like else ""


def _machine(
    node: Node,
    name: str,
    zone: str,
    placed: Mapping[str, tuple[PlacedTask, ...]],
    outlook: Outlook,
    silent: str,
    *,
    in_inventory: bool,
) -> Machine:
    manager = node.get("ManagerStatus") or {}
    labels = {key: value for key, value in labels_of(node["Spec"]).items() if not key.startswith(OURS)}
    engine = node["Description"].get("Engine") or {}
    return Machine(
        name=name,
        role=node["Spec"]["Role"],
        state=node["Status"]["State"],
        availability=node["Spec"]["Availability"],
        leader=bool(manager.get("Leader")),
        reachability=manager.get("Reachability", ""),
        zone=labels.get(zone, ""),
        engine=engine.get("EngineVersion", ""),
        address=node["Status"].get("Addr", ""),
        labels=labels,
        in_inventory=in_inventory,
        id=node["ID"],
        silent=silent,
        outlook=outlook,
        tasks=placed.get(node["ID"], ()),
    )


def zone_label(answered: Answered) -> str:
    """The label of nodes that says where they stand: what services spread over, else one that is named for it."""
    spread = [label for service in answered.services for label in spread_labels(service["Spec"])]
    used = {key for node in answered.nodes for key in labels_of(node["Spec"])}
    return next((label for label in (*spread, *ZONES) if label in used), "")


def _placed(answered: Answered) -> dict[str, tuple[PlacedTask, ...]]:
    """Tasks by the ID of their node; under an empty one those that have none."""
    nodes = {node["ID"]: node for node in answered.nodes}
    services = {service["ID"]: service for service in answered.services}
    found: dict[str, list[PlacedTask]] = {}
    for task in _that_count(answered.tasks, services):
        service = services[task["ServiceID"]]
        found.setdefault(task.get("NodeID", ""), []).append(
            PlacedTask(
                task_name(service, task, nodes), service["Spec"]["Name"], task["Status"]["State"], _since(task),
                error_of(task),
            )
        )  # fmt: skip
    return {node: tuple(sorted(tasks, key=lambda one: one.name)) for node, tasks in found.items()}


def _that_count(tasks: Iterable[Task], services: Mapping[str, Service]) -> list[Task]:
    """Of each slot the task that is desired, the newest where several are."""
    newest: dict[tuple[str, str | int], Task] = {}
    for task in sorted(tasks, key=lambda one: one.get("CreatedAt", "")):
        service = services.get(task.get("ServiceID", ""))
        if service and is_kept(task):
            newest[task["ServiceID"], slot_of(service, task)] = task
    return list(newest.values())


def _since(task: Task) -> datetime | None:
    return _time(task["Status"].get("Timestamp", ""))


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def failed(answered: Answered, machines: Iterable[Machine]) -> tuple[FailedTask, ...]:
    """Tasks that failed or cannot be placed, the newest first, as far as the managers remember them. Nodes are called
    as the ``machines`` are."""
    names = {one.id: one.name for one in machines if one.id}
    nodes = {node["ID"]: node for node in answered.nodes}
    services = {service["ID"]: service for service in answered.services}
    of_services = [task for task in answered.tasks if task.get("ServiceID") in services]
    fine = {
        (task["ServiceID"], slot_of(services[task["ServiceID"]], task))
        for task in of_services
        if is_kept(task) and task["Status"]["State"] in ("running", "complete")
    }
    found = []
    for task in of_services:
        service = services[task["ServiceID"]]
        place = (task["ServiceID"], slot_of(service, task))
        if has_failed(task) or (is_kept(task) and error_of(task) and place not in fine):
            found.append(
                FailedTask(
                    task["ID"], task_name(service, task, nodes), service["Spec"]["Name"], stack_of(service["Spec"]),
                    names.get(task.get("NodeID", ""), ""), task["Status"]["State"], _since(task), error_of(task),
                    place in fine,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (str(one.since or ""), one.name), reverse=True))


def services(answered: Answered) -> tuple[ServiceLine, ...]:
    """By stack and name."""
    networks = {network["Id"]: network["Name"] for network in answered.networks}
    unplaced = _placed(answered).get("", ())
    found = []
    for service in without_lost(answered.services, answered.tasks, answered.nodes):
        spec = service["Spec"]
        image, _, digest = image_of(spec).partition("@")
        image, digest = (shown_image(spec), image) if is_identifier(image) else (image, digest)
        running, desired = _counts(service)
        found.append(
            ServiceLine(
                stack=stack_of(spec),
                name=spec["Name"],
                mode=mode_of(spec).replace("Job", " job").lower(),
                running=running,
                desired=desired,
                update=(service.get("UpdateStatus") or {}).get("State", ""),
                image=image,
                digest=short(f"@{digest}").removeprefix("@") if digest else "",
                updated=_time(service.get("UpdatedAt", "")),
                networks=tuple(sorted(networks.get(one["Target"], one["Target"]) for one in attachments(spec))),
                unplaced=tuple(one for one in unplaced if one.service == spec["Name"]),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.stack, one.name)))


def _counts(service: Service) -> tuple[int, int]:
    """Tasks that run and that are desired; of a job, those that are complete and that are to be."""
    status = service.get("ServiceStatus") or {}
    running, desired = status.get("RunningTasks") or 0, status.get("DesiredTasks") or 0
    completed = status.get("CompletedTasks") or 0
    if not is_job(service["Spec"]):
        return running, desired
    if mode_of(service["Spec"]) == "GlobalJob":
        return completed, completed + desired
    return completed, job_of(service["Spec"])[0]


def networks(answered: Answered) -> tuple[NetworkLine, ...]:
    """Overlay networks by name, each with the services in it."""
    inside: dict[str, set[str]] = {}
    for service in answered.services:
        for one in attachments(service["Spec"]):
            inside.setdefault(one["Target"], set()).add(service["Spec"]["Name"])
    return tuple(
        NetworkLine(
            name=network["Name"],
            subnets=", ".join(pool.get("Subnet", "") for pool in pools_of(network)),
            encrypted="encrypted" in (network.get("Options") or {}),
            attachable=bool(network.get("Attachable")),
            internal=bool(network.get("Internal")),
            services=tuple(sorted(inside.get(network["Id"], ()))),
        )
        for network in sorted(answered.networks, key=lambda one: one["Name"])
    )


def differences(plan: Plan) -> tuple[Difference, ...]:
    """The steps of a plan, by host."""
    return tuple(
        Difference(place, step.title, step.cause, tuple(step.detail))
        for place, steps in plan.by_place().items()
        for step in steps
    )


def notes(plan: Plan) -> tuple[Note, ...]:
    """The findings of a plan, errors first; what is accepted comes last."""
    rank = {"error": 0, "warning": 1, "note": 2}
    ordered = sorted(plan.findings, key=lambda one: (one.accepted is not None, rank[one.level]))
    return tuple(
        Note(
            one.level, one.kind.id if one.kind else "", one.host or one.stack or "", one.text, one.next_action or "",
            str(one.accepted) if one.accepted else "",
        )
        for one in ordered
    )  # fmt: skip


def runs(entries: Iterable[Mapping[str, object]], last: int) -> tuple[Run, ...]:
    """The last runs of a history, newest first."""
    by_run: dict[str, list[Mapping[str, object]]] = {}
    for entry in entries:
        by_run.setdefault(str(entry.get("run", "")), []).append(entry)
    return tuple(_run(found) for found in list(by_run.values())[::-1][:last])


def _run(entries: Sequence[Mapping[str, object]]) -> Run:
    about = [one for one in entries if one.get("kind") == "run"]
    first, end = (about or entries)[0], about[-1] if about and about[-1].get("event") != "started" else {}
    steps = [one for one in entries if one.get("kind") == "step"]
    return Run(
        started=_time(str(first["time"])),
        what=str(first.get("what") or ""),
        who=str(first.get("who") or ""),
        commit=str(first.get("commit") or ""),
        ended=str(end.get("event") or ""),
        steps=sum(one.get("event") == "done" for one in steps),
        failed=sum(one.get("event") == "failed" for one in steps),
        error=" ".join(str(end.get("error") or "").split()),
    )
