"""What the merged document must fulfil as a whole: names that exist, settings that go together."""

from __future__ import annotations

from skep.compose.configs import external
from skep.dataclass import dataclass
from skep.kinds.files import KEY_IGNORED, LABELS_MISPLACED, NETWORK_UNUSED, RESTART_KEY, ROLLBACK_PAUSES
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import truth
from skep.reading.values import Fields, where
from skep.swarm.network import ENCRYPTED
from skep.swarm.placement import ENGINE_LABELS, NODE_LABELS

PROXIES = {"traefik.": "Traefik", "caddy": "caddy-docker-proxy", "com.df.": "Docker Flow Proxy"}
"""Beginnings of labels by which proxies find services."""


def check(data: Fields, findings: Findings) -> None:
    """Note what does not fit together."""
    services = data.get("services")
    if not services:
        if not findings.errors:
            findings.error((), "there are no services", data.where("services"))
        return
    used = {name for service in services.values() for name in service.get("networks") or ("default",)}
    for name, network in data.get("networks", {}).items():
        _network(name, network, used, findings)
    for name, volume in data.get("volumes", {}).items():
        _external(("volumes", name), volume, ("driver", "driver_opts", "labels"), findings)
    for section in ("configs", "secrets"):
        for name, one in data.get(section, {}).items():
            _external((section, name), one, (), findings)
    for name, service in services.items():
        _Service(data, service, ("services", name), findings).check()


def _network(name: str, network: Fields, used: set[str], findings: Findings) -> None:
    path = ("networks", name)
    if external(network):
        for key in sorted(set(network) - {"external", "name"}):
            if not key.startswith("x-"):
                findings.warn(KEY_IGNORED, (*path, key), "is ignored: the network is external", network.where(key))
    elif name not in used:
        findings.warn(NETWORK_UNUSED, path, "is not created: no service uses it", network.place)
    options = network.get("driver_opts") or {}
    if truth(options.get(ENCRYPTED) or "") is False or options.get(ENCRYPTED) == "0":
        text = (
            f"{findings.value(options[ENCRYPTED])} is ignored by Swarm, which encrypts all the same: take the key out"
        )
        findings.warn(KEY_IGNORED, (*path, "driver_opts", ENCRYPTED), text, where(network, ("driver_opts", ENCRYPTED)))
    _external(path, network, (), findings)


def _external(path: KeyPath, one: Fields, without: tuple[str, ...], findings: Findings) -> None:
    for key in without if external(one) else ():
        if one.get(key):
            findings.error((*path, key), "cannot be set for an external one", one.where(key))
    if one.get("name") and (one.get("external") or {}).get("name"):
        findings.error((*path, "name"), "is said twice, here and under 'external'", one.where("name"))


@dataclass
class _Service:
    """The checks of one service."""

    data: Fields
    service: Fields
    path: KeyPath
    findings: Findings

    def check(self) -> None:
        self._names()
        self._mounts()
        self._deploy()
        self._labels()
        self._rest()

    def error(self, path: tuple[str | int, ...], message: str, place: Place | None = None) -> None:
        """Note an error below this service."""
        if place is None:
            at: object = self.service
            place = self.service.place
            for part in path:
                if isinstance(at, Fields) and isinstance(part, str):
                    place, at = at.where(part), at.get(part)
        self.findings.error((*self.path, *path), message, place)

    def _names(self) -> None:
        for name in self.service.get("networks") or ():
            if name not in self.data.get("networks", {}) and name != "default":
                self._undefined(("networks", name), "network", name, self.service["networks"].where(name))
        for section, what in (("configs", "config"), ("secrets", "secret")):
            for number, one in enumerate(self.service.get(section, ())):
                if one["source"] not in self.data.get(section, {}):
                    self._undefined((section, number), what, one["source"], one.place)

    def _undefined(self, path: tuple[str | int, ...], what: str, name: str, place: Place) -> None:
        hint = self.findings.hint(name, self.data.get(f"{what}s", {}))
        message = f"there is no {what} {self.findings.value(name)} under '{what}s'{hint}"
        self.error(path, message, place)

    def _mounts(self) -> None:
        for number, mount in enumerate(self.service.get("volumes", ())):
            kind, source = mount["type"], mount.get("source", "")
            named = kind == "volume" or (kind == "cluster" and not source.startswith("group:"))
            if source and named and source not in self.data.get("volumes", {}):
                self._undefined(("volumes", number), "volume", source, mount.place)

    def _deploy(self) -> None:
        deploy = self.service.get("deploy") or {}
        policy = deploy.get("restart_policy") or {}
        back = deploy.get("rollback_config")
        if back and back.get("failure_action") == "rollback":
            text = "'rollback' means 'pause' here: Swarm never rolls back a rollback"
            path = (*self.path, "deploy", "rollback_config", "failure_action")
            self.findings.warn(ROLLBACK_PAUSES, path, text, back.where("failure_action"))
        for number, preference in enumerate((deploy.get("placement") or {}).get("preferences", ())):
            if not preference.get("spread", NODE_LABELS).casefold().startswith((NODE_LABELS, ENGINE_LABELS)):
                path = (*self.path, "deploy", "placement", "preferences", number, "spread")
                used = f"is ignored by Swarm, which spreads over {NODE_LABELS}* and {ENGINE_LABELS}* only"
                self.findings.warn(KEY_IGNORED, path, used, preference.where("spread"))
        if self.service.get("restart"):
            used = (
                "is ignored by Swarm beside deploy.restart_policy"
                if policy
                else ("is taken for deploy.restart_policy, which says it better")
            )
            self.findings.warn(RESTART_KEY, (*self.path, "restart"), used, self.service.where("restart"))

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
            text = (
                f"{self.findings.value(labels[0])}{more}: in a swarm {reader} reads the labels under deploy.labels only"
            )
            self.findings.warn(LABELS_MISPLACED, path[:-1], text, self.service["labels"].where(labels[0]))

    def _rest(self) -> None:
        health = self.service.get("healthcheck") or {}
        if health.get("disable") and health.get("test"):
            self.error(("healthcheck", "disable"), "cannot be set beside a test")
        spec: Fields = self.service.get("credential_spec") or Fields(self.service.place)
        given = [key for key in ("config", "file", "registry") if spec.get(key)]
        if len(given) > 1:
            self.error(("credential_spec",), f"has {' and '.join(given)}: only one can be")
        config = spec.get("config")
        if config and config not in self.data.get("configs", {}):
            self._undefined(("credential_spec", "config"), "config", config, spec.where("config"))
