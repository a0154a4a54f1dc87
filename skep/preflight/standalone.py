"""Containers that are not Swarm's: nobody drains them before their engine restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from skep.kinds.hosts import NOT_DRAINED
from skep.plan import Finding, Run, Step

SHOWN = 10
"""Containers that are named."""


def findings(steps: Iterable[Step], containers: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Finding]:
    """A warning for each step that restarts an engine under such containers; it goes with its step.

    ``containers`` by host, each with its restart policy.
    """
    for step in steps:
        found = containers.get(step.host or "", ()) if isinstance(step, Run) and step.restarts else ()
        if found:
            named = [f"{name} (restart: {policy})" for name, policy in found[:SHOWN]]
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            yield Finding(
                "warning",
                f"its engine restarts, and what is not Swarm's is not drained: {', '.join(named)}{more}",
                host=step.host,
                kind=NOT_DRAINED,
                next_action="without DNS meanwhile, and may not come back (with restart: no it does not): stop it or"
                " move it before, and look afterwards: docker ps --all",
                about=step.id,
            )
