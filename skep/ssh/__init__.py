"""SSH to the hosts: the only room that knows fabric and paramiko. One login a host, one bounded pool."""

import skep.ssh.lean_paramiko  # noqa: F401 (before all that imports Paramiko)
from skep.ssh.pool import Pool
from skep.ssh.root_shell import RootShell
from skep.ssh.session import Result, Session

__all__ = ["Pool", "Result", "RootShell", "Session"]
