"""File -> inventory: read, shape, merge, check, build; all findings of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from skep.errors import InventoryError, UsageError
from skep.inventory.building import access, cluster
from skep.inventory.checks import check
from skep.inventory.checks.lab import check_lab
from skep.inventory.checks.ssh import check_ssh_files
from skep.inventory.document import expand
from skep.inventory.findings import Findings
from skep.inventory.loaded import Inventory
from skep.inventory.merging import merged
from skep.inventory.references import Surroundings
from skep.inventory.shape import shaped
from skep.inventory.source import MAX_BYTES, read


def load_file(path: Path, environ: Mapping[str, str]) -> Inventory:
    """The inventory in a file. Raises ``InventoryError`` with all that is wrong, ``UsageError`` if unreadable."""
    findings = Findings(_short(path))
    surroundings = Surroundings(environ, path.absolute().parent)
    root = read(_content(path), findings)
    document = expand(root, surroundings, findings) if root else None
    if document is None:
        raise InventoryError(findings.errors)
    file = shaped(document.data, findings)
    hosts = merged(file)
    stack_files = check(file, hosts, findings, surroundings)
    check_lab(document, findings)
    check_ssh_files(file, findings, surroundings)
    if findings.errors:
        raise InventoryError(findings.errors, findings.warnings)
    return Inventory(
        cluster=cluster(path.stem, file, hosts, stack_files, surroundings.stacks.absolute()),
        access=access(hosts, surroundings),
        path=path,
        warnings=tuple(findings.warnings),
        extensions=document.extensions,
        host_extensions=document.host_extensions,
    )


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
