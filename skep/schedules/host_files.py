"""What is put on a host that has schedules, and what it has of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.schedules.role import State as Units

SHORT = 16
"""Characters of a digest that name a folder."""


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

    @property
    def folder(self) -> str:
        """Where it is unpacked, below the folder of its inventory: never changed once it is there."""
        return f"program/{self.digest[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Site:
    """What runs there work on: ``sums`` are SHA-256 by file name, ``inventory`` is the name of one of them, and
    ``programs`` are those that may be run."""

    inventory: str
    sums: Mapping[str, str]
    archive: bytes = field(default=b"", repr=False)
    programs: frozenset[str] = frozenset()

    @property
    def folder(self) -> str:
        """Where it is unpacked, below the folder of its inventory."""
        runs = dict.fromkeys(self.programs, "\x00x")
        lines = "".join(f"{name}\0{digest}{runs.get(name, '')}\n" for name, digest in sorted(self.sums.items()))
        return f"site/{hashlib.sha256(lines.encode()).hexdigest()[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Away:
    """What a host has. ``key`` is the public one of its schedules; ``logins`` are lines of authorized_keys by which
    schedules of hosts log in here; ``ways`` SHA-256 of what they log in by; ``program``: that the desired one is there.
    ``current`` is the desired folder of the site, or the one that units name, ``site`` what it has; ``old`` are other
    folders, which nothing uses, ``used`` those that a run uses."""

    units: Units
    user: str = ""
    pythons: tuple[tuple[str, str, str], ...] = ()
    """Version, machine and path of each Python that may serve."""
    there: bool = False
    key: str = ""
    program: bool = False
    ways: Mapping[str, str] = field(default_factory=dict)
    current: str = ""
    site: Mapping[str, str] = field(default_factory=dict)
    old: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    backups: bool = False
    """Whether schedules saved something there."""
    metrics: bool = False
    """Whether their metrics are there."""
    elsewhere: str = ""
    """Where its sshd reads authorized keys, if that is not where we write them."""

    @property
    def earlier(self) -> bool:
        """Whether another skep is there than the desired one."""
        return any(name.startswith("program/") for name in (*self.old, *self.used))


def away(text: str, units: Units) -> Away:
    """From the lines of ``role_on_hosts.sh``."""
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
        "program" in given,
        {row[0]: row[1] for row in pairs["way"] if len(row) == 2},
        _first(given, "current"),
        {row[1]: row[0] for row in pairs["site"] if len(row) == 2},
        tuple(given.get("old", ())),
        tuple(given.get("used", ())),
        tuple(given.get("address", ())),
        tuple(given.get("hostkey", ())),
        tuple(given.get("login", ())),
        "backups" in given,
        "metrics" in given,
        _first(given, "keys"),
    )


def _first(given: Mapping[str, list[str]], kind: str) -> str:
    return given.get(kind, [""])[0]
