"""What a running engine says of its own configuration, in daemon.json's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from roles.daemon import proxies
from roles.daemon.data_folder import remapped, root_of
from skep.json_types import mapping, texts
from skep.model import Host, canonical
from skep.refusals.engines import LOOPBACK
from skep.secret import revealed
from skep.swarm.engine_info import EngineInfo, RegistryConfig

REGISTRY = ("registry-mirrors", "insecure-registries")
PROXIES: Mapping[str, Literal["HttpProxy", "HttpsProxy", "NoProxy"]] = {
    "http-proxy": "HttpProxy",
    "https-proxy": "HttpsProxy",
    "no-proxy": "NoProxy",
}
"""Keys of ``proxies``, and where the engine reports them; without the password, where there is one."""


def reported(info: EngineInfo) -> dict[str, object]:
    """Keys of daemon.json that ``docker info`` reports, with values as ``reported_form`` gives them."""
    registry: RegistryConfig = info.get("RegistryConfig") or {}
    indexes = registry.get("IndexConfigs") or {}
    networks = registry.get("InsecureRegistryCIDRs") or []
    insecure = {name for name, index in indexes.items() if not index.get("Secure", True)}
    insecure |= {network for network in networks if network not in LOOPBACK}
    live: dict[str, object] = {
        "registry-mirrors": sorted(mirror.rstrip("/") for mirror in registry.get("Mirrors") or []),
        "insecure-registries": sorted(map(canonical, insecure)),
        "labels": sorted(info.get("Labels") or []),
        "debug": info.get("Debug"),
        "live-restore": info.get("LiveRestoreEnabled"),
        "log-driver": info.get("LoggingDriver"),
        "storage-driver": info.get("Driver"),
        "data-root": root_of(info),
        "default-runtime": info.get("DefaultRuntime"),
        "userns-remap": remapped(info) if "SecurityOptions" in info else None,
        proxies.KEY: proxies.reported(info),
    }
    return {key: value for key, value in live.items() if value is not None}


def reported_form(key: str, value: object) -> object:
    """A desired value in the form the engine reports it."""
    value = revealed(value)
    if key == proxies.KEY:
        return proxies.reported_form(mapping(value))
    if key == "registry-mirrors":
        return sorted(mirror.rstrip("/") for mirror in texts(value))
    if key == "insecure-registries":
        return sorted(name for name in map(canonical, texts(value)) if name not in LOOPBACK)
    if key == "labels":
        return sorted(texts(value))
    if key == "userns-remap":
        return bool(value)
    return value


def asks_registries_as(host: Host, info: EngineInfo) -> bool:
    """Whether a running engine asks registries in the way that the host's inventory says."""
    desired: dict[str, object] = {**host.daemon, **proxies.variables(host)}
    live, own = reported(info), mapping(revealed(desired.get("proxies")))
    return all(
        live[key] == reported_form(key, desired[key])
        for key in (*REGISTRY, proxies.KEY)
        if key in desired and key in live
    ) and all(
        info.get(name) in (None, own[key]) for key, name in PROXIES.items() if key in own and "@" not in str(own[key])
    )
