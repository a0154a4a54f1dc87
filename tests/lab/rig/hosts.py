"""The hosts of a lab as their root sees them: for breaking things and for looking, beside the tool under test."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skep import lab

BOOT = "cat /proc/sys/kernel/random/boot_id /proc/1/stat"
LIMIT = 300.0
"""Seconds after which a command on a host counts as hung."""
AS_DELIVERED = "sed -i /lab-packages/d /etc/apt/sources.list"
"""Packages come from Debian alone, compressed as it did: what a lab's own source (skep/lab/quick.sh) spares."""
PATIENCE = 240.0
"""Seconds that something may take to become true on the hosts."""


class Hosts:
    """A lab that is up, by host name."""

    def __init__(self, spec: lab.Lab, *, limit: float = LIMIT) -> None:
        self.spec = spec
        self.limit = limit
        self.names = [host.name for host in spec.hosts]
        self.managers = [name for name in self.names if name.startswith("m")]
        self.workers = [name for name in self.names if name.startswith("w")]
        self._before_reboot: dict[str, str] = {}

    def renew(self) -> None:
        """Bare hosts: whatever ran under the lab's name before is taken down first."""
        lab.down(self.spec.name)
        lab.up(self.spec)
        self.each("runuser -u admin -- sudo -n true")  # at its first time sudo notes that in the user's home

    def address(self, host: str) -> str:
        """Its address in the lab."""
        return self.spec.host(host).address

    def attempt(self, host: str, script: str, *, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        """Run a POSIX sh script as root; whatever comes of it is the answer, a hang too (status 124)."""
        timeout = self.limit if timeout is None else timeout
        program, *options = lab.ssh_argv(self.spec, host, user="root", patience=max(10, timeout / 12))
        argv = [program, "-o", "LogLevel=ERROR", *options, "sh", "-s"]
        try:
            return subprocess.run(
                argv,
                input=script,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 124, "", f"no answer within {timeout:g} s")

    def run(self, host: str, script: str) -> str:
        """The script's output; it must end with status 0."""
        done = self.attempt(host, script)
        status, said = done.returncode, f"{done.stdout}{done.stderr}"[-2000:]
        assert status == 0, f"on {host}: {script}\nended with {status}:\n{said}"
        return done.stdout

    def each(self, script: str, names: Iterable[str] | None = None) -> dict[str, str]:
        """The same on all hosts (or some) at once."""
        asked = list(self.names if names is None else names)
        with ThreadPoolExecutor(len(asked)) as threads:
            return dict(zip(asked, threads.map(lambda name: self.run(name, script), asked), strict=True))

    def json(self, host: str, command: str) -> Any:
        """What a command prints, as JSON."""
        return json.loads(self.run(host, command))

    def swarm(self, host: str) -> dict[str, Any]:
        """The ``Swarm`` part of ``docker info``."""
        return self.swarms([host])[host]

    def swarms(self, names: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
        """The same of all hosts (or some) at once."""
        texts = self.each("docker info --format '{{json .Swarm}}'", names)
        return {name: dict(json.loads(text)) for name, text in texts.items()}

    def nodes(self, manager: str) -> list[dict[str, Any]]:
        """All nodes as that manager lists them."""
        return list(self.json(manager, "docker node inspect $(docker node ls --quiet)"))

    def node(self, manager: str, host: str) -> dict[str, Any]:
        """The only node of that host name."""
        found = [node for node in self.nodes(manager) if node["Description"]["Hostname"] == host]
        assert len(found) == 1, f"{manager} knows {len(found)} nodes called {host}"
        return found[0]

    def must_be_one_swarm(self) -> str:
        """Every host is a Ready node of the same swarm, in its role, and there is no other node. Returns its id."""
        swarms = self.swarms()
        states = {name: swarm["LocalNodeState"] for name, swarm in swarms.items()}
        assert set(states.values()) == {"active"}, f"not every host is in a swarm: {states}"
        ids = {name: swarms[name]["Cluster"]["ID"] for name in self.managers}
        assert len(set(ids.values())) == 1, f"more than one swarm: {ids}"
        nodes = self.nodes(self.managers[-1])
        listed = [f"{_name(n)} {n['ID']} {n['Spec']['Role']} {n['Status']['State']}" for n in nodes]
        desired = [
            f"{name} {swarm['NodeID']} {'manager' if name in self.managers else 'worker'} ready"
            for name, swarm in swarms.items()
        ]
        assert sorted(listed) == sorted(desired), f"nodes as the managers list them: {listed}; desired: {desired}"
        return str(ids[self.managers[0]])

    def kill(self, host: str) -> None:
        """Cut its power."""
        lab.kill(self.spec.name, host)

    def boot(self, host: str) -> None:
        """Power on, until its SSH server answers."""
        lab.boot(self.spec.name, host)

    def reboot(self, host: str) -> None:
        """Tell it to reboot itself; returns when it is on its way down."""
        boot = self._before_reboot[host] = self.run(host, BOOT)
        self.attempt(host, "systemctl reboot")
        until(f"{host} goes down", lambda: self.attempt(host, BOOT, timeout=5).stdout != boot)

    def must_answer(self, host: str) -> None:
        """Wait until it can be logged in to; after a reboot that was asked for, until it has booted again."""
        before = self._before_reboot.pop(host, "")
        until(f"{host} answers", lambda: self.attempt(host, BOOT, timeout=20).stdout not in ("", before))


def until(what: str, holds: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
    """Wait until something holds, and return it; ``AssertionError`` when it does not come."""
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not so within {patience:g} s: {what}"
        time.sleep(0.5)  # each look is a login, which costs the hosts more than the wait
    return found


def _name(node: dict[str, Any]) -> str:
    return str(node["Description"].get("Hostname"))
