"""A fresh swarm of one manager on a lab host: Docker's own CLI there, and the Engine API through the login."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from skep import lab

LAB = lab.Lab(
    "orac",
    "10.95.0.0/24",
    (lab.LabHost("trixie", "10.95.0.11", "trixie"), lab.LabHost("forky", "10.95.0.12", "forky")),
)
ENGINES = {"26.1": "trixie", "28.5": "forky"}
"""Engine release -> the lab host whose Debian release has it."""
FOLDER = "/srv/corpus"
NAMESPACE = "com.docker.stack.namespace"
LIMIT = 180.0
"""Seconds that a command on a host, or the removal of stacks, may take."""
INSTALL = """
export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Check-Valid-Until=false update -qq
apt-get install -y -qq --no-install-recommends docker.io docker-cli
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

    def start(self, corpus: Path) -> None:
        """Install the engine, make the swarm, copy the corpus there and open the way to the API."""
        done = self.run(INSTALL, LAB.host(self.host).address)
        assert done.returncode == 0, done.stderr.decode()
        packed = BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(corpus, arcname=".")
        done = self.run(f"mkdir -p {FOLDER}; tar -xC {FOLDER}", data=packed.getvalue())
        assert done.returncode == 0, done.stderr.decode()
        forward = f"{self._socket}:/run/docker.sock"
        ssh = _ssh(self.host)
        self._tunnel = subprocess.Popen([*ssh[:-1], "-o", "ExitOnForwardFailure=yes", "-N", "-L", forward, ssh[-1]])
        _until(self._socket.exists, lambda: f"the API of {self.engine}")
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

    def stacks(self) -> set[str]:
        """Names of stacks of which anything is left."""
        found: set[str] = set()
        for path in ("services", "networks", "configs", "secrets"):
            for one in self.api("GET", f"/{path}"):
                found.add((one.get("Spec", one).get("Labels") or {}).get(NAMESPACE, ""))
        return found - {""}

    def clear(self) -> None:
        """Remove all stacks and wait until nothing of them is left."""
        refused = b""

        def gone() -> bool:
            nonlocal refused
            left = self.stacks()
            if left:
                # The CLI does not wait for the tasks: a network that one of them still has is refused, until later.
                refused = self.run('for stack; do docker stack rm "$stack" || true; done', *sorted(left)).stderr
            return not left

        _until(gone, lambda: f"the removal of all stacks\n{refused.decode()}")


def _ssh(host: str) -> list[str]:
    program, *options = lab.ssh_argv(LAB, host, user="root")
    return [program, "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10", *options]


def _until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, f"not so within {LIMIT:g} s: {what()}"
        time.sleep(0.2)
