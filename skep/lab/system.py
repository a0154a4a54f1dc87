"""What the lab needs of this machine, and how it calls the machine's programs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from skep.errors import LabError
from skep.lab.spec import Backend
from skep.shell import quoted

Say = Callable[[str], None]
"""Takes one line of progress."""

PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "iptables": "iptables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "setsid": "util-linux",
    "gpg": "gnupg",
}
"""Program the lab calls -> Debian package it is in."""

VM_PACKAGES = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs"}
"""The same, of what a lab of virtual machines calls in addition."""

RPM_PACKAGES = {"rpmbuild": "rpm", "createrepo_c": "createrepo-c"}
"""The same, of what makes the packages of a host with dnf."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def ignore(_text: str) -> None:
    """Takes a line of progress and drops it."""


def run(argv: Sequence[str | Path], *, step: str, cwd: Path | None = None) -> str:
    """Runs a program of this machine and returns its output; `LabError` with its last words when it fails."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd, env=environment()
        )
    except FileNotFoundError as error:
        raise LabError(f"{words[0]} is not installed", step=step) from error
    if done.returncode:
        raise LabError(
            f"{words[0]} failed with status {done.returncode}",
            step=step,
            cause=last_lines(done.stderr or done.stdout, 5),
            next_action=f"try it by hand: {quoted(*words)}",
        )
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a program of this machine is there and ends with status 0; its output is dropped."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, env=environment())
    except FileNotFoundError:
        return False
    return done.returncode == 0


def environment() -> dict[str, str]:
    """This process's environment, with the system's own programs found first and messages in English."""
    return {
        **os.environ,
        "PATH": f"{_SYSTEM_PATH}:{os.environ.get('PATH', '')}",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def last_lines(text: str, count: int) -> str:
    """The last lines of a text, as one string; "it said nothing" when there are none."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:]) or "it said nothing"


def missing_packages(backend: Backend = "container", *, rpms: bool = False) -> list[str]:
    """Debian packages to install before a lab can come up; ``rpms``: one with hosts that have dnf."""
    needed = PACKAGES | (VM_PACKAGES if backend == "vm" else {}) | (RPM_PACKAGES if rpms else {})
    return sorted({package for program, package in needed.items() if not shutil.which(program, path=_SYSTEM_PATH)})


def unsupported() -> str | None:
    """Why this machine can bear no lab, as a sentence; None when it can."""
    if sys.platform != "linux":
        return f"The lab needs Linux; this is {sys.platform}."
    if os.geteuid() != 0:
        return "The lab starts system containers and needs root: run it with sudo."
    if not shutil.which("apt-get", path=_SYSTEM_PATH) or not Path("/etc/debian_version").exists():
        return "The lab builds its hosts with Debian's own tools and needs Debian or a descendant."
    if not any(Path(path, "cgroup.procs").exists() for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")):
        return "The lab needs the unified control group hierarchy (cgroup2), which is not mounted here."
    return None


def require(say: Say, backend: Backend = "container", *, rpms: bool = False) -> None:
    """Makes sure a lab can come up here: installs missing packages, else `LabError` with what to do."""
    reason = unsupported()
    if backend == "vm" and not reason and platform.machine() != "x86_64":
        reason = f"A lab of virtual machines needs an x86-64 machine; this is {platform.machine()}."
    missing = [] if reason else missing_packages(backend, rpms=rpms)
    if reason:
        raise LabError(reason, step="lab")
    if not missing:
        return
    say(f"installing {', '.join(missing)}")
    line = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if not succeeds(line):
        try:
            run(["apt-get", "update"], step="refresh package lists")
            run(line, step="install system packages")
        except LabError as error:
            raise LabError(
                f"the lab needs packages that could not be installed: {', '.join(missing)}",
                step="lab",
                cause=error.cause,
                next_action=quoted(*line),
            ) from error
