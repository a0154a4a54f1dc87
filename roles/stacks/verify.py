"""Stacks: what the compose files ask for, held against tasks, containers and ports."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from testinfra.host import Host as Remote

from skep.model import Host, Secret, Stack, reveal

SERVICES = r"""
left=10
until timeout 20 docker stack services %s --format '{{.Replicas}}' |
  awk -F'[/ ]' '!/completed/ && $1 < $2 { exit 1 }' || [ $left = 0 ]; do
  left=$((left - 1)); sleep 1
done
timeout 20 docker stack services %s --format '{{json .}}'
"""
"""Tasks on their way get ten seconds: a host that has just come back is still being given its own."""
INSPECT = (
    "timeout 20 docker service ls --quiet --filter label=com.docker.stack.namespace=%s |"
    " xargs -r timeout 20 docker service inspect --format '[{{json .ID}},{{json .Spec.Name}},{{json .UpdateStatus}}]'"
)
TASKS = (
    "timeout 20 docker service ls --quiet --filter label=com.docker.stack.namespace=%s |"
    " xargs -r timeout 20 docker service ps --quiet --no-trunc |"
    " xargs -r timeout 20 docker inspect --type task --format"
    " '[{{json .ID}},{{json .ServiceID}},{{json .NodeID}},{{json .DesiredState}},{{json .Status}}]'"
)
CONTAINERS = "timeout 20 docker ps --no-trunc --filter label=com.docker.stack.namespace=%s --format '{{json .Names}}'"
SWARM = "timeout 20 docker info --format '{{json .Swarm}}'"
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<how>:?[-?])(?P<default>[^}]*))?\})")
Ask = Callable[..., list[Any]]


def test_services(manager: Remote, stack: Stack, ask: Ask) -> None:
    """its services are those of the compose files, and all their tasks run"""
    found = {line["Name"]: line for line in ask(manager, SERVICES, stack.name, stack.name)}
    wanted = {f"{stack.name}_{name}": service for name, service in _services(stack).items()}
    wrong = [f"service {name} does not exist" for name in wanted if name not in found]
    wrong += [f"service {name} is in no compose file" for name in found if name not in wanted]
    for name in sorted(set(wanted) & set(found)):
        image = _tagged(str(wanted[name].get("image", "")))
        if image not in ("", _tagged(found[name]["Image"])):
            wrong.append(f"service {name} runs {found[name]['Image']}, the compose file names {image}")
        running, meant = map(int, re.findall(r"\d+", found[name]["Replicas"])[:2])
        asked = _replicas(wanted[name])
        if asked is not None and asked != meant:
            wrong.append(f"service {name} is scaled to {meant}, the compose file asks for {asked}")
        elif running < meant and not _is_job(wanted[name]):
            wrong.append(f"service {name} runs {running} of {meant} tasks{_reason(name, stack, manager, ask)}")
    shown = _without_secrets("; ".join(wrong), stack)
    assert not shown, shown


def test_updates(manager: Remote, stack: Stack, ask: Ask) -> None:
    """no update of its services is under way, paused or rolled back"""
    wrong = [
        f"the last update of {name} is {update['State'].replace('_', ' ')}: {update.get('Message') or 'no reason'}"
        for _, name, update in ask(manager, INSPECT, stack.name)
        if update and update.get("State") not in (None, "", "completed")
    ]
    assert not wrong, "; ".join(wrong)


def test_tasks_here(host: Remote, wanted: Host, manager: Remote, stack: Stack, ask: Ask) -> None:
    """tasks that the managers place on the host are running containers there"""
    tasks = _tasks_here(host, manager, stack, ask)
    alive = [name.rpartition(".")[2] for name in ask(host, CONTAINERS, stack.name)]
    missing = [f"{service} (task {task[:12]})" for task, service in tasks.items() if task not in alive]
    assert not missing, f"{wanted.name} should run and does not: {', '.join(missing)}"


def test_ports_here(host: Remote, wanted: Host, manager: Remote, stack: Stack, ask: Ask) -> None:
    """host ports of tasks on the host answer there"""
    services = _services(stack)
    ports = {
        (protocol, port, name)
        for name in set(_tasks_here(host, manager, stack, ask).values())
        for protocol, port in _host_ports(services.get(name.removeprefix(f"{stack.name}_"), {}))
    }
    if not ports:
        pytest.skip("none is published there")
    address = ask(host, SWARM)[0]["NodeAddr"]
    silent = [
        f"{port}/{protocol} of {name}"
        for protocol, port, name in sorted(ports)
        if not _answers(host, address, protocol, port)
    ]
    assert not silent, f"nothing answers at {wanted.name} ({address}) on port {', '.join(silent)}"


def _answers(host: Remote, address: str, protocol: str, port: int) -> bool:
    """A connection from the host to its own address, as a client would make it; for UDP a bound socket has to do."""
    if protocol == "tcp":
        return bool(host.run("timeout 3 bash -c %s", f"</dev/tcp/{address}/{port}").rc == 0)
    return bool(host.socket(f"{protocol}://{port}").is_listening)


def _tasks_here(host: Remote, manager: Remote, stack: Stack, ask: Ask) -> Mapping[str, str]:
    """Running tasks on the host as the managers tell: task ID and service."""
    names = {service: name for service, name, _ in ask(manager, INSPECT, stack.name)}
    node = ask(host, SWARM)[0]["NodeID"]
    tasks = {
        task: names.get(service, service)
        for task, service, where, desired, status in ask(manager, TASKS, stack.name)
        if where == node and desired == "running" and status["State"] == "running"
    }
    if not tasks:
        pytest.skip("no task is placed there")
    return tasks


def _reason(service: str, stack: Stack, manager: Remote, ask: Ask) -> str:
    """Why tasks of the service do not run: what the newest of those that do not says."""
    identity = next((found for found, name, _ in ask(manager, INSPECT, stack.name) if name == service), None)
    states = [
        status
        for _, owner, _, _, status in ask(manager, TASKS, stack.name)
        if owner == identity and status["State"] != "running"
    ]
    if not states:
        return ""
    last = max(states, key=lambda status: str(status.get("Timestamp")))
    return f"; one is {last['State']}: {last.get('Err') or last.get('Message') or 'no reason told'}"


def _without_secrets(text: str, stack: Stack) -> str:
    for value in stack.variables.values():
        if isinstance(value, Secret) and value.reveal():
            text = text.replace(value.reveal(), str(value))
    return text


def _tagged(image: str) -> str:
    """An image as named, with the tag that Docker takes where none is given; a digest is left out."""
    name = image.partition("@")[0]
    return name if ":" in name.rpartition("/")[2] or not name else f"{name}:latest"


def _is_job(service: Mapping[str, Any]) -> bool:
    return str(_deploy(service).get("mode", "")).endswith("-job")


def _replicas(service: Mapping[str, Any]) -> int | None:
    """Tasks the compose file asks for; ``None`` where the number is the swarm's to tell."""
    if _deploy(service).get("mode", "replicated") != "replicated":
        return None
    return int(_deploy(service).get("replicas", 1))


def _deploy(service: Mapping[str, Any]) -> Mapping[str, Any]:
    return service.get("deploy") or {}


def _host_ports(service: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Protocol and port published on the host itself; only the long form can ask for that."""
    return [
        (str(port.get("protocol", "tcp")), int(port["published"]))
        for port in service.get("ports") or []
        if isinstance(port, Mapping) and port.get("mode") == "host" and port.get("published")
    ]


def _services(stack: Stack) -> dict[str, dict[str, Any]]:
    """The services with what is checked here, merged over the compose files and with variables filled in."""
    values = {name: reveal(value) for name, value in stack.variables.items()}
    services: dict[str, dict[str, Any]] = {}
    for file in stack.compose:
        document = _filled(yaml.safe_load(stack.files[file]) or {}, values)
        for name, service in (document.get("services") or {}).items():
            merged = services.setdefault(name, {"image": "", "deploy": {}, "ports": []})
            merged["deploy"] |= (service or {}).get("deploy") or {}
            merged["image"] = (service or {}).get("image") or merged["image"]
            merged["ports"] += (service or {}).get("ports") or []
    return services


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: _variable(match, variables), value)
    if isinstance(value, dict):
        return {key: _filled(inner, variables) for key, inner in value.items()}
    return [_filled(inner, variables) for inner in value] if isinstance(value, list) else value


def _variable(match: re.Match[str], variables: Mapping[str, str]) -> str:
    """``$$``, ``$NAME``, ``${NAME}``, ``${NAME-default}`` and, where empty counts as unset, ``${NAME:-default}``."""
    if match["escaped"]:
        return "$"
    value = variables.get(match["bare"] or match["name"])
    unset = value is None or (not value and str(match["how"]).startswith(":"))
    return (match["default"] or "" if str(match["how"]).endswith("-") else "") if unset else value or ""
