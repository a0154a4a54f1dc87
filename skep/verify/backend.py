"""Testinfra's commands in one shell on a host, over the login a run has there anyway, with our host-key policy."""

from __future__ import annotations

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from skep.ssh import RootShell

TIMEOUT = 30.0
"""Seconds a command may take."""


class Backend(BaseBackend):
    """Runs commands as root in a shell."""

    NAME = "skep"

    def __init__(self, shell: RootShell) -> None:
        super().__init__(shell.host)
        self._shell = shell

    def run(self, command: str, *args: str, **_: object) -> CommandResult:
        """Testinfra's ``run``; ``%s`` in the command are the quoted arguments. Raises ``SkepError``."""
        command = self.get_command(command, *args)
        result = self._shell.run(command, timeout=TIMEOUT)
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

    def encode(self, data: str) -> bytes:
        """The bytes that came, also where they are no text."""
        return data.encode(errors="surrogateescape")


def testinfra_host(shell: RootShell) -> Host:
    """Testinfra's host over a shell."""
    backend = Backend(shell)
    host = Host(backend)
    backend.set_host(host)
    return host
