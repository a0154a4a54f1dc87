"""Containers that are not Swarm's: nobody drains them before their engine restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from skep.places import ENGINE_PID
from skep.plan import Finding, Run, Step
from skep.swarm.labels import TASK_ID

PROBE = (
    ENGINE_PID
    + rf"""
if engine_pid >/dev/null && command -v docker >/dev/null; then
  timeout 5 docker ps --no-trunc --format '{{{{.ID}}}} {{{{.Label "{TASK_ID}"}}}}' | awk 'NF == 1 {{ print $1 }}' |
    xargs -r timeout 5 docker inspect --format 'container {{{{.Name}}}} {{{{.HostConfig.RestartPolicy.Name}}}}'
fi
"""
)
"""sh; prints the running containers that are no task's, and their restart policies."""

SHOWN = 10
"""Containers that are told by name."""


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
                next_action="without DNS meanwhile, and may not come back (with restart: no it does not): stop it or"
                " move it before, and look afterwards: docker ps --all",
                about=step.id,
            )
