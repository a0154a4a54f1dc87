"""What a running engine says of its own configuration, in daemon.json's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reported(info: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of daemon.json that ``docker info`` tells, with values as ``reported_form`` gives them."""
    registry = info.get("RegistryConfig") or {}
    indexes = registry.get("IndexConfigs") or {}
    networks = registry.get("InsecureRegistryCIDRs") or []
    insecure = {name for name, index in indexes.items() if not index.get("Secure", True)}
    insecure |= {network for network in networks if network not in ("127.0.0.0/8", "::1/128")}
    live = {
        "registry-mirrors": sorted(mirror.rstrip("/") for mirror in registry.get("Mirrors") or []),
        "insecure-registries": sorted(insecure),
        "labels": sorted(info.get("Labels") or []),
        "debug": info.get("Debug"),
        "live-restore": info.get("LiveRestoreEnabled"),
        "log-driver": info.get("LoggingDriver"),
        "storage-driver": info.get("Driver"),
        "data-root": info.get("DockerRootDir"),
        "default-runtime": info.get("DefaultRuntime"),
    }
    return {key: value for key, value in live.items() if value is not None}
