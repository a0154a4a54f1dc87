"""How a ``verify.py`` asks Docker on a host."""

from __future__ import annotations

from typing import Any, Protocol

from testinfra.host import Host


class Ask(Protocol):
    """Gives the JSON values that a docker command prints, one a line; ``again`` asks anew what may have changed.

    What they are is said by whoever asks, with a view such as those of ``skep.swarm``.
    """

    def __call__(self, host: Host, command: str, *arguments: str, again: bool = False) -> list[Any]:
        """Docker's answer."""
