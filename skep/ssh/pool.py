"""The sessions of a run: one a host, one login a gateway, and one bounded pool of threads that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from skep.errors import SkepError
from skep.model import Access, Host
from skep.ssh.gateways import Gateways, Hop, written
from skep.ssh.root_shell import RootShell
from skep.ssh.session import Session
from skep.workers import side_by_side

T = TypeVar("T")

WIDTH = 32
"""Hosts worked on at once."""


class Pool:
    """Sessions by host name. Use as a context manager; leaving it logs out everywhere."""

    def __init__(self, hosts: Iterable[Host], access: Mapping[str, Access], *, width: int = WIDTH) -> None:
        self.width = width
        hosts = list(hosts)
        self._more: list[Session] = []
        addresses = {host.name: host.address for host in hosts}
        self._gateways = Gateways()
        self._sessions: dict[str, Session] = {}
        for host in hosts:
            own = access[host.name]
            hops = [Hop(addresses[hop], access[hop]) if hop in addresses else written(hop, own) for hop in own.gateways]
            self._sessions[host.name] = Session(host.name, host.address, own, hops, self._gateways)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for session in (*self._sessions.values(), *self._more):
            session.close()
        self._gateways.close()

    def __getitem__(self, host: str) -> Session:
        return self._sessions[host]

    def another(self, host: str) -> Session:
        """One more login on a host, for who needs more channels than sshd gives one; logged out with the others."""
        session = self._sessions[host].twin()
        self._more.append(session)
        return session

    def shell(self, host: str) -> RootShell:
        """A shell for many commands on a host; closed by who asked for it, at the latest with the logins."""
        return RootShell(self._sessions[host])

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of all hosts, in inventory order."""
        return tuple(self._sessions)

    def map(self, work: Callable[[Session], T], hosts: Iterable[str]) -> dict[str, T | SkepError]:
        """Run ``work`` on each host at once, at most ``width``; a host's failure is its value.

        Ctrl-C waits for nobody: what still runs is cut off when the pool is left.
        """

        def one(name: str) -> T | SkepError:
            try:
                return work(self._sessions[name])
            except SkepError as error:
                return error

        names = list(hosts)
        return dict(zip(names, side_by_side(one, names, width=self.width, name="host"), strict=True))
