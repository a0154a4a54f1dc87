"""Package repositories on the lab's gateway, as a vendor of engines or a mirror of one serves them.

All that lies in `folder` is served over HTTP; ``linux/debian`` is made by `skep.lab.vendor`.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from skep.errors import LabError
from skep.lab import cgroups, folders
from skep.lab.spec import Lab
from skep.lab.system import environment, last_lines
from skep.waiting import until

_PORT = 5080
_START_SECONDS = 60.0


def address(lab: Lab) -> str:
    """What an inventory of the lab names as ``engine.repository``."""
    return f"http://{lab.gateway}:{_PORT}"


def folder(lab: Lab) -> Path:
    """What is served; gone with the lab."""
    return folders.run(lab.name) / "packages"


def log(lab: Lab) -> Path:
    """Who asked for what, a line each."""
    return folders.run(lab.name) / "packages.log"


def serve(lab: Lab) -> None:
    """Starts the server when it does not run, and returns when it answers."""
    group = cgroups.of_service(lab.name, "packages")
    folder(lab).mkdir(exist_ok=True)
    if not cgroups.alive(group):
        cgroups.make(group)
        _start(lab, group)
    if not until(lambda: _answers(lab), seconds=_START_SECONDS, every=0.05):
        raise LabError(
            f"no package server answers at {address(lab)}",
            step="lab packages",
            cause=last_lines(log(lab).read_text(), 5),
            next_action=None if cgroups.alive(group) else "see whether something else holds the port",
        )


def _start(lab: Lab, group: Path) -> None:
    server = [sys.executable, "-m", "http.server", str(_PORT), "--bind", lab.gateway, "--directory", str(folder(lab))]
    script = 'echo $$ > "$0" && exec "$@"'
    with log(lab).open("a") as lines:
        subprocess.run(
            ["setsid", "--fork", "sh", "-c", script, str(group / "cgroup.procs"), *server],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            cwd="/",
            env=environment(),
            check=True,
        )


def _answers(lab: Lab) -> bool:
    try:
        with socket.create_connection((lab.gateway, _PORT), timeout=1):
            return True
    except OSError:
        return False
