"""A folder with the package files of an engine: whether they are whole, and go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from skep.inventory.archives import BadFile, size_of
from skep.inventory.packages import ANY, KINDS, Found, look
from skep.model import PackageFile, PackageSet
from skep.refusals.engines import upstream

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9A-Fa-f]{64}) [ *](?:\./)?([^/]+)")
PARTS = {
    "docker-ce": ("docker-ce-cli", "containerd.io"),
    "docker.io": ("docker-cli", "containerd", "runc"),
    "moby-engine": ("docker-cli", "containerd", "runc"),
}
"""Packages that are an engine → its client, and what else it does not run without."""
_PART_OF_ENGINE = "docker-cli"
"""A client that some releases have in the engine's package: it is needed where that names it."""


def read(folder: Path, environ: Mapping[str, str]) -> PackageSet:
    """What it holds. Raises ``BadFile`` where that is no set that can be installed."""
    sums = _sums(folder)
    found = {name: _checked(folder / name, sum, environ) for name, sum in sums.items()}
    _must_go_together(folder, found)
    by_name = {one.name: one for one in found.values()}
    engines = [name for name in PARTS if name in by_name]
    if len(engines) != 1:
        has = (
            f"holds {' and '.join(engines)}: leave one"
            if engines
            else f"holds no engine ({', '.join(PARTS)}): put the files of one there"
        )
        raise BadFile(f"{folder} {has}")
    engine = by_name[engines[0]]
    client, *rest = PARTS[engine.name]
    needed = [*rest] if client == _PART_OF_ENGINE and client not in engine.names else [client, *rest]
    missing = [name for name in needed if name not in by_name]
    if missing:
        raise BadFile(f"{folder} lacks {', '.join(missing)}, which {engine.name} {engine.version} needs: put it there")
    if client == "docker-ce-cli" and by_name[client].version.removeprefix("5:") != engine.version.removeprefix("5:"):
        raise BadFile(
            f"{folder} holds {client} {by_name[client].version} and {engine.name} {engine.version}:"
            " they must have one version"
        )
    return PackageSet(
        path=str(folder),
        kind="deb" if next(iter(found)).endswith(".deb") else "rpm",
        architecture=engine.architecture,
        version=upstream(engine.version),
        engine=engine.name,
        client=client if client in by_name else "",
        files=tuple(
            PackageFile(one.name, one.version, str(folder / name), size_of(folder / name), one.sha256)
            for name, one in sorted(found.items(), key=lambda item: item[1].name)
        ),
    )


def _sums(folder: Path) -> dict[str, str]:
    """The sha256 of each package file there, by name. Raises ``BadFile``."""
    try:
        if not folder.exists():
            raise BadFile(f"there is no folder {folder}")
        if not folder.is_dir():
            raise BadFile(f"{folder} is no folder: name the one that holds the package files")
        present = {path.name for path in folder.iterdir() if path.suffix[1:] in KINDS}
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines() if (folder / SUMS).exists() else None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path or file"
        raise BadFile(f"cannot read {folder}: {why}") from None
    kinds = sorted({name.rpartition(".")[2] for name in present})
    if not kinds:
        raise BadFile(f"{folder} holds no package files (.deb or .rpm)")
    if len(kinds) > 1:
        raise BadFile(f"{folder} holds .deb and .rpm packages: give each kind of hosts a folder of its own")
    again = f"in {folder}: sha256sum *.{kinds[0]} >{SUMS}"
    if lines is None:
        raise BadFile(f"{folder} has no {SUMS}; {again}")
    sums = dict(_entries(folder, lines))
    for name in sorted(present.difference(sums)):
        raise BadFile(f"{folder}/{SUMS} does not name {name}: take that file away, or, {again}")
    for name in sorted(set(sums).difference(present)):
        raise BadFile(f"{folder}/{SUMS} names {name}, which is not there: put it there, or take its line out")
    return sums


def _entries(folder: Path, lines: list[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line.rstrip())
        if line.strip() and not found:
            raise BadFile(f"{folder}/{SUMS}: line {number} is not one that sha256sum prints of a file beside it")
        if found and found[2].rpartition(".")[2] in KINDS:
            yield found[2], found[1].lower()


def _checked(path: Path, sum: str, environ: Mapping[str, str]) -> Found:
    found = look(path, environ)
    if found.sha256 != sum:
        more = f" and {found.problem}" if found.problem else ""
        raise BadFile(f"{path} has the sha256 {found.sha256}{more}, {SUMS} says {sum}: copy it anew")
    if found.problem:
        raise BadFile(f"{path} {found.problem}")
    return found


def _must_go_together(folder: Path, found: Mapping[str, Found]) -> None:
    """One version of each package, and all for one processor. Raises ``BadFile``."""
    versions: dict[str, str] = {}
    machines: dict[str, str] = {}
    for name, one in found.items():
        if one.name in versions:
            same = one.version == versions[one.name]
            raise BadFile(
                f"{folder} holds {one.name} twice: leave one file"
                if same
                else f"{folder} holds {one.name} {versions[one.name]} and {one.version}: leave one version"
            )
        versions[one.name] = one.version
        if one.architecture != ANY:
            machines.setdefault(one.architecture, name)
    if len(machines) > 1:
        (first, its), (second, other), *_ = machines.items()
        raise BadFile(
            f"{folder} holds packages for {first} ({its}) and for {second} ({other}): give each kind of machines a"
            " folder of its own"
        )
