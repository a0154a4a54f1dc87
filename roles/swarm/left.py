"""Engines that have left a swarm and still listen to it: in the next one they would have no overlay networks.

Before 28.3 an engine that leaves gives its network agent a second to say so to the others. Where that is too short, as
for the last one of all, the agent keeps its socket, 7946/tcp ("could not close DB: timeout waiting for leave broadcast"
in the log). That of the next swarm cannot listen then, and stays off until the engine is restarted. Source: moby#50115;
libnetwork, networkdb: clusterLeave.
"""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.identity import Observed
from roles.swarm.state import State
from skep.milestones import engine_up
from skep.plan import Finding, Run, Step
from skep.shell import script
from skep.steps import StepId

WHY = "in the next one it would have no overlay networks"
RELEASE = script("roles/swarm/release.sh")


def release_id(name: str) -> StepId:
    """The step after which an engine listens to no swarm that it has left."""
    return StepId("swarm", "release", name)


def releases(observed: Observed) -> Iterator[Step]:
    """Restarts of engines that listen to a swarm they are not in, before they join one."""
    for name, state in observed.items():
        if state and (ports := lingering(state)):
            yield release(name, "restart docker", f"is in no swarm and still listens to one, on {ports}: {WHY}")


def release(name: str, title: str, cause: str, *after: StepId) -> Step:
    """The restart of an engine, if it still listens by then."""
    return Run(
        id=release_id(name),
        host=name,
        title=title,
        cause=cause,
        script=RELEASE,
        otherwise=f"on {name} look at: journalctl -u docker; ss -lntp",
        needs=after,
        after=(engine_up(name),),
        timeout=180,
        restarts=True,
    )


def left_behind(observed: Observed) -> Iterator[Step | Finding]:
    """What is to be done about them where no swarm is joined: a restart, unless containers run there."""
    for name, state in observed.items():
        if state and (ports := lingering(state)):
            cause = f"is in no swarm and still listens to one, on {ports}"
            if not state.containers:
                yield release(name, "restart docker", cause)
                continue
            text = f"{cause}; it is not restarted, for containers run there: {WHY}"
            action = f"cluster.up restarts it before it joins; or by hand, on {name}: systemctl restart docker"
            yield Finding("note", text, name, "swarm", action)


def lingering(state: State) -> str:
    """The ports on which an engine outside any swarm listens as if it were in one; empty as a rule."""
    return " and ".join(f"{port}/tcp" for port in state.listens) if state.node_state == "inactive" else ""
