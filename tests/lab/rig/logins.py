"""How often somebody logged in to a host and how many channels that took, as the host's own sshd counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.lab.rig.hosts import Hosts

CURSOR = "journalctl --quiet --no-pager --lines=0 --show-cursor | sed -n 's/^-- cursor: //p'"
LOG = "journalctl --quiet --no-pager --output=cat --after-cursor='{cursor}' _COMM=sshd + _COMM=sshd-session"


@dataclass(frozen=True)
class Seen:
    """What sshd logged: logins, and session channels of them all."""

    logins: int
    channels: int
    log: str


class Logins:
    """Counts one user's logins from now on; other users (root, who looks) do not count."""

    def __init__(self, hosts: Hosts, user: str = "admin") -> None:
        self._hosts = hosts
        self._user = user
        self._cursors = {name: text.strip() for name, text in hosts.each(CURSOR).items()}

    def seen(self) -> dict[str, Seen]:
        """By host."""
        return {name: self._count(self._log(name)) for name in self._hosts.names}

    def _log(self, name: str) -> str:
        return self._hosts.run(name, LOG.format(cursor=self._cursors[name]))

    def _count(self, log: str) -> Seen:
        logins = len(re.findall(rf"^Accepted \S+ for {self._user} from ", log, re.MULTILINE))
        channels = len(re.findall(rf"^Starting session: .* for {self._user} from ", log, re.MULTILINE))
        return Seen(logins, channels, log)
