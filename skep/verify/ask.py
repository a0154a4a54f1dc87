"""How a ``verify.py`` asks Docker on a host."""

from __future__ import annotations

from typing import Any, Protocol

from testinfra.host import Host

from skep.swarm.engine_info import EngineInfo

INFO = "timeout 20 docker info --format '{{json .}}'"


class Ask(Protocol):
    """Gives the JSON values that a docker command prints, one a line; ``again`` asks anew what may have changed.

    What they are is said by whoever asks, with a view such as those of ``skep.swarm``.
    """

    def __call__(self, host: Host, command: str, *arguments: str, again: bool = False) -> list[Any]:
        """Docker's answer."""


def engine_info(host: Host, ask: Ask) -> EngineInfo:
    """All that the engine says of itself: asked once, whatever of it a test is about.

    Raises as ``ask`` does, also where the engine does not answer, with which ``docker info`` is content.
    """
    info: EngineInfo = ask(host, INFO)[0]
    errors = info.get("ServerErrors") or []
    assert not errors, f"docker on {host.backend.get_hostname()}: {'; '.join(errors)}"
    return info
