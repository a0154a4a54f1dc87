"""Checked sections -> the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from skep.inventory.gateways import jumps
from skep.inventory.merging import MergedHost
from skep.inventory.references import Surroundings, located
from skep.inventory.stack_files import StackFiles
from skep.inventory.values import Referenced
from skep.model import (
    Accepted,
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
from skep.reading.values import Fields

_PATHS = ("key", "config", "known-hosts")


def cluster(
    name: str,
    file: Fields,
    hosts: list[MergedHost],
    stack_files: Mapping[str, StackFiles],
    stacks: Path,
) -> Cluster:
    """The cluster a checked file describes."""
    return Cluster(
        name=name,
        hosts=tuple(_host(host) for host in hosts),
        swarm=_swarm(file.section("swarm")),
        networks=tuple(
            Network(name=network, **attributes(section)) for network, section in file.section("networks").items()
        ),
        stacks=tuple(
            _stack(stack, section, stack_files[stack], stacks / section.get("folder", stack))
            for stack, section in file.section("stacks").items()
        ),
        registries=tuple(
            Registry(server=server, **attributes(section)) for server, section in file.section("registries").items()
        ),
        accepted=tuple(_accepted(entry, hosts) for entry in file.get("accept", ())),
    )


def _accepted(given: Fields, hosts: list[MergedHost]) -> Accepted:
    named = set(given.get("hosts", ()))
    return Accepted(
        id=given["id"],
        reason=given["reason"],
        until=given.get("until"),
        owner=given.get("owner", ""),
        hosts=frozenset(host.name for host in hosts if host.name in named or named.intersection(host.groups)),
        stacks=frozenset(given.get("stacks", ())),
    )


def attributes(given: Mapping[str, object]) -> dict[str, Any]:
    """What a section gives, by the names that the model has for its keys."""
    return {key.replace("-", "_"): value for key, value in given.items()}


def access(hosts: list[MergedHost], surroundings: Surroundings) -> dict[str, Access]:
    """How to log in to each host; relative paths start at the inventory's folder."""
    chains = {host.name: host.ssh.get("gateway", []) for host in hosts}
    return {host.name: _access(host, jumps(host.name, chains) or (), surroundings) for host in hosts}


def _access(host: MergedHost, gateways: tuple[str, ...], surroundings: Surroundings) -> Access:
    settings = {key: value for key, value in host.ssh.items() if key != "gateway"}
    paths = {key: located(settings[key], surroundings) for key in _PATHS if key in settings}
    return Access(**attributes({**settings, **paths}), gateways=gateways)


def _host(host: MergedHost) -> Host:
    return Host(
        name=host.name,
        address=cast(str, host.address),
        role=cast(NodeRole, host.role),
        availability=cast(Availability, host.availability),
        labels=host.labels,
        groups=host.groups,
        engine=_engine(host.engine),
        daemon=_sealed(host.daemon),
        advertise=host.advertise,
        settings=host.settings,
    )


def _engine(given: Mapping[str, Any]) -> Engine:
    settings = dict(given)
    if "plugins" in settings:
        settings["plugins"] = tuple(settings["plugins"])
    if "fingerprint" in settings:
        settings["fingerprint"] = "".join(settings["fingerprint"].split()).upper()
    return Engine(**settings)


def _sealed(value: object) -> Any:
    """Data with a ``Secret`` for each text that came from a reference."""
    if isinstance(value, Referenced):
        return Secret(str(value))
    if isinstance(value, dict):
        return {key: _sealed(inner) for key, inner in value.items()}
    return [_sealed(inner) for inner in value] if isinstance(value, list) else value


def _swarm(given: Fields) -> Swarm:
    settings = {key: value for key, value in given.items() if key != "advertise"}
    if "address-pools" in settings:
        settings["address-pools"] = tuple(settings["address-pools"])
    return Swarm(**attributes(settings))


def _stack(name: str, given: Fields, files: StackFiles, folder: Path) -> Stack:
    settings = {key: given[key] for key in ("variables", "timeout", "resolve") if key in given}
    return Stack(
        name=name,
        compose=tuple(given.get("compose", ("compose.yml",))),
        files=files,
        directory=folder.as_posix(),
        **settings,
    )
