"""The distributions an engine can be installed on: a TOML file each, named by the ``ID`` in its os-release.

The keys of a file, all but ``name`` and ``tried`` taken from the file named by ``like`` where it has them not:

- ``name``: as people call it.
- ``manager``: ``apt`` or ``dnf``, the latter for dnf4, dnf5 and the yum that is dnf under its old name.
- ``tried``: where skep was seen to work on it, a word of ``TRIED``.
- ``distribution``: packages of the distribution's own engine, the engine first; a package that a release does not have
  is left out, but the first. Without the key there is none.
- ``vendor.path``: below the base address of Docker's repositories or a mirror of them; ``vendor.paths`` has those that
  differ, by release.
- ``vendor.releases``: what Docker builds for, the name in the repository → ``VERSION_ID``; a list where both are one.
- ``vendor.fingerprint``: of the key that signs there.
- ``vendor.conflicts``: packages that cannot stay beside the vendor's.
- ``vendor.requires``: what the vendor's packages want of the distribution itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from skep.dataclass import dataclass
from skep.seen import Platform

FOLDER = Path(__file__).parent
TRIED = {
    "lab": "by tests, on real hosts",
    "stand-in": "by tests, on a stand-in: its package manager, os-release and paths on Debian",
    "by hand": "by hand, on real hosts; not by tests",
    "no": "not on the real thing",
}
"""Where a family was seen to work → how the docs say it."""
MANAGERS = {"apt": ("apt-get",), "dnf": ("dnf", "dnf5", "yum")}
"""Kinds of package managers → the commands a host may have of it, as ``Platform.packages`` names them."""
BY_HAND = "install Docker there by hand first: an engine that is there is used as it is"


class Unsupported(ValueError):
    """Nothing can be installed on that host; ``next_action`` says what to do."""

    def __init__(self, what: str, next_action: str) -> None:
        super().__init__(what)
        self.next_action = next_action


@dataclass(frozen=True, slots=True)
class Vendor:
    """Docker's own packages for a family; the fields are those of the file."""

    path: str
    fingerprint: str
    releases: Mapping[str, str]
    conflicts: tuple[str, ...]
    requires: tuple[str, ...]
    paths: Mapping[str, str] = field(default_factory=dict)

    def path_of(self, release: str) -> str:
        """Where the packages of a release are, below the base address."""
        return self.paths.get(release, self.path)


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution and those that are made from it; the fields are those of the file."""

    id: str
    name: str
    manager: Literal["apt", "dnf"]
    tried: str
    vendor: Vendor
    distribution: tuple[str, ...] = ()


@cache
def family(name: str) -> Family:
    """The family of that ``ID``; ``KeyError`` where there is none."""
    data = _data(name)
    vendor = data.pop("vendor")
    releases = vendor.pop("releases")
    return Family(
        id=name,
        vendor=Vendor(
            releases=releases if isinstance(releases, dict) else {one: one for one in releases},
            **{key: _frozen(value) for key, value in vendor.items()},
        ),
        **{key: _frozen(value) for key, value in data.items()},
    )


def _data(name: str) -> dict[str, Any]:
    """The file, over the one it is like."""
    if name not in names():
        raise KeyError(name)
    own = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    parent = own.pop("like", None)
    if parent is None:
        return own
    inherited = _data(parent)
    vendor = {**inherited["vendor"], **own.pop("vendor", {})}
    return {**inherited, **own, "vendor": vendor}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@cache
def names() -> tuple[str, ...]:
    """Every family, by its ``ID``."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def family_of(platform: Platform) -> Family:
    """The family of a host: its own, or the one it is made from; `Unsupported` where it is of none, or its packages are
    managed by something else."""
    found = platform.distribution if platform.distribution in names() else _parent(platform)
    if found is None:
        supported = ", ".join(family(name).name for name in names())
        what = str(platform) or "a system that does not say what it is"
        raise Unsupported(f"runs {what}; an engine can be installed on {supported}", BY_HAND)
    its = family(found)
    if platform.packages and platform.packages not in MANAGERS[its.manager]:
        raise Unsupported(
            f"runs {platform}, where {platform.packages} manages the packages, not {its.manager}", BY_HAND
        )
    return its


def release_of(its: Family, platform: Platform) -> str:
    """What the vendor's repository calls a host's release: a codename, or a major number; `Unsupported` where the
    vendor builds nothing for it. One that is newer than all known ones is taken as it comes."""
    own = platform.distribution == its.id
    if its.manager == "apt":
        name, version = (platform.codename, platform.version) if own else (platform.base, "")
    else:
        name = version = (platform.version if own else platform.base).lstrip("elf").partition(".")[0]
    known = its.vendor.releases
    if name and (name in known or _number(version) > max(map(_number, known.values()))):
        return name
    instead = ", set engine.source: distribution" if its.distribution else ""
    raise Unsupported(
        f"runs {platform}, for which Docker builds no packages; of {its.name} it builds for {', '.join(known)}",
        f"upgrade the host{instead}, or install Docker there by hand",
    )


def _parent(platform: Platform) -> str | None:
    """The family that a host says it is made from, where it says from which release."""
    made_from = re.fullmatch(r"(el|f)\d+", platform.base)
    if made_from:
        return "rhel" if made_from[1] == "el" else "fedora"
    likes = (name for name in platform.like.split() if name in names() and family(name).manager == "apt")
    return next(likes, None) if platform.base else None


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]
