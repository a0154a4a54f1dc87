"""Which findings a user was shown before, so that what stands is said once; and how many alike become one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from skep.dataclass import dataclass
from skep.errors import OutputLost
from skep.files import put
from skep.plan import Finding
from skep.report.parts import Part

FEW = 3
"""Hosts of which something similar is said one by one."""


class Shown:
    """What was shown, in a file of the user's; where that cannot be read or written, nothing was. It holds hashes, for
    texts may be nobody else's business."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._hashes: frozenset[str] = frozenset()
        with suppress(OSError, ValueError, TypeError, KeyError):
            self._hashes = frozenset(map(str, json.loads(file.read_text())["shown"]))

    @classmethod
    def of(cls, inventory: Path, environ: Mapping[str, str]) -> Shown:
        """That of an environment: in ``$XDG_STATE_HOME/skep``, else ``~/.local/state/skep``."""
        home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/nowhere", ".local", "state"))
        return cls(Path(home, "skep", f"shown-{_hash(str(inventory.absolute()))[:16]}.json"))

    def knows(self, finding: Finding) -> bool:
        """Whether exactly this was shown."""
        return _hash(_words(finding)) in self._hashes

    def note(self, shown: Iterable[Finding], *, of: Collection[Finding] | None = None) -> None:
        """Keep what was shown just now. ``of``: all findings there are; what is none of them any more is forgotten, and
        said again when it comes back."""
        new = self._hashes if of is None else self._hashes & {_hash(_words(one)) for one in of}
        new |= {_hash(_words(one)) for one in shown}
        if new != self._hashes:
            self._hashes = new
            with suppress(OutputLost):
                put(self._file, json.dumps({"shown": sorted(new)}), folder=0o777)


@dataclass(frozen=True, slots=True)
class Together:
    """Findings that take one line: the ``first`` of them, the hosts of which the same is said, and those of which
    something similar is."""

    first: Finding
    hosts: tuple[str, ...]
    similar: tuple[str, ...] = ()


def together(findings: Sequence[Finding], *, each: bool) -> list[Together]:
    """The same said of several hosts, as one; and, unless ``each`` is asked for, similar things said of many hosts."""
    same: dict[object, list[Finding]] = {}
    for one in findings:
        key = (one.level, one.text, one.next_action, one.kind, one.stack, one.accepted, one.lapsed, not one.host)
        same.setdefault(key, []).append(one)
    lines = [Together(found[0], _hosts(found)) for found in same.values()]
    kinds: dict[object, list[Together]] = {}
    for line in lines:
        first = line.first
        alike = first.kind and first.host and first.level != "error" and first.role != "inventory"
        alike = alike and not (each or first.outcome)
        what = (first.level, first.kind, first.stack, first.accepted, first.lapsed) if alike else id(line)
        kinds.setdefault(what, []).append(line)
    found_lines: list[Together] = []
    for found in kinds.values():
        if len(found) <= FEW:
            found_lines += found
        else:
            others = dict.fromkeys(host for line in found[1:] for host in line.hosts if host not in found[0].hosts)
            found_lines.append(Together(found[0].first, found[0].hosts, tuple(others)))
    rank = {id(one): place for place, one in enumerate(findings)}
    return sorted(found_lines, key=lambda line: rank[id(line.first)])


def said_of(line: Together, hosts: Sequence[str], spelled: Callable[[str], str]) -> list[Part]:
    """A line's words, but for what to do. ``hosts`` are all there are."""
    finding = line.first
    colour = {"error": "red", "warning": "yellow"}.get(finding.level, "dim")
    names = "every host" if len(line.hosts) == len(hosts) > FEW else ", ".join(line.hosts)
    place = f"{names}: " if names and finding.role != "inventory" else ""
    more = f"; similar: {', '.join(line.similar)} (--verbose shows each)" if line.similar else ""
    said = f"; accepted: {finding.accepted}" if finding.accepted else ""
    said += f"; it was accepted until {finding.lapsed.until}: {finding.lapsed.reason}" if finding.lapsed else ""
    kind = f" [{finding.kind.id}]" if finding.kind else ""
    return [(finding.level, colour), f" {place}{spelled(finding.text)}{more}{said}", (kind, "dim")]


def not_repeated(accepted: int, before: int) -> str:
    """How many findings have no line of their own, and why."""
    hidden = [f"{accepted} accepted"] * bool(accepted) + [f"{before} shown before"] * bool(before)
    names = "finding" if accepted + before == 1 else "findings"
    return f"{accepted + before} {names} not repeated ({', '.join(hidden)}); all of them: invoke cluster.status"


def _hosts(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host for one in findings for host in one.hosts))


def _words(finding: Finding) -> str:
    return json.dumps([finding.kind.id if finding.kind else "", finding.host, finding.stack, finding.text])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
