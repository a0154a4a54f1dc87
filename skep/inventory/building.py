"""Checked sections -> the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, cast

from skep.inventory.gateways import jumps
from skep.inventory.merging import MergedHost
from skep.inventory.pem import pem
from skep.inventory.stack_files import StackFiles
from skep.inventory.value_references import Surroundings, located
from skep.json_types import texts
from skep.model import (
    Accepted,
    Access,
    Archive,
    Availability,
    Certificates,
    Cluster,
    Engine,
    Freeze,
    Host,
    Kernel,
    Maintenance,
    Network,
    NodeRole,
    Notice,
    Proxy,
    Registry,
    RegistryCertificates,
    Schedule,
    Secret,
    Stack,
    Swarm,
    Window,
)
from skep.reading.settings import Referenced
from skep.reading.values import Fields

_PATHS = ("key", "config", "known-hosts")


def cluster(
    name: str,
    file: Fields,
    hosts: list[MergedHost],
    stack_files: Mapping[str, StackFiles],
    surroundings: Surroundings,
    archives: tuple[Archive, ...] = (),
) -> Cluster:
    """The cluster a checked file describes."""
    stacks = surroundings.stacks.absolute()
    return Cluster(
        name=name,
        hosts=tuple(_host(host, surroundings) for host in hosts),
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
        archives=archives,
        accepted=tuple(_accepted(entry, hosts) for entry in file.get("accept", ())),
        metrics=file.get("metrics"),
        maintenance=_maintenance(file.section("maintenance")),
        notices=tuple(_notice(name, given) for name, given in file.section("notices").items()),
        schedules=tuple(_schedule(name, given) for name, given in file.section("schedules").items()),
    )


def _maintenance(given: Fields) -> Maintenance:
    return Maintenance(
        given.get("timezone", ""),
        tuple(Window(one["when"], one["for"], tuple(one.get("stacks", ()))) for one in given.get("windows", ())),
        tuple(
            Freeze(one["from"], one["until"], one["reason"], tuple(one.get("stacks", ())))
            for one in given.get("freezes", ())
        ),
    )


def _notice(name: str, given: Fields) -> Notice:
    listed = {key: tuple(given[key]) for key in ("command", "events", "schedules") if key in given}
    return Notice(name, **attributes({**given, **listed}))


def _schedule(name: str, given: Fields) -> Schedule:
    listed = {key: tuple(given[key]) for key in ("when", "stacks") if key in given}
    return Schedule(name, **attributes({**given, **listed}))


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


def _host(host: MergedHost, surroundings: Surroundings) -> Host:
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
        proxy=Proxy(
            http=_sealed(host.proxy["http"]) if host.proxy.get("http") else None,
            https=_sealed(host.proxy["https"]) if host.proxy.get("https") else None,
            none=tuple(texts(host.proxy.get("no-proxy"))),
        ),
        certificates=_certificates(host, surroundings),
        kernel=Kernel(tuple(host.modules), dict(host.sysctls)),
        open_firewall=host.open_firewall,
        settings=host.settings,
    )


def _engine(given: Mapping[str, Any]) -> Engine:
    settings = dict(given)
    if "plugins" in settings:
        settings["plugins"] = tuple(settings["plugins"])
    if "fingerprint" in settings:
        settings["fingerprint"] = "".join(settings["fingerprint"].split()).upper()
    return Engine(**settings)


def _certificates(host: MergedHost, surroundings: Surroundings) -> Certificates:
    def read(given: Mapping[str, object], key: str) -> str | None:
        value = given.get(key)
        return pem(value, surroundings) if isinstance(value, str) else None

    return Certificates(
        registries={
            name: RegistryCertificates(
                ca=read(given, "ca"),
                client=read(given, "client-cert"),
                key=Secret(key) if (key := read(given, "client-key")) else None,
            )
            for name, given in host.registries.items()
        },
        trust={PurePath(value).stem: pem(value, surroundings) for value in host.trust},
    )


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
