"""An environment on a lab's hosts: an inventory file with its stacks beside it, as an operator would keep them."""

from __future__ import annotations

import copy
import shutil
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.lab.rig.hosts import Hosts, until
from tests.lab.rig.tool import ROOT, Ran, Tool

CACHE = "${env:XDG_CACHE_HOME:-~/.cache}/skep/lab"
Document = dict[str, Any]


class Environment:
    """Hosts, what is desired of them, and the tool pointed at it. Without ``health``, the stack has no health check:
    one every second costs a twentieth of a processor, on each host it runs on, for as long as the hosts are up."""

    def __init__(
        self, hosts: Hosts, folder: Path, *, env: Mapping[str, str] | None = None, health: bool = True
    ) -> None:
        self.hosts = hosts
        self.folder = folder
        self.env = dict(env or {})
        self.document = described(hosts)
        shutil.copytree(ROOT / "stacks/web", folder / "stacks/web")
        _hurry(folder / "stacks/web/compose.yml", health=health)
        (folder / "inventory").mkdir(exist_ok=True)
        self.tool = self.with_inventory(hosts.spec.name)

    def with_inventory(
        self, name: str, change: Callable[[Document], object] = lambda _: None, *, env: Mapping[str, str] | None = None
    ) -> Tool:
        """The tool with an inventory of its own: this one's after a change."""
        document = copy.deepcopy(self.document)
        change(document)
        path = self.folder / "inventory" / f"{name}.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return Tool(path, {**self.env, **(env or {})})

    def plan(self) -> Ran:
        """What would change; exit status 10 if anything would."""
        return self.tool("cluster.plan", "--exit-code")

    def up(self, *options: str) -> Ran:
        """``cluster.up``, which must succeed."""
        return self.tool("cluster.up", *options).must()

    def must_be_as_described(self) -> None:
        """The plan is empty, as soon as the managers have heard of every node."""
        ran = self.settled_plan()
        assert ran.exit == 0 and not ran.steps, f"the hosts differ from the inventory\n{ran}"

    def settled_plan(self) -> Ran:
        """What would change once the managers have heard of every node: after the leader was lost, or on a busy
        machine, that may take a while."""
        ran: Ran = until("every node is heard", lambda: None if _only_unheard(ran := self.plan()) else ran)
        return ran

    def page_must_answer(self) -> None:
        """The stack ``web`` answers on every host it is meant to run on."""
        text = (self.folder / "stacks/web/index.html").read_text()
        for name, host in self.document["hosts"].items():
            if "web" in host["labels"]:
                url = f"http://{host['address']}:8080/"
                until(f"{url} ({name}) serves the page", partial(serves, url, text))


def _hurry(compose: Path, *, health: bool) -> None:
    """Make the stack one that waits for less, and whose health check stands a busy machine."""
    text = compose.read_text().replace("monitor: 5s", "monitor: 1s").replace("delay: 2s", "delay: 1s")
    document = yaml.safe_load(text)
    web = document["services"]["web"]
    web["stop_grace_period"] = "0s"  # its server heeds no SIGTERM: it would take the whole of it
    web["healthcheck"].update(timeout="10s", retries=10)
    if not health:
        del web["healthcheck"]
    compose.write_text(yaml.safe_dump(document, sort_keys=False))


def _only_unheard(ran: Ran) -> bool:
    """Whether all there is to do is to wait for nodes."""
    return bool(ran.ids) and not changing(ran.ids)


def changing(steps: Iterable[str]) -> list[str]:
    """Those steps that do more than wait until the managers have heard of a node."""
    return [step for step in steps if not step.startswith("swarm/heard@")]


def serves(url: str, text: str) -> bool:
    """Whether a page is that text."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return bool(answer.read().decode() == text)
    except OSError:
        return False


def described(hosts: Hosts) -> Document:
    """An inventory for a lab's hosts: managers m*, workers w*, the stack on the latter (on others, too, where those are
    few), and two networks of which ``back`` is used by nobody."""
    spec = hosts.spec
    second, third = spec.subnet.split(".")[1:3]
    web = hosts.workers if len(hosts.workers) > 1 else [*hosts.managers[1:], *hosts.workers]
    zone = {name: ("north", "south")[place % 2] for place, name in enumerate(hosts.names)}
    return {
        "ssh": {
            "user": "admin",
            "key": f"{CACHE}/id_ed25519",
            "known-hosts": f"{CACHE}/known_hosts-{spec.name}",
            "host-keys": "strict",
            "agent": False,
            "connect-timeout": "4s",  # a dead host costs that each time
        },
        "daemon": {
            "registry-mirrors": [f"http://{spec.registry}"],
            "insecure-registries": [spec.registry],
            "log-opts": {"max-size": "10m"},
        },
        "swarm": {"address-pools": [f"10.{int(second) + 100}.0.0/16"], "subnet-size": 24, "task-history": 3},
        "hosts": {
            name: {
                "address": hosts.address(name),
                "role": "manager" if name in hosts.managers else "worker",
                "labels": {"zone": zone[name], **({"web": "yes"} if name in web else {})},
            }
            for name in hosts.names
        },
        "networks": {
            "front": {"subnet": f"10.{int(second) + 101}.{third}.0/24", "attachable": True},
            "back": {"subnet": f"10.{int(second) + 102}.{third}.0/24"},
        },
        "stacks": {"web": {"timeout": "3m"}},
    }
