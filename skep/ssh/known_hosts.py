"""What known_hosts files say about a host's key, read and judged as OpenSSH does (sshd(8), "SSH_KNOWN_HOSTS FILE
FORMAT"; check_host_key in its sshconnect.c)."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum, auto

from skep.dataclass import dataclass

CA, REVOKED = "@cert-authority", "@revoked"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: whose key it is, or what its marker makes of it. ``place`` is ``file:line``."""

    marker: str
    names: str
    """Hosts as they are written: a list of patterns, or the hash of one name."""
    kind: str
    key: bytes
    place: str

    def names_host(self, host: str) -> bool:
        """Whether the line is about that host, written ``name`` or ``[name]:port``."""
        if self.names.startswith("|"):
            return _hashes(self.names, host)
        return matches_list(self.names, host)


class Verdict(Enum):
    """What the lines about one host say of a key."""

    KNOWN = auto()
    NEW = auto()
    CHANGED = auto()
    REVOKED = auto()


def parse(text: str, file: str) -> Iterator[Entry]:
    """The lines that can be read; the others are passed over, as OpenSSH does."""
    for number, line in enumerate(text.split("\n"), 1):
        words = re.split(r"[ \t]+", line.strip(" \t\r"))
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker not in ("", CA, REVOKED) or len(words) < 3 or words[0].startswith("#"):
            continue
        names, kind, encoded = words[:3]
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        if key[4 : 4 + int.from_bytes(key[:4])] == kind.encode(errors="replace"):
            yield Entry(marker, names, kind, key, f"{file}:{number}")


def matches_list(patterns: str, name: str) -> bool:
    """Whether a name is in a list of patterns with ``*``, ``?`` and ``!``."""
    found = False
    for pattern in patterns.lower().split(","):
        if matches(pattern.removeprefix("!"), name):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern, in which brackets are nothing special."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def _hashes(hashed: str, name: str) -> bool:
    parts = hashed.split("|")
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return parts[1] == "1" and hmac.digest(salt, name.encode(errors="replace"), hashlib.sha1) == digest


def about(entries: Iterable[Entry], host: str) -> list[Entry]:
    """The lines about one host."""
    return [entry for entry in entries if entry.names_host(host)]


def judge(entries: Sequence[Entry], key: bytes, authority: bytes | None = None) -> tuple[Verdict, Entry | None]:
    """What the lines about a host say of its key; of the certificate for it where an ``authority`` signed one.

    With the line that decided, if one did.
    """
    for entry in entries:
        if entry.marker == REVOKED and entry.key in (key, authority):
            return Verdict.REVOKED, entry
    marker, sought = ("", key) if authority is None else (CA, authority)
    others = [entry for entry in entries if entry.marker == marker]
    for entry in others:
        if entry.key == sought:
            return Verdict.KNOWN, entry
    if others and authority is None:
        return Verdict.CHANGED, others[-1]
    return Verdict.NEW, None


def ordered(algorithms: Sequence[str], entries: Collection[Entry]) -> list[str]:
    """Host key algorithms, those first that lead to a key the lines about a host hold; as OpenSSH orders them."""
    known = {entry.kind for entry in entries if not entry.marker}
    if algorithms and plain(algorithms[0]) in known:
        return list(algorithms)
    signed = any(entry.marker == CA for entry in entries)
    return sorted(algorithms, key=lambda name: not ((signed and is_certified(name)) or plain(name) in known))


def is_certified(algorithm: str) -> bool:
    """Whether it is for keys with a certificate."""
    return "-cert-v0" in algorithm


def plain(algorithm: str) -> str:
    """The kind of key that an algorithm uses, as it stands in known_hosts."""
    kind = algorithm.partition("-cert-v0")[0]
    return "ssh-rsa" if kind.startswith("rsa-sha2-") else kind
