"""A cluster of virtual machines with a stack that is reached through the routing mesh, and what is seen of it."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import Hosts
from tests.lab.rig.tool import Ran, Tool

PORT = 8080
LIMIT = 1500.0
"""Seconds after which a run of the tool, or a command on a host, counts as hung: an emulated processor is slow."""
ANSWER = 15.0
"""Seconds that one attempt of a client may take."""
SERVE = "mkdir /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www"
HEALTHY = "wget -q -O /dev/null http://127.0.0.1/"
TASKS = {"web-1", "web-2"}
STACK: Mapping[str, Any] = {
    "services": {
        "web": {
            "image": "busybox:1.36",
            "hostname": "web-{{.Task.Slot}}",
            "command": ["sh", "-c", SERVE],
            "networks": ["inner"],
            "ports": [{"target": 80, "published": PORT, "mode": "ingress"}],
            "stop_grace_period": "20s",
            "healthcheck": {
                "test": ["CMD-SHELL", HEALTHY],
                "interval": "10s",
                "timeout": "30s",
                "retries": 6,
                "start_period": "60s",
            },
            "deploy": {
                "replicas": 2,
                "placement": {"max_replicas_per_node": 1},
                "update_config": {"order": "start-first", "monitor": "5s"},
            },
        },
        "client": {
            "image": "busybox:1.36",
            "command": ["sleep", "86400"],
            "init": True,
            "networks": ["inner"],
            "deploy": {"mode": "global"},
        },
    },
    "networks": {"inner": {"external": True}},
}
HOG: Mapping[str, Any] = {
    "services": {
        "hog": {
            "image": "busybox:1.36",
            "command": ["tail", "/dev/zero"],
            "networks": ["inner"],
            "deploy": {
                "resources": {"limits": {"memory": "32M"}},
                "restart_policy": {"condition": "on-failure", "delay": "1s"},
            },
        }
    },
    "networks": {"inner": {"external": True}},
}


@dataclass
class Progress:
    """Says how things go, and how long each stage took."""

    begun: float = field(default_factory=time.monotonic)
    figures: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line with the time since the beginning."""
        for line in text.splitlines():
            print(f"[{time.monotonic() - self.begun:5.0f} s] {line[:200]}", flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Something that lasts."""
        self.say(f"── {name}")
        begun = time.monotonic()
        try:
            yield
        finally:
            self.figures.append(f"{name}: {time.monotonic() - begun:.0f} s")


class Whole:
    """Three managers, the stacks ``mesh`` and ``hog``, and the tool pointed at them."""

    def __init__(self, hosts: Hosts, folder: Path, progress: Progress) -> None:
        self.hosts = hosts
        self.progress = progress
        self.environment = Environment(hosts, folder)
        for name, stack in {"mesh": STACK, "hog": HOG}.items():
            place = folder / "stacks" / name
            place.mkdir()
            (place / "compose.yml").write_text(yaml.safe_dump(dict(stack), sort_keys=False))
        document = self.environment.document
        document["ssh"]["connect-timeout"] = "60s"
        document["networks"] = {"inner": {"subnet": "10.190.0.0/24", "encrypted": True}}
        document["stacks"] = {"mesh": {"timeout": "15m"}}
        self.tool = self.wanting("vm")

    def wanting(self, name: str, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Tool:
        """The tool with this inventory after a change."""
        tool = self.environment.with_inventory(name, change)
        tool.tell, tool.limit = self.progress.say, LIMIT
        return tool

    def run(self, stage: str, tool: Tool, task: str, *options: str) -> Ran:
        """A stage that is one run of the tool."""
        with self.progress.stage(stage):
            return tool(task, *options)

    def in_client(self, host: str, script: str) -> str:
        """What a script says in the task of ``client`` on that host."""
        find = "docker ps --quiet --filter label=com.docker.swarm.service.name=mesh_client"
        return self.hosts.run(host, f"docker exec -i $({find}) sh -s <<'END'\n{script}\nEND")


def page(address: str) -> str | None:
    """The task that answers a request to a host's published port; ``None`` without an answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}:{PORT}/", timeout=ANSWER) as answer:
            return str(answer.read().decode().strip())
    except OSError:
        return None


@dataclass
class Requests:
    """What a client that tries the next host where one does not answer has seen."""

    sent: int = 0
    lost: list[str] = field(default_factory=list)
    retried: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.sent} requests, {len(self.lost)} lost, tried again after {self.retried or 'none'}"


@contextmanager
def requests(hosts: Hosts, progress: Progress) -> Iterator[Requests]:
    """Send one request after the other, to a host each in turn, until the block ends."""
    seen, ended = Requests(), threading.Event()

    def send() -> None:
        while not ended.wait(0.2):
            first = seen.sent % len(hosts.names)
            seen.sent += 1
            for name in [*hosts.names[first:], *hosts.names[:first]]:
                if page(hosts.address(name)) in TASKS:
                    break
                seen.retried[name] = seen.retried.get(name, 0) + 1
            else:
                seen.lost.append(f"{time.monotonic() - progress.begun:.0f} s")
                progress.say(f"a request is lost: {seen}")

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
        progress.figures.append(str(seen))
