"""Testinfra's commands over the session a run has with a host anyway: one login, our host-key policy."""

from __future__ import annotations

import threading

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from skep.errors import SkepError
from skep.ssh import Session

AT_ONCE = 4
"""Commands on one host at the same time; sshd's stock limit is ten channels a login."""
TIMEOUT = 30.0
"""Seconds a command may take."""


class Backend(BaseBackend):
    """Runs commands as root through a session. A host once lost is not tried again."""

    NAME = "skep"

    def __init__(self, session: Session) -> None:
        super().__init__(session.host)
        self._session = session
        self._turn = threading.Semaphore(AT_ONCE)
        self._lost: SkepError | None = None

    def run(self, command: str, *args: str, **_: object) -> CommandResult:
        """Testinfra's ``run``; ``%s`` in the command are the quoted arguments. Raises ``ConnectError``."""
        command = self.get_command(command, *args)
        with self._turn:
            if self._lost:
                raise self._lost
            try:
                result = self._session.run(command, timeout=TIMEOUT)
            except SkepError as error:
                self._lost = error
                raise
        return self.result(result.status, command.encode(), result.out, result.err)

    def get_sudo_command(self, command: str, sudo_user: str | None) -> str:
        """Root already; only another user needs a command."""
        if sudo_user is None:
            return command
        quoted: str = self.quote("runuser -u %s -- /bin/sh -c %s", sudo_user, command)
        return quoted

    def get_encoding(self) -> str:
        """Known, so that the host is not asked for it."""
        return "utf-8"


def testinfra_host(session: Session) -> Host:
    """Testinfra's host over a session."""
    backend = Backend(session)
    host = Host(backend)
    backend.set_host(host)
    return host
