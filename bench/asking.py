"""A stack that is asked ten times a second from every host, and how many of the requests failed.

``web`` is start-first with a health check, and goes on answering for four seconds once it has to stop, while others
still have its address. ``client`` has one task on every host; it writes down each request on its host, so that nothing
of it is lost with a container, an engine or a task.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skep.lab.images import MANIFEST_TYPE

FOLDER = "/var/lib/asked"
"""On each host; has to be there before the stack is deployed."""
READY = f"mkdir -p {FOLDER} && : >{FOLDER}/log"
READ = f"cat {FOLDER}/log 2>/dev/null || true"

_SERVE = (
    "mkdir /www && echo $$RELEASE >/www/index.html && httpd -p 80 -h /www"
    " && trap 'sleep 4; exit 0' TERM && while :; do sleep 1 & wait; done"
)
_ASK = (
    "while :; do if timeout 5 wget -q -O /dev/null http://web/ 2>/tmp/why; then echo ok;"
    ' else echo "lost $$(date +%T) $$(cat /tmp/why)"; fi >>/asked/log; usleep 100000; done'
)


IMAGE = "busybox:1.36"


def stack(release: str, *, order: str = "start-first", image: str = IMAGE) -> dict[str, Any]:
    """The compose file of a release, whose ``web`` has that image."""
    web = {
        "image": image,
        "environment": {"RELEASE": release},
        "command": ["sh", "-c", _SERVE],
        "networks": ["front"],
        "stop_grace_period": "10s",
        "healthcheck": {
            "test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"],
            "interval": "1s",
            "timeout": "10s",
            "retries": 10,
        },
        "deploy": {
            "replicas": 2,
            "endpoint_mode": "dnsrr",
            "update_config": {"order": order, "parallelism": 1, "monitor": "1s", "failure_action": "rollback"},
        },
    }
    client = {
        "image": IMAGE,
        "init": True,
        "command": ["sh", "-c", _ASK],
        "networks": ["front"],
        "stop_grace_period": "1s",
        "volumes": [f"{FOLDER}:/asked"],
        "deploy": {"mode": "global", "endpoint_mode": "dnsrr"},
    }
    return {"services": {"web": web, "client": client}, "networks": {"front": {"external": True}}}


def move(registry: str, tag: str, to: str) -> None:
    """Let a tag of a lab's ``busybox`` name the image that another of its tags names."""
    place = f"http://{registry}/v2/library/busybox/manifests/"
    kind = {"Accept": MANIFEST_TYPE, "Content-Type": MANIFEST_TYPE}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(f"{place}{to}", headers=kind), timeout=10) as answer:
        manifest = answer.read()
    direct.open(urllib.request.Request(f"{place}{tag}", manifest, kind, method="PUT"), timeout=10).close()


@dataclass(frozen=True, slots=True)
class Asked:
    """``lost`` are the lines of requests that failed, each with its host, time and cause."""

    sent: int
    lost: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.sent} requests, {len(self.lost)} lost" + "".join(f"\n  {line}" for line in self.lost[:20])

    def since(self, before: Asked) -> Asked:
        """What was asked between two looks."""
        return Asked(self.sent - before.sent, tuple(line for line in self.lost if line not in before.lost))


def asked(everywhere: Callable[[str], Mapping[str, str]]) -> Asked:
    """What all clients wrote down until now. ``everywhere`` runs a script on each host and gives what it printed."""
    logs = {host: text.splitlines() for host, text in everywhere(READ).items()}
    lost = tuple(f"{host}: {line}" for host, lines in logs.items() for line in lines if line.startswith("lost"))
    return Asked(sum(map(len, logs.values())), lost)
