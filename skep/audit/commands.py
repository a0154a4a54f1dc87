"""Commands of an audit whose parts may fail: what fails is never taken for nothing being there."""

from __future__ import annotations

from testinfra.host import Host as Remote

from skep.errors import SkepError
from skep.model import Host
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


def root_of(host: Remote, desired: Host, ask: Ask) -> str:
    """Where its engine keeps everything, by its own words: the inventory may not say it, and user namespaces have a
    folder of their own there. What the inventory says, where no engine answers."""
    try:
        return info_of(host, ask).get("DockerRootDir") or desired.data_root
    except SkepError:
        return desired.data_root


NETWORKS = for_each(
    "timeout 20 docker network ls --quiet --filter driver=overlay",
    "timeout 20 docker network inspect --format '{{json .}}'",
)
"""The swarm's overlay networks."""
