"""Keys of compose files that came to Swarm after the oldest engine we support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skep.compose.loading import Document
from skep.kinds.files import KEY_TOO_NEW
from skep.reading.findings import Findings, Remark
from skep.reading.values import where
from skep.swarm.versions import NEWER, Manager, Version


def dropped(document: Document, manager: Manager) -> list[Remark]:
    """What is to be said, one for each key that the manager would drop."""
    findings = Findings((), set(document.hidden))
    for name, service in document.section("services").items():
        for newer in NEWER:
            for path in _uses(service, newer.key) if manager.version < newer.since else ():
                full = ("services", name, *path)
                message = f"is left out: Docker {_text(manager.version)} on {manager.host} does not know it"
                message += f", it needs {_text(newer.since)}"
                findings.warn(KEY_TOO_NEW, full, message, where(document.data, full))
    return findings.remarks


def _uses(value: object, path: tuple[str, ...], at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if not path:
        yield at
    elif path[0] == "*":
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from _uses(item, path[1:], (*at, number))
    elif isinstance(value, Mapping) and value.get(path[0]):
        yield from _uses(value[path[0]], path[1:], (*at, path[0]))


def _text(version: Version) -> str:
    major, minor = version
    return f"{major}.{minor}" if minor else str(major)
