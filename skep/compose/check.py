"""What the merged document must fulfil as a whole: names that exist, settings that go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from skep.compose.images import is_image
from skep.compose.mounts import is_absolute
from skep.compose.objects import external
from skep.compose.options import mode_of
from skep.compose.placement import ENGINE_LABELS, NODE_LABELS
from skep.compose.problems import Place, Problems
from skep.compose.quantities import nano_cpus
from skep.compose.values import Fields
from skep.inventory.findings import KeyPath
from skep.model import LOCAL_DRIVERS

_LEAST_MEMORY = 4 * 1024 * 1024
_LEAST_CPUS = 10**6
_LEAST_SPAN = 10**6
"""Nanoseconds, where any are given. Less is refused by swarmkit's ``controlapi/service.go``."""
PROXIES = {"traefik.": "Traefik", "caddy": "caddy-docker-proxy", "com.df.": "Docker Flow Proxy"}
"""Beginnings of labels by which proxies find services."""
_SPANS = ("interval", "timeout", "start_period", "start_interval")


def check(data: Fields, problems: Problems) -> None:
    """Note what does not fit together."""
    services = data.get("services")
    if not services:
        if not problems.errors:
            problems.error(data.where("services"), (), "there are no services")
        return
    used = {name for service in services.values() for name in service.get("networks") or ("default",)}
    for name, network in data.get("networks", {}).items():
        _network(name, network, used, problems)
    for name, volume in data.get("volumes", {}).items():
        _external(("volumes", name), volume, ("driver", "driver_opts", "labels"), problems)
    for section in ("configs", "secrets"):
        for name, one in data.get(section, {}).items():
            _external((section, name), one, (), problems)
    for name, service in services.items():
        _Service(data, service, ("services", name), problems).check()
    _published(services, problems)


def _published(services: Mapping[str, Fields], problems: Problems) -> None:
    """Ports that are published twice. Source: ``validateEndpointSpec`` and ``checkPortConflicts`` of swarmkit: only
    host ports of two services may be the same. Those of a range are told together."""
    first: dict[tuple[str, int], tuple[str, bool, Place]] = {}
    twice: dict[tuple[Place, str, str, str], list[tuple[int, int]]] = {}
    for name, service in services.items():
        own: dict[tuple[str, int], Place] = {}
        for number, port in enumerate(service.get("ports", ())):
            protocol, published = port.get("protocol") or "tcp", port.get("published", 0)
            key = (protocol, published)
            if not published:
                continue
            host = port.get("mode") == "host"
            other, beside, place = first.setdefault(key, (name, host, port.place))
            taken = f"in {own[key]}" if key in own else ""
            if other != name and not (host and beside):
                taken = f"by {problems.value(other)} in {place}"
            if taken:
                twice.setdefault((port.place, name, protocol, taken), []).append((published, number))
            own[key] = port.place
    for (place, name, protocol, taken), found in twice.items():
        ports, path = sorted({port for port, _ in found}), ("services", name, "ports", min(at for _, at in found))
        several = f"{len(ports)} ports, {ports[0]}/{protocol} to {ports[-1]}/{protocol}, are published {taken}"
        one = f"port {ports[0]}/{protocol} is published {taken}"
        problems.error(place, path, several if len(ports) > 1 else one)


def _network(name: str, network: Fields, used: set[str], problems: Problems) -> None:
    path = ("networks", name)
    if external(network):
        for key in sorted(set(network) - {"external", "name"}):
            if not key.startswith("x-"):
                problems.warn(network.where(key), (*path, key), "is ignored: the network is external")
    elif name not in used:
        problems.warn(network.place, path, "is not created: no service uses it")
    elif network.get("driver") in LOCAL_DRIVERS:
        message = f"'{network['driver']}' networks live on a single host; one that services can use is 'overlay'"
        problems.error(network.where("driver"), (*path, "driver"), message)
    if name in used and not external(network):
        _pools(path, network, problems)
    _external(path, network, (), problems)


def _pools(path: KeyPath, network: Fields, problems: Problems) -> None:
    """What ``validateIPAMConfiguration`` of swarmkit refuses."""
    for number, pool in enumerate((network.get("ipam") or {}).get("config") or ()):
        place = (*path, "ipam", "config", number)
        if "subnet" not in pool:
            if not problems.is_broken((*place, "subnet")):
                problems.error(pool.place, place, "needs a subnet")
            continue
        subnet = ip_network(pool["subnet"], strict=False)
        for key, address in (
            ("gateway", ip_address(pool["gateway"]) if pool.get("gateway") else None),
            ("ip_range", ip_interface(pool["ip_range"]).ip if pool.get("ip_range") else None),
        ):
            if address is not None and address not in subnet:
                message = f"{problems.value(pool[key])} is not in the subnet {problems.value(pool['subnet'])}"
                problems.error(pool.where(key), (*place, key), message)


def _external(path: KeyPath, one: Fields, without: tuple[str, ...], problems: Problems) -> None:
    for key in without if external(one) else ():
        if one.get(key):
            problems.error(one.where(key), (*path, key), "cannot be set for an external one")
    if one.get("name") and (one.get("external") or {}).get("name"):
        problems.error(one.where("name"), (*path, "name"), "is said twice, here and under 'external'")


@dataclass
class _Service:
    """The checks of one service."""

    data: Fields
    service: Fields
    path: KeyPath
    problems: Problems

    def check(self) -> None:
        self._image()
        self._names()
        self._mounts()
        self._deploy()
        self._ports()
        self._resources()
        self._labels()
        self._rest()

    def error(self, path: tuple[str | int, ...], message: str, place: Place | None = None) -> None:
        """Note an error below this service."""
        if place is None:
            at: Any = self.service
            place = self.service.place
            for part in path:
                if isinstance(at, Fields) and isinstance(part, str):
                    place, at = at.where(part), at.get(part)
        self.problems.error(place, (*self.path, *path), message)

    def _image(self) -> None:
        image = self.service.get("image")
        if self.problems.is_broken((*self.path, "image")):
            return
        if not image:
            self.error(("image",), "is missing: Swarm runs images, it does not build them")
        elif not is_image(image):
            self.error(("image",), f"{self.problems.value(image)} is not an image's name")

    def _names(self) -> None:
        for name in self.service.get("networks") or ():
            if name not in self.data.get("networks", {}) and name != "default":
                self._undefined(("networks", name), "network", name, self.service["networks"].where(name))
        for section, what in (("configs", "config"), ("secrets", "secret")):
            targets: dict[str, str] = {}
            for number, one in enumerate(self.service.get(section, ())):
                if one["source"] not in self.data.get(section, {}):
                    self._undefined((section, number), what, one["source"], one.place)
                target = one.get("target") or one["source"]
                if targets.setdefault(target, one["source"]) != one["source"]:
                    message = f"the target {self.problems.value(target)} is taken by another {what}"
                    self.error((section, number), message, one.place)

    def _undefined(self, path: tuple[str | int, ...], what: str, name: str, place: Place) -> None:
        hint = self.problems.hint(name, self.data.get(f"{what}s", {}))
        message = f"there is no {what} {self.problems.value(name)} under '{what}s'{hint}"
        self.error(path, message, place)

    def _mounts(self) -> None:
        targets: dict[str, Place] = {}
        for number, mount in enumerate(self.service.get("volumes", ())):
            kind, source, target = mount["type"], mount.get("source", ""), mount["target"]
            named = kind == "volume" or (kind == "cluster" and not source.startswith("group:"))
            if source and named and source not in self.data.get("volumes", {}):
                self._undefined(("volumes", number), "volume", source, mount.place)
            if target in targets:
                message = f"the target {self.problems.value(target)} is taken in {targets[target]}"
                self.error(("volumes", number), message, mount.place)
            targets[target] = mount.place
            if not is_absolute(target) and kind != "npipe":
                message = f"the target {self.problems.value(target)} must be an absolute path"
                self.error(("volumes", number), message, mount.place)

    def _deploy(self) -> None:
        deploy = self.service.get("deploy") or {}
        mode = mode_of(self.service)
        if mode.startswith("global") and "replicas" in deploy:
            self.error(("deploy", "replicas"), f"cannot be set for mode {mode}")
        if mode.endswith("job") and "update_config" in deploy:
            self.error(("deploy", "update_config"), f"cannot be set for mode {mode}")
        policy = deploy.get("restart_policy") or {}
        if mode.endswith("job") and policy.get("condition") == "any":
            self.error(("deploy", "restart_policy", "condition"), f"cannot be any for mode {mode}")
        for number, preference in enumerate((deploy.get("placement") or {}).get("preferences", ())):
            if not preference.get("spread", NODE_LABELS).casefold().startswith((NODE_LABELS, ENGINE_LABELS)):
                path = (*self.path, "deploy", "placement", "preferences", number, "spread")
                used = f"is ignored by Swarm, which spreads over {NODE_LABELS}* and {ENGINE_LABELS}* only"
                self.problems.warn(preference.where("spread"), path, used)
        if self.service.get("restart"):
            used = (
                "is ignored by Swarm beside deploy.restart_policy"
                if policy
                else ("is taken for deploy.restart_policy, which says it better")
            )
            self.problems.warn(self.service.where("restart"), (*self.path, "restart"), used)

    def _ports(self) -> None:
        dnsrr = (self.service.get("deploy") or {}).get("endpoint_mode") == "dnsrr"
        for number, port in enumerate(self.service.get("ports", ())):
            ingress = (port.get("mode") or "ingress") == "ingress"
            if dnsrr and ingress:
                self.error(("ports", number), "endpoint_mode dnsrr takes ports in mode host only", port.place)

    def _resources(self) -> None:
        resources = (self.service.get("deploy") or {}).get("resources") or {}
        for part in ("limits", "reservations"):
            given = resources.get(part) or {}
            if 0 < given.get("memory", 0) < _LEAST_MEMORY:
                self.error(("deploy", "resources", part, "memory"), "must be 4M or more")
            if 0 < nano_cpus(given.get("cpus") or "0") < _LEAST_CPUS:
                self.error(("deploy", "resources", part, "cpus"), "must be 0.001 or more")

    def _labels(self) -> None:
        """Labels of containers that a proxy looks for among those of services."""
        deployed = (self.service.get("deploy") or {}).get("labels") or {}
        misplaced: dict[str, list[str]] = {}
        for label in self.service.get("labels") or ():
            reader = next((name for start, name in PROXIES.items() if label.startswith(start)), None)
            if reader and label not in deployed:
                misplaced.setdefault(reader, []).append(label)
        for reader, labels in misplaced.items():
            more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
            path = (*self.path, "labels", labels[0])
            told = (
                f"{self.problems.value(labels[0])}{more}: in a swarm {reader} reads the labels under deploy.labels only"
            )
            self.problems.warn(self.service["labels"].where(labels[0]), path[:-1], told)

    def _rest(self) -> None:
        health = self.service.get("healthcheck") or {}
        if health.get("disable") and health.get("test"):
            self.error(("healthcheck", "disable"), "cannot be set beside a test")
        for key in () if health.get("disable") else _SPANS:
            if 0 < health.get(key, 0) < _LEAST_SPAN:
                self.error(("healthcheck", key), "must be 1ms or more")
        spec: Fields = self.service.get("credential_spec") or Fields(self.service.place)
        given = [key for key in ("config", "file", "registry") if spec.get(key)]
        if len(given) > 1:
            self.error(("credential_spec",), f"has {' and '.join(given)}: only one can be")
        config = spec.get("config")
        if config and config not in self.data.get("configs", {}):
            self._undefined(("credential_spec", "config"), "config", config, spec.where("config"))
