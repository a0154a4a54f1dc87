"""Files of engines that an inventory names: checked where they stand, and put into each host's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from skep.inventory.checks.engine import reaches
from skep.inventory.checks.sections import sections
from skep.inventory.merging import MergedHost
from skep.inventory.value_references import Surroundings, located
from skep.json_types import number, text, texts
from skep.model import PackageSet, Tarball
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.refusals.engines import ENCRYPTED, cuts_encrypted, fits

_NAMED = re.compile(r"docker-([0-9]+\.[0-9]+\.[0-9]+)(?:-[a-z0-9.]+)?\.(?:tgz|tar\.gz)")
_WHOLE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_KEYS = {"static": ("tarball", "sha256"), "offline": ("packages",)}
"""Sources that come from files of this machine → the keys that name them."""
_ALL_KEYS = tuple(key for keys in _KEYS.values() for key in keys)
_BELONGS = {
    "static": "belongs to binaries of a tarball: write engine.source: static",
    "offline": "belongs to package files of this machine: write engine.source: offline",
}
_NEEDS = {
    "static": "needs tarball and sha256 beside it: the file to send",
    "offline": "needs packages beside it: the folder with the files to send",
}
_WHAT = {"static": "the tarball, which is", "offline": "the packages, which are"}

Supply = Tarball | PackageSet
Place = tuple[str, ...]
"""What the keys of a source say, in their order."""


def with_engine_files(
    file: Fields, hosts: list[MergedHost], findings: Findings, surroundings: Surroundings
) -> list[MergedHost]:
    """The hosts with the ``Tarball`` or ``PackageSet`` that ``engine`` names, and its version as the one desired."""
    found: dict[Place, Supply | None] = {}
    for path, given in sections(file, "engine"):
        concerned = [host for host in hosts if reaches(path, host)]
        if path[0] == "groups" and not concerned:
            continue
        _check_use(path, given, concerned, findings)
        if "tarball" in given or "sha256" in given:
            found[_place("static", given)] = _tarball(path, given, concerned, findings, surroundings)
        if "packages" in given:
            found[_place("offline", given)] = _package_set((*path, "packages"), given, findings, surroundings)
    return [_supplied(host, file, found, findings) for host in hosts]


def _place(source: str, given: Mapping[str, str]) -> Place:
    return source, *(given.get(key, "") for key in _KEYS[source])


def _check_use(path: KeyPath, given: Fields, concerned: list[MergedHost], findings: Findings) -> None:
    for source, keys in _KEYS.items():
        if concerned and not any(host.engine.get("source") == source for host in concerned):
            for key in keys:
                if key in given:
                    findings.unusable((*path, key), _BELONGS[source])
    for one, other in (("tarball", "sha256"), ("sha256", "tarball")):
        if one in given and other not in given:
            hint = ": sha256sum FILE prints it" if other == "sha256" else ""
            findings.error((*path, one), f"must have {other} beside it, in the same section{hint}")


def _tarball(
    path: KeyPath, given: Fields, concerned: list[MergedHost], findings: Findings, surroundings: Surroundings
) -> Tarball | None:
    """What is named there; ``None`` after saying why it cannot be used."""
    from skep.inventory.archives import checked  # only here: few inventories name one
    from skep.inventory.tarballs import LAYOUT

    found = checked(path, "tarball", given, LAYOUT, findings, surroundings)
    if found is None:
        return None
    named = _NAMED.fullmatch(found.path.name)
    version = named[1] if named else _version_of(concerned)
    if version is None:
        message = (
            "does not have its version in its name: call it docker-VERSION.tgz, or write engine.version as a whole"
        )
        findings.error((*path, "tarball"), message)
        return None
    holds = found.contents
    return Tarball(
        path=str(found.path),
        size=found.size,
        sha256=found.sha256,
        version=version,
        architecture=text(holds.get("architecture")),
        names=tuple(texts(holds.get("names"))),
        unpacked=number(holds.get("unpacked")),
    )


def _version_of(concerned: list[MergedHost]) -> str | None:
    """The one version that all of these hosts are to have, where it is a whole one."""
    versions = {host.engine.get("version") for host in concerned}
    version = versions.pop() if len(versions) == 1 else None
    return version if version and _WHOLE.fullmatch(version) else None


def _package_set(place: KeyPath, given: Fields, findings: Findings, surroundings: Surroundings) -> PackageSet | None:
    """The same of a folder with package files."""
    if findings.is_broken(place):
        return None
    from skep.inventory.archives import BadFile  # only here: few inventories name one
    from skep.inventory.package_sets import read

    try:
        return read(located(given["packages"], surroundings), surroundings.environ)
    except BadFile as problem:
        findings.error(place, str(problem))
        return None


def _supplied(host: MergedHost, file: Fields, found: dict[Place, Supply | None], findings: Findings) -> MergedHost:
    engine, source = host.engine, host.engine.get("source")
    rest = {key: value for key, value in engine.items() if key not in _ALL_KEYS}
    if source not in _KEYS:
        return replace(host, engine=rest)
    key = _KEYS[source][0]
    own = _place_of(key, host, file)
    if own is None:
        findings.error(_place_of("source", host, file) or (), _NEEDS[source])
    supply = found.get(_place(source, engine))
    if supply is None or own is None:
        return replace(host, engine=rest)
    asked = engine.get("version")
    if asked and not fits(supply.version, asked):
        message = f"must fit {_WHAT[source]} {supply.version} ({supply.path}), not {asked}: leave it out"
        findings.error(_place_of("version", host, file) or own, message)
    encrypted = [name for name, network in file.section("networks").items() if network.get("encrypted") is True]
    if encrypted and cuts_encrypted(supply.version):
        findings.error(own, f"network {encrypted[0]} is encrypted, and {ENCRYPTED}")
    return replace(host, engine={**rest, key: supply, "version": supply.version})


def _place_of(key: str, host: MergedHost, file: Fields) -> KeyPath | None:
    """Where the value that a host has of ``engine`` stands."""
    places = {path: given for path, given in sections(file, "engine") if key in given and reaches(path, host)}
    ranked = [("engine",), *(("groups", group, "engine") for group in host.groups), ("hosts", host.name, "engine")]
    return next(((*path, key) for path in reversed(ranked) if path in places), None)
