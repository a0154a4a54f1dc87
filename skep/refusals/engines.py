"""Versions of engines and what depends on them: keys of daemon.json that one does not know, values of them that it does
not start with, and networks that it cuts.

Sources: moby's release notes, and its daemon/config, daemon/graphdriver and daemon/logger in each version from 20.10 to
29.7; moby#51798 for encrypted networks, moby#51042 for userns-remap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from skep.json_types import mapping

Version = tuple[int, ...]

_GONE: Mapping[str, tuple[Version, str]] = {
    "api-cors-header": ((29,), "was removed in Docker 29: let a proxy before the API send it"),
    "oom-score-adjust": ((26,), "was removed by Docker 26: set OOMScoreAdjust in a drop-in of docker.service"),
}
"""Key → the first version without it, and what to do."""
_NEW: Mapping[str, Version] = {
    "proxies": (23,),
    "default-network-opts": (24,),
    "log-format": (25,),
    "cdi-spec-dirs": (25,),
    "bip6": (28,),
    "host-gateway-ips": (28,),
    "ip-forward-no-drop": (28,),
    "allow-direct-routing": (28, 2),
    "firewall-backend": (29,),
    "bridge-accept-fwmark": (29,),
    "min-api-version": (29,),
    "nri-opts": (29, 2),
    "default-stop-timeout": (29, 7),
}
"""Key → the first version with it."""
_DROPPED: Mapping[tuple[str, str], tuple[Version, str]] = {
    ("storage-driver", "aufs"): ((24,), "overlay2"),
    ("storage-driver", "overlay"): ((24,), "overlay2"),
    ("storage-driver", "devicemapper"): ((25,), "overlay2"),
    ("log-driver", "logentries"): ((25,), "another one, such as syslog or gelf"),
}
"""Key and value → the first version without it, and what to take instead."""
_NOT_REMAPPED: Version = (29,)
"""The first version that keeps no images in containerd where users are remapped."""
CGROUP_V1_DEPRECATED: Version = (29,)
"""The first version that deprecates cgroup v1 (moby#51111)."""
LOOPBACK_SECURE: Version = (29, 10)
"""The first version for which registries at loopback addresses are like all others where ``insecure-registries`` is
set, be it to nothing (moby#53868)."""
LOOPBACK = ("127.0.0.0/8", "::1/128")
"""Ranges of registries that are insecure by default."""


def numbers(version: str) -> tuple[int, ...]:
    """``(29, 2)`` of ``29.2`` and ``29.2.*``."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[+~-]", version)[0]))


def upstream(version: str) -> str:
    """``26.1.5`` from a package version such as ``5:26.1.5+dfsg1-9+b1``."""
    return re.sub(r"^\d+:", "", version).split("+")[0].split("-")[0].split("~")[0]


def prefix(desired: str) -> str:
    """The version that ``26.1.*`` is a wildcard for, without it."""
    return desired.removesuffix(".*")


def fits(version: str | None, desired: str) -> bool:
    """Whether a version is the desired one or begins with its parts: 26.1 and 26.1.* fit 26.1.5 and not 26.10."""
    return version is not None and (version == prefix(desired) or version.startswith(f"{prefix(desired)}."))


def is_older(desired: str, version: str | None) -> bool:
    """Whether all that fits is older than a version."""
    want, have = (
        [int(part) for part in re.findall(r"\d+", upstream(text))] for text in (prefix(desired), version or "0")
    )
    return want < have[: len(want)]


def is_from(version: str, first: Version) -> bool:
    """Whether all engines of that version, whole or its first parts, are the ``first`` or later."""
    have = numbers(version)
    return bool(have) and have >= first


def unknown_key(key: str, version: str) -> str | None:
    """Why an engine of that version, whole or its first parts, does not start with that key of daemon.json."""
    have = numbers(version)
    if not have:
        return None
    if key in _GONE and is_from(version, _GONE[key][0]):
        return _GONE[key][1]
    if key in _NEW and have < _NEW[key][: len(have)]:
        first = ".".join(map(str, _NEW[key]))
        return f"is known from Docker {first} on, and the engine is {version}: leave it out, or set engine.version"
    return None


def unknown_value(key: str, value: object, version: str) -> str | None:
    """Why an engine of that version, whole or its first parts, does not start with that value of that key."""
    gone = _DROPPED.get((key, value)) if isinstance(value, str) else None
    if gone is None or not is_from(version, gone[0]):
        return None
    first, instead = gone
    return f"must not be {value}: Docker {first[0]} removed it, and the engine is {version}; take {instead}"


def refused_settings(daemon: Mapping[str, object], version: str) -> Iterator[tuple[str, str]]:
    """Keys of daemon.json that keep an engine of that version, whole or its first parts, from starting, and why."""
    for key, value in daemon.items():
        problem = unknown_key(key, version) or unknown_value(key, value, version)
        if problem:
            yield key, problem
    asked = mapping(daemon.get("features")).get("containerd-snapshotter")
    if asked is True and daemon.get("userns-remap") and is_from(version, _NOT_REMAPPED):
        why = f"does not go together with features.containerd-snapshotter: true in Docker {_NOT_REMAPPED[0]} and later"
        yield "userns-remap", f"{why}, and the engine is {version}: take one of both out"


def cuts_encrypted(version: str) -> bool:
    """Whether all engines of that version, whole or its first parts, lose encrypted networks with those before 29."""
    return any(numbers(version)[: len(numbers(one))] == numbers(one) for one in AVOIDED)


ENCRYPTED = (
    "engines 29.0.0 to 29.2.0 are cut off from those before 29 there: desire 29.2.1 or newer, or one before 29, or a"
    " network that is not encrypted"
)
AVOIDED = ("29.0", "29.1", "29.2.0")
"""What ``cuts_encrypted`` is true of: versions and beginnings of versions."""
