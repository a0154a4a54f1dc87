"""File -> inventory: read, shape, merge, check, build; all findings of all of them at once."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

from skep.errors import InventoryError, UsageError
from skep.inventory.building import access, cluster
from skep.inventory.checks import check
from skep.inventory.checks.lab import check_lab, extensions
from skep.inventory.checks.ssh import check_ssh_files
from skep.inventory.dialect import Dialect
from skep.inventory.engine_files import with_engine_files
from skep.inventory.extending import Extending
from skep.inventory.image_files import archives
from skep.inventory.loaded import Ids, Inventory
from skep.inventory.merging import merged
from skep.inventory.schema import inventory
from skep.inventory.value_references import Surroundings
from skep.model import Secret
from skep.reading.documented import HostKeys
from skep.reading.findings import Findings, Place
from skep.reading.source import MAX_BYTES
from skep.reading.tree import Entry, Pairs, Reading
from skep.reading.value_kinds import At
from skep.reading.values import Fields

_EXTENDS = re.compile(rb"^['\"]?extends['\"]?[ \t]*:", re.MULTILINE)


def load_file(path: Path, environ: Mapping[str, str], host_keys: HostKeys, ids: Ids | None = None) -> Inventory:
    """The inventory in a file. Raises ``InventoryError`` with all that is wrong, ``UsageError`` if unreadable."""
    name = _short(path)
    findings = Findings((name,), once=True, discreet=True)
    surroundings = Surroundings(environ, path.absolute().parent)
    pairs = _pairs(path, name, findings, surroundings)
    if pairs is None:
        raise InventoryError(findings.errors)
    file = inventory(host_keys).read(Entry(Place(name, 1), pairs), At(findings))
    assert isinstance(file, Fields)
    hosts = with_engine_files(file, merged(file, tuple(host_keys)), findings, surroundings)
    images = archives(file, findings, surroundings)
    stack_files = check(file, hosts, findings, surroundings, ids)
    check_lab(file, findings)
    check_ssh_files(file, findings, surroundings)
    if findings.errors:
        raise InventoryError(findings.errors, map(str, findings.remarks))
    logins = access(hosts, surroundings)
    own = {path for one in logins.values() for path in (one.key, one.known_hosts)}
    return Inventory(
        cluster=cluster(path.stem, file, hosts, stack_files, surroundings, images),
        access=logins,
        path=path,
        remarks=tuple(findings.remarks),
        extensions=extensions(file),
        references={name: Secret(value) for name, value in surroundings.used.items()},
        host_extensions={
            host: more for host, section in file.section("hosts").items() if (more := extensions(section))
        },
        files=frozenset(Path(os.path.normpath(one.absolute())) for one in surroundings.files - own),
    )


def as_written(path: Path, environ: Mapping[str, str]) -> Pairs:
    """The top level of a file with what it extends under it, nothing resolved. Raises ``InventoryError``."""
    findings = Findings((_short(path),), once=True, discreet=True)
    extending = Extending(findings, Surroundings(environ, path.absolute().parent), _base, _short)
    pairs = extending.merged(path, _content(path))
    if pairs is None or findings.errors:
        raise InventoryError(findings.errors)
    return pairs


def _pairs(path: Path, name: str, findings: Findings, surroundings: Surroundings) -> Pairs | None:
    """The file's top level with references resolved. One that extends nothing is read at once."""
    content = _content(path)
    if not _EXTENDS.search(content):
        return Reading(findings, Dialect(findings, surroundings)).file(name, content)
    extending = Extending(findings, surroundings, _base, _short)
    merged = extending.merged(path, content)
    findings.order = tuple(extending.files)
    return None if merged is None else extending.resolved(merged)


def _base(path: Path) -> bytes:
    if path.is_fifo():
        raise OSError(errno.EINVAL, "it is a pipe")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UsageError(f"there is no inventory file {path}")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise UsageError(f"cannot read the inventory {path}: {why}") from None


def _short(path: Path) -> str:
    """A path as a user would write it: relative to the current folder where it is in there."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
