"""What each host gets: the file's top level, then its groups in order, then its own keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from skep.dataclass import dataclass
from skep.reading.values import Fields


@dataclass(frozen=True)
class MergedHost:
    """A host with all its settings in one place; ``ssh``, ``engine`` and ``daemon`` hold no defaults."""

    name: str
    own: Fields
    groups: tuple[str, ...]
    role: str | None
    availability: str
    labels: dict[str, str]
    advertise: str | None
    ssh: dict[str, Any]
    engine: dict[str, Any]
    daemon: dict[str, object]
    proxy: dict[str, object]
    registries: dict[str, dict[str, object]]
    """Certificates by registry."""
    trust: list[str]
    modules: list[str]
    sysctls: dict[str, str]
    open_firewall: bool
    settings: dict[str, object]
    """Values of the keys that roles bring along."""

    @property
    def address(self) -> str | None:
        """Where SSH goes; ``None`` if the file does not say."""
        return self.own.get("address")


def merged(file: Fields, host_keys: Sequence[str] = ()) -> list[MergedHost]:
    """All hosts, in the file's order; ``host_keys`` are those of roles."""
    naming: dict[str, dict[str, None]] = {}
    for group, section in file.section("groups").items():
        for name in section.get("hosts", ()):
            naming.setdefault(name, {})[group] = None
    return [_host(file, name, own, naming.get(name, {}), host_keys) for name, own in file.section("hosts").items()]


def _host(file: Fields, name: str, own: Fields, naming: Iterable[str], host_keys: Sequence[str]) -> MergedHost:
    """The host's groups: first those that list it (``naming``), then those that it lists itself, in its own order."""
    known = file.section("groups")
    named = dict.fromkeys(group for group in own.get("groups", ()) if group in known)
    groups = (*(group for group in naming if group not in named), *named)
    layers = [*(known[group] for group in groups), own]
    all_layers = [file, *layers]
    certificates, kernel = _joined(all_layers, "certificates"), _joined(all_layers, "kernel")
    return MergedHost(
        name=name,
        own=own,
        groups=groups,
        role=_last(layers, "role"),
        availability=_last(layers, "availability") or "active",
        labels={label: value for layer in layers for label, value in layer.section("labels").items()},
        advertise=_last([file.section("swarm"), *layers], "advertise"),
        ssh=_ssh(file, layers, name),
        engine=_joined(all_layers, "engine"),
        daemon=_joined(all_layers, "daemon"),
        proxy=_joined(all_layers, "proxy"),
        registries=_joined([layer.section("certificates") for layer in all_layers], "registries"),
        trust=certificates.get("trust", []),
        modules=kernel.get("modules", []),
        sysctls=_joined([layer.section("kernel") for layer in all_layers], "sysctls"),
        open_firewall=bool(_last(all_layers, "open-firewall")),
        settings={key: layer[key] for layer in layers for key in host_keys if key in layer},
    )


def _last(layers: list[Fields], key: str) -> Any:
    return next((layer[key] for layer in reversed(layers) if key in layer), None)


def _joined(layers: list[Fields], section: str) -> dict[str, Any]:
    return {key: value for layer in layers for key, value in layer.section(section).items()}


def _ssh(top: Fields, layers: list[Fields], name: str) -> dict[str, object]:
    """The host's SSH settings. If the host is itself in its chain of gateways, the chain ends before it."""
    shared = _joined([top, *layers[:-1]], "ssh")
    chain = shared.get("gateway", [])
    if name in chain:
        shared["gateway"] = chain[: chain.index(name)]
    return shared | _joined(layers[-1:], "ssh")
