"""Which packages hosts upgrade of their own accord, by the settings of what does it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

APT = "apt-config dump --format '%f %v%n' APT::Periodic Unattended-Upgrade"
APT_TIMER = "apt-daily-upgrade.timer"
DNF_EXCLUDES = "grep -hsE '^ *(exclude|excludepkgs) *=' /etc/dnf/dnf.conf /etc/dnf/automatic.conf"
PACKAGES = ("docker.io", "docker-ce", "docker-ce-cli", "moby-engine", "containerd", "containerd.io", "runc")
"""Those whose upgrade restarts an engine."""
VENDORS = ("docker-ce", "docker-ce-cli", "containerd.io")
"""Docker's own: no origin that the distribution allows has them."""
OF_DISTRIBUTION = re.compile(r"(origin=|o=)?(\$\{distro_id\}|Debian|Ubuntu|Raspbian|Raspberry Pi Foundation)", re.I)


def taken_by_apt(dump: str, packages: Iterable[str]) -> list[str]:
    """Those that unattended-upgrades may take, by what ``APT`` prints. Where it names no origins, any may be meant."""
    settings: dict[str, list[str]] = {}
    for line in dump.splitlines():
        key, _, value = line.partition(" ")
        settings.setdefault(key.rstrip(":"), []).append(value.strip('" '))
    on, enabled = (
        settings.get(f"APT::Periodic::{key}", [otherwise])[-1]
        for key, otherwise in (("Unattended-Upgrade", "0"), ("Enable", "1"))
    )
    if on in ("", "0") or enabled == "0":
        return []
    origins = [one for key in ("Origins-Pattern", "Allowed-Origins") for one in _list(settings, key)]
    distribution_alone = bool(origins) and all(map(OF_DISTRIBUTION.match, origins))
    kept = _list(settings, "Package-Blacklist")
    return [
        name
        for name in packages
        if not (distribution_alone and name in VENDORS) and not any(_fits(pattern, name) for pattern in kept)
    ]


def not_excluded(printed: str, packages: Iterable[str]) -> list[str]:
    """Those that dnf takes, by what ``DNF_EXCLUDES`` prints."""
    patterns = [word for line in printed.splitlines() for word in re.split(r"[\s,]+", line.partition("=")[2]) if word]
    return [name for name in packages if not any(fnmatchcase(name, pattern) for pattern in patterns)]


def _list(settings: dict[str, list[str]], key: str) -> Sequence[str]:
    return [one for one in settings.get(f"Unattended-Upgrade::{key}", ()) if one]


def _fits(pattern: str, name: str) -> bool:
    """As unattended-upgrades compares: a regular expression from the name's beginning on."""
    try:
        return bool(re.match(pattern, name))
    except re.error:
        return False
