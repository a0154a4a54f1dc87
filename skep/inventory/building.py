"""Checked sections -> the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from skep.inventory.gateways import jumps
from skep.inventory.merging import MergedHost
from skep.inventory.references import Surroundings, located
from skep.inventory.scalars import Scalar
from skep.inventory.schema import InventoryFile
from skep.inventory.stack_files import StackFiles
from skep.model import (
    Access,
    Availability,
    Cluster,
    Engine,
    Host,
    Network,
    NodeRole,
    Registry,
    Secret,
    Stack,
    Swarm,
)

_PATHS = ("key", "config", "known_hosts")


def cluster(
    name: str,
    file: InventoryFile,
    hosts: list[MergedHost],
    stack_files: Mapping[str, StackFiles],
    stacks: Path,
) -> Cluster:
    """The cluster a checked file describes."""
    given = file.given()
    return Cluster(
        name=name,
        hosts=tuple(_host(host) for host in hosts),
        swarm=_swarm(given["swarm"].given()) if "swarm" in given else Swarm(),
        networks=tuple(
            Network(name=network, **section.given()) for network, section in given.get("networks", {}).items()
        ),
        stacks=tuple(
            _stack(stack, section.given(), stack_files[stack], stacks / section.given().get("folder", stack))
            for stack, section in given.get("stacks", {}).items()
        ),
        registries=tuple(
            Registry(server=server, **section.given()) for server, section in given.get("registries", {}).items()
        ),
    )


def access(hosts: list[MergedHost], surroundings: Surroundings) -> dict[str, Access]:
    """How to log in to each host; relative paths start at the inventory's folder."""
    chains = {host.name: host.ssh.get("gateway", []) for host in hosts}
    return {host.name: _access(host, jumps(host.name, chains) or (), surroundings) for host in hosts}


def _access(host: MergedHost, gateways: tuple[str, ...], surroundings: Surroundings) -> Access:
    settings: dict[str, Any] = {key: value for key, value in host.ssh.items() if key != "gateway"}
    paths: dict[str, Path] = {key: located(settings[key], surroundings) for key in _PATHS if key in settings}
    return Access(**{**settings, **paths}, gateways=gateways)


def _host(host: MergedHost) -> Host:
    return Host(
        name=host.name,
        address=cast(str, host.address),
        role=cast(NodeRole, host.role),
        availability=cast(Availability, host.availability),
        labels=host.labels,
        groups=host.groups,
        engine=Engine(**host.engine),
        daemon=_sealed(host.daemon),
        advertise=host.advertise,
    )


def _sealed(value: object) -> Any:
    """Data with a ``Secret`` for each text that came from a reference."""
    if isinstance(value, Scalar):
        return str(value) if value.origin is None else Secret(str(value))
    if isinstance(value, dict):
        return {key: _sealed(inner) for key, inner in value.items()}
    return [_sealed(inner) for inner in value] if isinstance(value, list) else value


def _swarm(given: dict[str, Any]) -> Swarm:
    settings = {key: value for key, value in given.items() if key != "advertise"}
    if "address_pools" in settings:
        settings["address_pools"] = tuple(settings["address_pools"])
    return Swarm(**settings)


def _stack(name: str, given: dict[str, Any], files: StackFiles, folder: Path) -> Stack:
    settings = {key: given[key] for key in ("variables", "timeout", "resolve") if key in given}
    return Stack(
        name=name,
        compose=tuple(given.get("compose", ("compose.yml",))),
        files=files,
        directory=folder.as_posix(),
        **settings,
    )
