"""Commands of an audit whose parts may fail: what fails is never taken for nothing being there."""

from __future__ import annotations

from testinfra.host import Host as Remote

from skep.swarm.engine_info import EngineInfo
from skep.verify.ask import Ask, engine_info
from skep.verify.check import NotSeen


def for_each(listing: str, command: str) -> str:
    """A shell command that gives what a listing prints to another as arguments, and fails where the listing does."""
    return f"ids=$({listing}) && printf '%s\\n' $ids | sort -u | xargs -r {command}"


def info_of(host: Remote, ask: Ask) -> EngineInfo:
    """All that an engine says of itself. Raises ``NotSeen`` with Docker's words where it does not answer."""
    try:
        return engine_info(host, ask)
    except AssertionError as error:
        raise NotSeen(str(error)) from None


NETWORKS = for_each(
    "timeout 20 docker network ls --quiet --filter driver=overlay",
    "timeout 20 docker network inspect --format '{{json .}}'",
)
"""The swarm's overlay networks."""
