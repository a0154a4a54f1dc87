"""What loading an inventory gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skep.dataclass import dataclass
from skep.secret import Secret

if TYPE_CHECKING:
    from skep.model import Access, Cluster
    from skep.reading.findings import Remark

Ids = Callable[[], Collection[str]]
"""Gives the ids of all that the inventory may accept: warnings, and what an audit looks at."""


@dataclass(frozen=True)
class Inventory:
    """One inventory file, understood."""

    cluster: Cluster
    access: Mapping[str, Access]
    """How to log in, by host name. A gateway that is itself a host is named as that host is."""
    path: Path
    remarks: tuple[Remark, ...]
    """Findings that do not forbid anything."""
    extensions: Mapping[str, Any]
    """The file's ``x-*`` keys as written; references in them are not resolved."""
    host_extensions: Mapping[str, Mapping[str, Any]]
    """The ``x-*`` keys of each host that has any, by host name."""

    references: Mapping[str, Secret] = field(default_factory=dict)
    """What references of the file gave, by how they are written without the braces."""

    files: frozenset[Path] = frozenset()
    """Files and folders that it names or extends, but for keys and known host keys of ssh; absolute."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The texts of ``remarks``, each ``file:line: key.path: message``."""
        return tuple(one.text for one in self.remarks)
