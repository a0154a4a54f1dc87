"""What is put on a host that has schedules, and what it has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.schedules.role import State as Units


@dataclass(frozen=True, slots=True)
class Program:
    """skep with all it imports, in an archive of this machine. ``digest`` is of all names and contents in it; what was
    compiled is for that ``python``, such as ``3.11``, on that ``machine``."""

    digest: str
    python: str
    machine: str
    archive: str = ""
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What runs there work on: ``sums`` are SHA-256 by file name, ``inventory`` is the name of one of them."""

    inventory: str
    sums: Mapping[str, str]
    archive: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Away:
    """What a host has. ``key`` is the public one of its schedules; ``logins`` are lines of authorized_keys by which
    schedules of hosts log in here; ``ways`` SHA-256 of what they log in by."""

    units: Units
    user: str = ""
    pythons: tuple[tuple[str, str, str], ...] = ()
    """Version, machine and path of each Python that may serve."""
    there: bool = False
    key: str = ""
    program: str = ""
    ways: Mapping[str, str] = field(default_factory=dict)
    site: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    backups: bool = False
    """Whether schedules saved something there."""
    elsewhere: str = ""
    """Where its sshd reads authorized keys, if that is not where we write them."""


def away(text: str, units: Units) -> Away:
    """From the lines of ``there.sh``."""
    given: dict[str, list[str]] = {}
    for kind, _, rest in (line.partition(" ") for line in text.splitlines() if line):
        given.setdefault(kind, []).append(rest)
    pairs = {kind: [row.split(" ", 1) for row in given.get(kind, ())] for kind in ("way", "site")}
    pythons = [row.split(" ", 2) for row in given.get("python", ())]
    return Away(
        units,
        _first(given, "user"),
        tuple((row[0], row[1], row[2]) for row in pythons if len(row) == 3),
        "folder" in given,
        _first(given, "key"),
        _first(given, "program"),
        {row[0]: row[1] for row in pairs["way"] if len(row) == 2},
        {row[1]: row[0] for row in pairs["site"] if len(row) == 2},
        tuple(given.get("address", ())),
        tuple(given.get("hostkey", ())),
        tuple(given.get("login", ())),
        "backups" in given,
        _first(given, "keys"),
    )


def _first(given: Mapping[str, list[str]], kind: str) -> str:
    return given.get(kind, [""])[0]
