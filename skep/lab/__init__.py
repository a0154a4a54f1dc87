"""The lab: real hosts on this machine for trying and testing.

Each host is a systemd-nspawn container with its own systemd, SSH server, network and disk; to the rest of skep
it is a host like any other. `up` and `down` bring a lab up and leave nothing of it, `cut`, `kill` and their
opposites break and fix single hosts.
"""

from skep.lab.keys import ssh_argv
from skep.lab.lifecycle import boot, cut, down, heal, kill, status, up
from skep.lab.spec import KINDS, SUITES, HostStatus, Lab, LabHost
from skep.lab.system import missing_packages, unsupported

__all__ = [
    "KINDS",
    "SUITES",
    "HostStatus",
    "Lab",
    "LabHost",
    "boot",
    "cut",
    "down",
    "heal",
    "kill",
    "missing_packages",
    "ssh_argv",
    "status",
    "unsupported",
    "up",
]
