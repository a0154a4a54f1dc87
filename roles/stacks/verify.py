"""Stacks: what the compose files ask for, held against tasks, containers and ports."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from testinfra.host import Host as Remote

from skep.compose import convert, document_of
from skep.model import Cluster, Host, Secret, Stack
from skep.swarm.comparing import comparable
from skep.swarm.labels import NAMESPACE
from skep.swarm.ports import port_of, published
from skep.swarm.service import image_of, is_job, mode_of, replicas_of, runs_once
from skep.swarm.spec import ServiceSpec
from skep.verify.ask import Ask, engine_info

SERVICES = r"""
left=10
while found=$(timeout 20 docker stack services %s --format '{{json .}}') || exit; do
  printf '%%s\n' "$found" | awk -F'"Replicas":"' '
    !/ completed\)/ { split($2, tasks, "[/ \"]"); if (tasks[1] + 0 < tasks[2] + 0) exit 1 }' && break
  [ $left -gt 0 ] || break
  left=$((left - 1)); sleep 1
done
printf '%%s\n' "$found"
"""
"""Tasks on their way get ten seconds: a host that has just come back is still being given its own."""
INSPECT = (
    f"timeout 20 docker service ls --quiet --filter label={NAMESPACE}=%s |"
    " xargs -r timeout 20 docker service inspect --format '[{{json .ID}},{{json .Spec.Name}},{{json .UpdateStatus}}]'"
)
SPECS = (
    f"timeout 20 docker service ls --quiet --filter label={NAMESPACE}=%s |"
    " xargs -r timeout 20 docker service inspect --format '{{json .Spec}}'"
)
TASKS = (
    f"timeout 20 docker service ls --quiet --filter label={NAMESPACE}=%s |"
    " xargs -r timeout 20 docker service ps --quiet --no-trunc |"
    " xargs -r timeout 20 docker inspect --type task --format"
    " '[{{json .ID}},{{json .ServiceID}},{{json .NodeID}},{{json .DesiredState}},{{json .Status}}]'"
)
TELLING = ("Env", "Args", "Command", "Mode", "Mounts", "Ports", "Labels", "ContainerLabels", "Constraints")
"""Parts of a service that show which version it is, and hold no identifiers."""
CONTAINERS = f"timeout 20 docker ps --no-trunc --filter label={NAMESPACE}=%s --format '{{{{json .Names}}}}'"


def test_services(manager: Remote, stack: Stack, cluster: Cluster, ask: Ask) -> None:
    """its services are those of the compose files, and all their tasks run"""
    found = {line["Name"]: line for line in ask(manager, SERVICES, stack.name)}
    desired = _services(stack)
    wrong = [f"service {name} does not exist" for name in desired if name not in found]
    if document_of(stack).options.prune:
        wrong += [f"service {name} is in no compose file" for name in found if name not in desired]
    for name in sorted(set(desired) & set(found)):
        image = _tagged(image_of(desired[name]))
        if not _is_image(found[name]["Image"], image, cluster):
            wrong.append(f"service {name} runs {found[name]['Image']}, the compose file names {image}")
        running, meant = map(int, re.findall(r"\d+", found[name]["Replicas"])[:2])
        asked = _replicas(desired[name])
        if asked is not None and asked != meant:
            wrong.append(f"service {name} is scaled to {meant}, the compose file asks for {asked}")
        elif (
            running < meant
            and not _is_job(desired[name])
            and not _has_done(name, desired[name], meant, stack, manager, ask)
        ):
            wrong.append(f"service {name} runs {running} of {meant} tasks{_reason(name, stack, manager, ask)}")
    shown = _without_secrets("; ".join(wrong), stack)
    assert not shown, shown


def test_updates(manager: Remote, stack: Stack, cluster: Cluster, ask: Ask) -> None:
    """no update of its services is under way or paused, and none was rolled back to what the files no longer say"""
    states = {
        name: (str(update["State"]), update.get("Message") or "no reason")
        for _, name, update in ask(manager, INSPECT, stack.name)
        if update and update.get("State") not in (None, "", "completed")
    }
    back = {name for name, (state, _) in states.items() if state == "rollback_completed"}
    there = {spec["Name"]: spec for spec in ask(manager, SPECS, stack.name)} if back else {}
    desired = _services(stack)
    wrong = [
        f"the last update of {name} is {state.replace('_', ' ')}: {message}"
        for name, (state, message) in states.items()
        if name not in back or (name in desired and not _alike(there[name], desired[name], cluster))
    ]
    assert not wrong, _without_secrets("; ".join(wrong), stack)


def test_tasks_here(host: Remote, desired: Host, manager: Remote, stack: Stack, ask: Ask) -> None:
    """tasks that the managers place on the host are running containers there"""
    tasks = _tasks_here(host, manager, stack, ask)
    alive = [name.rpartition(".")[2] for name in ask(host, CONTAINERS, stack.name)]
    missing = [f"{service} (task {task[:12]})" for task, service in tasks.items() if task not in alive]
    assert not missing, f"{desired.name} should run and does not: {', '.join(missing)}"


def test_ports_here(host: Remote, desired: Host, manager: Remote, stack: Stack, ask: Ask) -> None:
    """host ports of tasks on the host answer there"""
    services = _services(stack)
    ports = {
        (protocol, port, name)
        for name in set(_tasks_here(host, manager, stack, ask).values())
        for protocol, port in _host_ports(services.get(name, {}))
    }
    if not ports:
        pytest.skip("none is published there")
    address = engine_info(host, ask)["Swarm"]["NodeAddr"]
    silent = [
        f"{port}/{protocol} of {name}"
        for protocol, port, name in sorted(ports)
        if not _answers(host, address, protocol, port)
    ]
    assert not silent, f"nothing answers at {desired.name} ({address}) on port {', '.join(silent)}"


def _answers(host: Remote, address: str, protocol: str, port: int) -> bool:
    """A connection from the host to its own address, as a client would make it; for UDP a bound socket has to do."""
    if protocol == "tcp":
        return bool(host.run("timeout 3 bash -c %s", f"</dev/tcp/{address}/{port}").rc == 0)
    return bool(host.socket(f"{protocol}://{port}").is_listening)


def _tasks_here(host: Remote, manager: Remote, stack: Stack, ask: Ask) -> Mapping[str, str]:
    """Tasks that the managers list as running on the host: task ID and service."""
    names = {service: name for service, name, _ in ask(manager, INSPECT, stack.name)}
    node = engine_info(host, ask)["Swarm"]["NodeID"]
    tasks = {
        task: names.get(service, service)
        for task, service, where, desired, status in ask(manager, TASKS, stack.name)
        if where == node and desired == "running" and status["State"] == "running"
    }
    if not tasks:
        pytest.skip("no task is placed there")
    return tasks


def _reason(service: str, stack: Stack, manager: Remote, ask: Ask) -> str:
    """Why tasks of the service do not run: the error of the newest one that does not."""
    identity = next((found for found, name, _ in ask(manager, INSPECT, stack.name) if name == service), None)
    states = [
        status
        for _, owner, _, _, status in ask(manager, TASKS, stack.name)
        if owner == identity and status["State"] != "running"
    ]
    if not states:
        return ""
    last = max(states, key=lambda status: str(status.get("Timestamp")))
    return f"; one is {last['State']}: {last.get('Err') or last.get('Message') or 'no reason given'}"


def _alike(have: ServiceSpec, desired: ServiceSpec, cluster: Cluster) -> bool:
    """Whether a service is, in what most of its versions differ by, what the files ask for: as after Swarm rolled it
    back and the files followed."""
    one, other = (comparable(spec, {}) for spec in (have, desired))
    same = _is_image(image_of(have), _tagged(image_of(desired)), cluster)
    return same and all(one.get(key) == other.get(key) for key in TELLING)


def _has_done(name: str, spec: ServiceSpec, meant: int, stack: Stack, manager: Remote, ask: Ask) -> bool:
    """Whether the service's tasks were to run once, and have ended well."""
    if not runs_once(spec):
        return False
    identity = next((found for found, one, _ in ask(manager, INSPECT, stack.name) if one == name), None)
    states = [status["State"] for _, owner, _, _, status in ask(manager, TASKS, stack.name) if owner == identity]
    return states.count("complete") + states.count("running") >= meant


def _without_secrets(text: str, stack: Stack) -> str:
    for value in stack.variables.values():
        if isinstance(value, Secret) and value.reveal():
            text = text.replace(value.reveal(), str(value))
    return text


def _tagged(image: str) -> str:
    """An image as named, with the tag that Docker takes where none is given; a digest is left out."""
    name = image.partition("@")[0]
    return name if ":" in name.rpartition("/")[2] or not name else f"{name}:latest"


def _is_image(there: str, asked: str, cluster: Cluster) -> bool:
    """Whether what a service runs is the image asked for: by name, or by its content where the inventory has it in a
    file."""
    held = [image for archive in cluster.archives for image in archive.images if asked in image.names]
    return any(there in (image.id, image.digest) for image in held) if held else _tagged(there) == asked


def _is_job(spec: ServiceSpec) -> bool:
    return is_job(spec)


def _replicas(spec: ServiceSpec) -> int | None:
    """Tasks the compose file asks for; ``None`` where the number depends on the swarm."""
    return replicas_of(spec) if mode_of(spec) == "Replicated" else None


def _host_ports(spec: ServiceSpec) -> list[tuple[str, int]]:
    """Protocol and port published on the host itself."""
    return [port_of(port) for port in published(spec) if port["PublishMode"] == "host"]


def _services(stack: Stack) -> Mapping[str, ServiceSpec]:
    """What the compose files ask for, by full name."""
    return convert(document_of(stack), stack.name).services
