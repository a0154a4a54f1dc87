"""A swarm's past in short form, for cases of stacks: what was done to it, in order, and what its managers then tell.

Each item of ``past`` is one of::

    deploy: web                     as the case's cluster describes it, by this tool
    deploy: {web: {services: …}}    the same of another description; ``until: stacks/running`` ends before that step
    cli: web                        by ``docker stack deploy``
    by-hand: {web_app: {…}}         merged into a service's spec
    gone: [service web_app, …]      removed by hand: services, networks, configs, secrets
    made: {network: [x], config: {name: text}, secret: {name: text}}
    pushed: busybox:1               the tag is another image now

``engine`` is the version of the manager's engine; ``lacking`` are images that no registry has any more;
``mounted: false``: no host that answers has a secret mounted; ``unnamed: true``: nodes' own networks are not reported.
``info`` is what the manager's engine says of itself, ``host`` what the probe prints of its host beyond that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from itertools import count
from typing import Any

from roles.stacks.role import role
from roles.stacks.state import State
from skep.engine import OPERATIONS
from skep.plan import Call, Plan, Ref, Step
from skep.questions import Inquiry
from skep.request import RequestedCluster, RequestedStack
from tests.seen import seen
from tests.steps import roles
from tests.world.deeds import NoLogins
from tests.world.docker_cli import stack_deploy
from tests.world.engine_api import EngineApi, used
from tests.world.raft import Node, Swarm

Given = Mapping[str, Any]


class Past:
    """A swarm and its registries. ``describe`` makes a stack of its short form."""

    def __init__(
        self, cluster: RequestedCluster, given: Given, describe: Callable[[str, Given], RequestedStack]
    ) -> None:
        self.cluster, self.describe = cluster, describe
        self.lacking: set[str] = set()
        self.pushed: list[str] = []
        node = Node("n1", "m1", "10.0.0.1", "manager", member=True, ready=True)
        self.swarm = Swarm("swarm", {}, nodes={"n1": node}, engine=given.get("engine", ""))
        self.is_mounted = given.get("mounted", True)
        self.is_unnamed = given.get("unnamed", False)
        self.info = given.get("info", {})
        self.host = ""
        numbers = count(1)
        self.api = EngineApi(self.swarm, lambda kind: f"{kind}{next(numbers):03d}".ljust(25, "x"), self._digest)
        for item in given.get("past", ()):
            self._happen(dict(item))
        self.lacking |= set(given.get("lacking", ()))
        self.host = given.get("host", "")

    def state(self) -> State:
        """What a manager reports."""
        ids = {one for service in self.swarm.services.values() for one in used(service["Spec"])}
        lines = [
            f"{hashlib.sha256(base64.b64decode(secret['Spec'].get('Data') or '')).hexdigest()}  /x/mounts/secrets/{one}"
            for one, secret in self.swarm.secrets.items()
            if one in ids and self.is_mounted
        ]
        lines.append(self.host)
        answers = {path: self.api.read(path) for path in role.questions}
        found = role.parse("\n".join(lines), answers | {"/info": self.info})
        assert found is not None
        return found

    def answer(self, inquiry: Inquiry) -> Any:
        """What a manager hears from a registry, and reports of a network."""
        image = inquiry.image
        if self.is_unnamed and not image:
            return "network not found"
        return f"manifest for {image} not found" if image in self.lacking else self.api.read(inquiry.path)

    def _digest(self, image: str) -> str:
        return f"sha256:{hashlib.sha256(f'{image} {self.pushed.count(image)}'.encode()).hexdigest()}"

    def _happen(self, item: dict[str, Any]) -> None:
        until = item.pop("until", None)
        ((what, about),) = item.items()
        if what in ("deploy", "cli"):
            for stack in self._stacks(about):
                stack_deploy(self.api, stack) if what == "cli" else self._deploy(stack, until)
        elif what == "by-hand":
            for name, change in about.items():
                self._change(name, change)
        elif what == "gone":
            for one in about:
                self._remove(*one.split())
        elif what == "made":
            self._make(about)
        elif what == "pushed":
            self.pushed.append(about)
        else:
            raise ValueError(f"nobody knows how to make {what}")

    def _stacks(self, about: str | Given) -> list[RequestedStack]:
        if isinstance(about, str):
            return [stack for stack in self.cluster.stacks if stack.name == about]
        return [self.describe(name, given) for name, given in about.items()]

    def _deploy(self, stack: RequestedStack, until: str | None) -> None:
        cluster = RequestedCluster(
            "past", self.cluster.hosts, stacks=(stack,), archives=self.cluster.archives, nonce=self.cluster.nonce
        )
        there = seen({"m1": self.state()})
        answers = {one: self.answer(one) for one in role.inquiries(cluster, there)}
        there = replace(there, states=role.with_answers(there, answers))
        plan = Plan(
            role.plan(cluster, there), roles("engine", "daemon", "swarm", "networks", "images", "stacks"), ["m1"]
        )
        assert plan.errors == (), plan
        results: dict[str, Any] = {}
        for step in plan:
            if until and step.id.startswith(until):
                return
            if isinstance(step, Call):
                results[step.id] = self._act(step, results)

    def _act(self, step: Step, results: Given) -> Any:
        assert isinstance(step, Call)
        late = {"registry-logins": NoLogins(), "author": "ada", "commit": "abc123"}
        arguments = {
            key: (late | {f"result@{name}": result for name, result in results.items()})[value.name]
            if isinstance(value, Ref)
            else value
            for key, value in step.arguments.items()
        }
        return OPERATIONS[step.operation](self.api, **arguments)

    def _change(self, name: str, change: Given) -> None:
        service = next(one for one in self.swarm.services.values() if one["Spec"]["Name"] == name)
        service["PreviousSpec"], service["Spec"] = service["Spec"], _merged(service["Spec"], change)

    def _remove(self, kind: str, name: str) -> None:
        if kind == "network":
            del self.swarm.networks[name]
            return
        store = getattr(self.swarm, f"{kind}s")
        (identifier,) = [one for one, raw in store.items() if fnmatch(raw["Spec"]["Name"], name)]
        del store[identifier]

    def _make(self, about: Given) -> None:
        for name in about.get("network", ()):
            self.api.write("/networks/create", {"Name": name})
        for kind in ("config", "secret"):
            for name, text in about.get(kind, {}).items():
                data = base64.b64encode(text.encode()).decode()
                self.api.write(f"/{kind}s/create", {"Name": name, "Labels": {}, "Data": data})


def _merged(base: Any, change: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(change, Mapping)):
        return change
    return {**base, **{key: _merged(base.get(key), value) for key, value in change.items()}}
