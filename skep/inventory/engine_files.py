"""Files of engines that an inventory names: checked where they stand, and put into each host's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from skep.inventory.checks.engine import reaches
from skep.inventory.checks.places import sections
from skep.inventory.merging import MergedHost
from skep.inventory.references import Surroundings
from skep.json_types import number, text, texts
from skep.model import Tarball
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.refusals.engines import ENCRYPTED, cuts_encrypted, fits

_NAMED = re.compile(r"docker-([0-9]+\.[0-9]+\.[0-9]+)(?:-[a-z0-9.]+)?\.(?:tgz|tar\.gz)")
_WHOLE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def with_engine_files(
    file: Fields, hosts: list[MergedHost], findings: Findings, surroundings: Surroundings
) -> list[MergedHost]:
    """The hosts with a ``Tarball`` where ``engine`` names the path of one, and its version as the one desired."""
    found: dict[tuple[str, str], Tarball | None] = {}
    for path, given in sections(file, "engine"):
        concerned = [host for host in hosts if reaches(path, host)]
        if ("tarball" in given or "sha256" in given) and (path[0] != "groups" or concerned):
            _check_use(path, given, concerned, findings)
            found[_key(given)] = _tarball(path, given, concerned, findings, surroundings)
    return [_supplied(host, file, found, findings) for host in hosts]


def _key(given: Mapping[str, str]) -> tuple[str, str]:
    return given.get("tarball", ""), given.get("sha256", "")


def _check_use(path: KeyPath, given: Fields, concerned: list[MergedHost], findings: Findings) -> None:
    if concerned and not any(host.engine.get("source") == "static" for host in concerned):
        for key in ("tarball", "sha256"):
            if key in given:
                findings.unusable((*path, key), "belongs to binaries of a tarball: write engine.source: static")
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


def _supplied(
    host: MergedHost, file: Fields, found: dict[tuple[str, str], Tarball | None], findings: Findings
) -> MergedHost:
    engine = host.engine
    if engine.get("source") != "static":
        return replace(host, engine={key: engine[key] for key in engine if key not in ("tarball", "sha256")})
    own = _place_of("tarball", host, file)
    if own is None:
        findings.error(_place_of("source", host, file) or (), "needs tarball and sha256 beside it: the file to send")
    archive = found.get(_key(engine))
    rest = {key: value for key, value in engine.items() if key not in ("tarball", "sha256")}
    if archive is None or own is None:
        return replace(host, engine=rest)
    asked = engine.get("version")
    if asked and not fits(archive.version, asked):
        message = f"must fit the tarball, which is {archive.version} ({archive.path}), not {asked}: leave it out"
        findings.error(_place_of("version", host, file) or own, message)
    encrypted = [name for name, network in file.section("networks").items() if network.get("encrypted") is True]
    if encrypted and cuts_encrypted(archive.version):
        findings.error(own, f"network {encrypted[0]} is encrypted, and {ENCRYPTED}")
    return replace(host, engine={**rest, "tarball": archive, "version": archive.version})


def _place_of(key: str, host: MergedHost, file: Fields) -> KeyPath | None:
    """Where the value that a host has of ``engine`` stands."""
    places = {path: given for path, given in sections(file, "engine") if key in given and reaches(path, host)}
    ranked = [("engine",), *(("groups", group, "engine") for group in host.groups), ("hosts", host.name, "engine")]
    return next(((*path, key) for path in reversed(ranked) if path in places), None)
