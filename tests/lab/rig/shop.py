"""A stack of small services for tests that deploy: its files, the tool pointed at it, what the swarm holds of it."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.tool import Ran, Tool

NAME = "shop"
LABEL = f"com.docker.stack.namespace={NAME}"
SLEEP = ["sleep", "3600"]


class Shop:
    """The stack ``shop``: ``api`` (two tasks, a secret, a config) and ``log`` (one task)."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.hosts = environment.hosts
        self.folder = environment.folder / "stacks" / NAME
        self.folder.mkdir(parents=True, exist_ok=True)
        self.document: Document = {
            "version": "3.8",
            "services": {
                "api": _service(2, environment={"LEVEL": "info"}, secrets=["key"], configs=["rules"]),
                "log": _service(1),
            },
            "networks": {"front": {"external": True}},
            "secrets": {"key": {"file": "./key.txt"}},
            "configs": {"rules": {"file": "./rules.txt"}},
        }
        self.write("key.txt", "of no importance\n")
        self.write("rules.txt", "one\n")
        self.tool: Tool = environment.with_inventory(
            f"{NAME}s", lambda document: document["stacks"].update({NAME: {"timeout": "3m"}})
        )

    @property
    def api(self) -> Document:
        """The service ``api`` of the compose file."""
        service: Document = self.document["services"]["api"]
        return service

    def write(self, name: str, text: str) -> None:
        """A file of the stack's folder."""
        (self.folder / name).write_text(text)

    def save(self) -> None:
        """The compose file as it is now."""
        self.write("compose.yml", yaml.safe_dump(self.document, sort_keys=False))

    def deploy(self, *options: str) -> Ran:
        """``stack.deploy`` of the compose file as it is now; the end is the caller's to judge."""
        self.save()
        return self.tool("stack.deploy", NAME, *options)

    def plan(self) -> Ran:
        """``stack.plan`` of the compose file as it is now; exit status 10 if anything would change."""
        self.save()
        return self.tool("stack.plan", NAME, "--exit-code")

    def services(self, manager: str = "m1") -> dict[str, dict[str, Any]]:
        """What the swarm holds, by short name."""
        script = f"docker service ls -q --filter label={LABEL} | xargs -r docker service inspect"
        found = json.loads(self.hosts.run(manager, script) or "[]")
        return {one["Spec"]["Name"].removeprefix(f"{NAME}_"): one for one in found}

    def names(self, what: str) -> set[str]:
        """Names of the stack's configs or secrets."""
        return set(self.hosts.run("m1", f"docker {what} ls --filter label={LABEL} --format '{{{{.Name}}}}'").split())

    def clear(self) -> None:
        """Away with it, by the shortest way."""
        records = "docker config ls -q --filter label=skep.stack=shop"
        self.hosts.run("m1", f"docker stack rm {NAME}; {records} | xargs -r docker config rm")


def _service(replicas: int, **more: Any) -> Document:
    return {
        "image": "busybox:1.36",
        "command": SLEEP,
        "stop_grace_period": "0s",
        "networks": ["front"],
        "deploy": {
            "replicas": replicas,
            "endpoint_mode": "dnsrr",
            "update_config": {"monitor": "1s", "parallelism": 0, "failure_action": "pause"},
            "restart_policy": {"delay": "1s"},
        },
        **more,
    }
