"""Containers that are not Swarm's: nobody drains them before their engine restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from skep.plan import Finding, Run, Step
from skep.swarm.labels import TASK_ID

PROBE = r"""
if [ "$engine" ]; then
  while IFS= read -r root; do
    for file in $(grep -sL '"@@":' "$root"/containers/*/config.v2.json); do
      grep -q '"Running":true' "$file" || continue
      name=$(sed -n 's|.*"Name":"/\([^"]*\)".*|\1|p' "$file")
      policy=$(sed -n 's/.*"RestartPolicy":{"Name":"\([^"]*\)".*/\1/p' "${file%config.v2.json}hostconfig.json")
      echo "container $name ${policy:-no}"
    done
  done <<ROOTS
$data_roots
ROOTS
fi
""".replace("@@", TASK_ID)
"""POSIX sh, after ``places.HOST``; prints the running containers that are no task's, and their restart policies, as the
engine keeps them: two calls of its client would cost more than all else that is looked at."""

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
