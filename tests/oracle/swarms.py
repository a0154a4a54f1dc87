"""A fresh swarm of one manager on a lab host: Docker's own CLI there, and the Engine API through the login."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skep import lab

LAB = lab.Lab(
    "orac",
    "10.95.0.0/24",
    tuple(lab.LabHost(suite, f"10.95.0.{11 + number}", suite) for number, suite in enumerate(lab.SUITES)),
)
ENGINES = {"20.10": "bookworm", "26.1": "trixie", "28.5": "forky"}
"""Engine release -> the lab host whose Debian release has it."""
NAMESPACE = "com.docker.stack.namespace"
LIMIT = 900.0
"""Seconds after which a command on a host, or the removal of stacks, counts as hung."""
INSTALL = """
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends docker.io
command -v docker >/dev/null || apt-get install -y -qq --no-install-recommends docker-cli
docker swarm init --advertise-addr "$1"
docker node update --availability drain "$(docker node ls -q)"
for name in orac-shared orac-second; do docker network create -d overlay $name; done
for name in orac-config orac-config2; do echo $name | docker config create $name -; done
for name in orac-secret orac-secret2; do echo $name | docker secret create $name -; done
"""


class _Socket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("docker", timeout=LIMIT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(str(self.path))


@dataclass
class Swarm:
    """The swarm of one engine. Its node is drained: services are kept and no task runs."""

    engine: str
    tunnel_folder: Path
    _tunnel: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def host(self) -> str:
        """The lab host."""
        return ENGINES[self.engine]

    @property
    def _socket(self) -> Path:
        return self.tunnel_folder / f"{self.host}.sock"

    def run(self, script: str, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """A POSIX sh script as root on the host, with words as its arguments and data as its input."""
        command = shlex.join(["sh", "-euc", script, "sh", *words])
        argv = [*_ssh(self.host), command]
        return subprocess.run(argv, input=data, capture_output=True, timeout=LIMIT, check=False)

    def start(self) -> None:
        """Install the engine, make the swarm and open the way to the API."""
        done = self.run(INSTALL, LAB.host(self.host).address)
        assert done.returncode == 0, done.stderr.decode()
        self.connect()

    def connect(self) -> None:
        """Open the way to the API of a swarm that is there."""
        forward = f"{self._socket}:/run/docker.sock"
        ssh = _ssh(self.host)
        self._tunnel = subprocess.Popen([*ssh[:-1], "-o", "ExitOnForwardFailure=yes", "-N", "-L", forward, ssh[-1]])
        until(self._socket.exists, lambda: f"the API of {self.engine}")
        version = self.api("GET", "/version")["Version"]
        assert version.startswith(f"{self.engine}."), f"{self.host} runs {version}"

    def stop(self) -> None:
        """Close the way to the API."""
        if self._tunnel is not None:
            self._tunnel.terminate()
            self._tunnel.wait()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer as JSON. ``AssertionError`` with the Engine's words when it refuses."""
        connection = _Socket(self._socket)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
        return json.loads(text) if text else None

    def clear(self) -> None:
        """Remove all stacks and wait until nothing of them is left."""
        refused: list[str] = []

        def gone() -> bool:
            # A network that a task still has is refused, until later.
            refused.clear()
            for kind in ("services", "networks", "configs", "secrets"):
                every = self.api("GET", f"/{kind}")
                ours = [one for one in every if NAMESPACE in (one.get("Spec", one).get("Labels") or {})]
                refused.extend(self._remove(f"/{kind}/{one.get('ID') or one['Id']}") for one in ours)
            return not refused

        until(gone, lambda: "the removal of all stacks\n" + "\n".join(refused))

    def _remove(self, path: str) -> str:
        try:
            self.api("DELETE", path)
        except AssertionError as error:
            return str(error)
        return path


def _ssh(host: str) -> list[str]:
    program, *options = lab.ssh_argv(LAB, host, user="root")
    return [program, "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10", *options]


def until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    """Ask again and again. ``AssertionError`` with what was waited for at the deadline."""
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, f"not so within {LIMIT:g} s: {what()}"
        time.sleep(0.2)
