"""The steps that take a stack away."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from roles.stacks.state import Found
from skep.model import Stack
from skep.plan import Call, Run, Step, Wait

VOLUMES = r"""
for name; do
  docker volume inspect "$name" >/dev/null 2>&1 || continue
  left=10
  until told=$(docker volume rm "$name" 2>&1); do
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "$told" >&2; exit 1; }
    sleep 1
  done
done
"""


def removal(stack: Stack, found: Found, hosts: Sequence[str]) -> list[Step]:
    """Services, then their tasks, networks, configs and secrets; named volumes only where they were asked for."""
    name = stack.name
    detail = (*(f"service {one}" for one in sorted(found.services)), *(f"network {one}" for one in found.networks))
    steps: list[Step] = [
        Call(
            id=f"stacks/remove:{name}",
            title=f"remove stack {name}",
            cause="taken down",
            operation="stack_remove",
            arguments={"stack": name},
            detail=detail,
        ),
        Wait(
            id=f"stacks/gone:{name}",
            title=f"wait until stack {name} is gone",
            cause="removal is asynchronous",
            condition="stack_gone",
            arguments={"stack": name},
            needs=(f"stacks/remove:{name}",),
        ),
        Call(
            id=f"stacks/forget:{name}",
            title=f"forget the revisions of stack {name}",
            cause="taken down",
            operation="stack_forget",
            arguments={"stack": name},
            needs=(f"stacks/gone:{name}",),
        ),
    ]
    volumes = [_full(name, volume) for volume in stack.rollout.volumes]
    steps += [
        Run(
            id=f"stacks/volumes:{name}@{host}",
            host=host,
            title=f"remove volumes {', '.join(volumes)}, with what is in them",
            cause="asked for with --volumes",
            script=f"set -- {shlex.join(volumes)}\n{VOLUMES}",
            needs=(f"stacks/gone:{name}",),
        )
        for host in (hosts if volumes else ())
    ]
    return steps


def _full(stack: str, volume: str) -> str:
    return volume if volume.startswith(f"{stack}_") else f"{stack}_{volume}"
