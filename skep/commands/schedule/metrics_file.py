"""Metrics of scheduled runs: what they are made of, and where they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from skep.commands.listing import manager_client, stack_rows
from skep.converge import Site
from skep.errors import OutputLost, SkepError
from skep.model import Cluster
from skep.schedules.metrics import Standing, remove, text, write
from skep.schedules.state import Kept


def standing(site: Site) -> Standing | None:
    """Nodes and services as a manager lists them; ``None`` where none answers."""
    silent = replace(site, note=lambda _: None)
    with suppress(SkepError), manager_client(silent) as api:
        nodes = Counter(str(node["Status"]["State"]).lower() for node in api.nodes())
        columns, rows = stack_rows(api)
        running, desired = columns.index("running"), columns.index("desired")
        below = sum(1 for row in rows if _count(row[running]) < _count(row[desired]))
        return Standing(dict(nodes), below)
    return None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def leave(cluster: Cluster, found: Standing | None, note: Callable[[str], None]) -> None:
    """Write the metrics file. Where that fails, it is noted; it fails no run."""
    results = [Kept.of(cluster.name, one.name).last for one in cluster.schedules]
    try:
        write(cluster.metrics or "", cluster.name, text(cluster.name, results, found))
    except OutputLost as error:
        note(f"metrics: {error.reason}")


def forget(cluster: Cluster, note: Callable[[str], None]) -> None:
    """Remove the metrics file once no schedule is left that would keep it up to date."""
    try:
        remove(cluster.metrics or "", cluster.name)
    except OSError as error:
        note(f"metrics cannot be removed from {cluster.metrics}: {error.strerror or error}")
