"""What a role is: four pure things. See CONTRIBUTING for how to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from skep.model import Cluster, Host
from skep.plan import Finding, Step

PRELUDE = r"""
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
DOCKER=$(command -v docker || true)
INFO=; INFO_ERROR=
if [ -n "$DOCKER" ] && [ -d "/proc/$(cat /var/run/docker.pid 2>/dev/null || echo none)" ]; then
  INFO=$(timeout 20 docker info --format '{{json .}}' 2>/dev/null) || INFO=
  case $INFO in *'"ServerErrors":['*) INFO=;; esac
fi
case $INFO in *'"ControlAvailable":true'*) MANAGER=1;; *) MANAGER=;; esac
"""
"""Runs once before all probes of a host. The engine is asked only where its process lives: the socket alone would
start it.  Probes may use ``$DOCKER`` (path of the CLI or empty), ``$INFO``
(``docker info`` as JSON, empty while the engine does not answer) and ``$MANAGER`` (1 on a manager in quorum)."""


class Role(Protocol):
    """A thing the tool manages on hosts or on the cluster. All of it is pure; states are the role's own."""

    name: str
    probe: str
    """Read-only POSIX sh, run as root in a subshell; prints what ``parse`` reads."""

    def desired(self, cluster: Cluster, host: Host) -> Any:
        """The state wanted on that host, in the same terms as ``parse`` gives; ``None`` if nothing."""

    def parse(self, text: str) -> Any:
        """The observed state of a host from the probe's output; ``None`` if nothing is there.

        Raises ``ValueError`` when the text cannot be understood.
        """

    def plan(
        self, cluster: Cluster, desired: Mapping[str, Any], observed: Mapping[str, Any]
    ) -> Sequence[Step | Finding]:
        """Steps from observed to desired; both map host name → state, and hosts that did not answer are missing
        from ``observed`` and from ``desired``."""


@runtime_checkable
class Removable(Protocol):
    """A role that can take back what it made."""

    def down(self, cluster: Cluster, observed: Mapping[str, Any]) -> Sequence[Step | Finding]:
        """Steps that remove what the role made; what others made stays."""
