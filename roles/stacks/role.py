"""Stacks: deployed when what would be deployed differs from what was, then watched until they run.

The seam for a planner of our own: ``plan`` compares renderings, ``_deploy`` is the only place that knows how.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from roles.stacks.rendering import rendered
from skep.model import Cluster, Host, Stack, reveal
from skep.plan import Call, Finding, Run, Step, Wait, spec_mark
from skep.questions import Answers

NAMESPACE = "com.docker.stack.namespace"
RECORDS = "/configs?filters=%7B%22label%22%3A%5B%22skep.stack%22%5D%7D"

Observed = Mapping[str, "State | None"]

DEPLOY = r"""
set -eu
cd "$FILES/stack"
if [ -e "$FILES/docker/config.json" ]; then export DOCKER_CONFIG="$FILES/docker"; fi
detach=
if docker stack deploy --help 2>/dev/null | grep -q -e --detach; then detach=--detach=true; fi
exec docker stack deploy --with-registry-auth --prune $detach "$@" >&2
"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack in the swarm: the digest written down at its last deploy, and each service's mark then and now."""

    digest: str | None = None
    recorded: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The stacks of the swarm by name, as far as this host can tell: managers only."""

    stacks: Mapping[str, Deployed] = field(default_factory=dict)


class Stacks:
    """Deploys through Docker's own CLI on a manager."""

    name = "stacks"
    probe = ""
    questions = ("/services", RECORDS, "/nodes")

    def desired(self, cluster: Cluster, host: Host) -> State | None:
        """All stacks with the digest of their rendering, on managers."""
        if host.role != "manager":
            return None
        return State({stack.name: Deployed(digest=digest(stack)) for stack in cluster.stacks})

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the services' specs and our records; ``None`` on a worker."""
        if "/nodes" not in answers:
            return None
        records: dict[str, Deployed] = {}
        for config in answers.get(RECORDS, []):
            labels = config["Spec"]["Labels"]
            marks = dict(mark.rsplit(":", 1) for mark in labels["skep.services"].split(",") if mark)
            records[labels["skep.stack"]] = Deployed(labels["skep.digest"], marks)
        services: dict[str, dict[str, str]] = {}
        for spec in (service["Spec"] for service in answers.get("/services", [])):
            stack = (spec.get("Labels") or {}).get(NAMESPACE)
            if stack:
                services.setdefault(stack, {})[spec["Name"]] = spec_mark(spec)
        return State(
            {
                name: replace(records.get(name, Deployed()), services=services.get(name, {}))
                for name in {*records, *services}
            }
        )

    def plan(
        self,
        cluster: Cluster,
        desired: Mapping[str, State | None],
        observed: Observed,
    ) -> Sequence[Step | Finding]:
        """Planned once; a stack that is as deployed gets no step at all."""
        told = _told(cluster, observed)
        have = told or {}
        steps: list[Step | Finding] = []
        for stack in cluster.stacks:
            cause, detail = _why(stack, have.get(stack.name, Deployed()))
            if cause:
                steps += _deploy(cluster, stack, cause, detail, only_with=None if told is not None else "swarm/init")
        return steps

    def down(self, cluster: Cluster, observed: Observed) -> Sequence[Step | Finding]:
        """Remove the inventory's stacks, wait until services, tasks and networks are gone. Volumes stay."""
        have = _told(cluster, observed) or {}
        return [step for stack in cluster.stacks if stack.name in have for step in removal(stack.name, "taken down")]


def removal(stack: str, cause: str) -> list[Step]:
    """The steps that take a stack away."""
    return [
        Run(
            id=f"stacks/remove:{stack}",
            title=f"remove stack {stack}",
            cause=cause,
            script=f"docker stack rm {stack} >&2",
        ),
        Wait(
            id=f"stacks/gone:{stack}",
            title=f"wait until stack {stack} is gone",
            cause="removal is asynchronous",
            condition="stack_gone",
            arguments={"stack": stack},
            needs=(f"stacks/remove:{stack}",),
        ),
        Call(
            id=f"stacks/forget:{stack}",
            title=f"forget stack {stack}",
            cause=cause,
            operation="stack_forget",
            arguments={"stack": stack},
            needs=(f"stacks/gone:{stack}",),
        ),
    ]


def digest(stack: Stack) -> str:
    """A hash over everything a deploy of this stack is made from."""
    material = hashlib.sha256(json.dumps([stack.name, stack.compose]).encode())
    for path in sorted(stack.files):
        material.update(f"\n{path}\n".encode() + hashlib.sha256(stack.files[path]).digest())
    for name in sorted(stack.variables):
        material.update(f"\n{name}={reveal(stack.variables[name])}".encode())
    return material.hexdigest()[:32]


def service_names(stack: Stack) -> set[str]:
    """Full names of the services its compose files describe."""
    names: set[str] = set()
    for file in stack.compose:
        document = yaml.safe_load(stack.files[file]) or {}
        names |= {f"{stack.name}_{service}" for service in document.get("services") or {}}
    return names


def _why(stack: Stack, have: Deployed) -> tuple[str | None, tuple[str, ...]]:
    """Why it has to be deployed, if at all, and the services that come, go, or were changed by hand."""
    wanted, present = service_names(stack), set(have.services)
    detail = [f"service {name}: none → created" for name in sorted(wanted - present)]
    detail += [f"service {name}: removed, no longer in the compose files" for name in sorted(present - wanted)]
    if have.digest is None:
        return ("not deployed" if not present else "deployed by other means, not known to be as described"), (*detail,)
    if have.digest != digest(stack):
        return "its compose files, their files or its variables changed", (*detail,)
    changed = [name for name in sorted(wanted & present) if have.services[name] != have.recorded.get(name)]
    detail += [f"service {name}: changed by other hands since the last deploy" for name in changed]
    return ("services differ from what was deployed" if detail else None), (*detail,)


def _deploy(cluster: Cluster, stack: Stack, cause: str, detail: tuple[str, ...], only_with: str | None) -> list[Step]:
    files = {f"stack/{path}": content for path, content in rendered(stack).items()}
    if cluster.registries:
        files["docker/config.json"] = _credentials(cluster)
    options = " ".join(f"-c {_quote(file)}" for file in stack.compose)
    mark = digest(stack)
    return [
        Run(
            id=f"stacks/deploy:{stack.name}",
            title=f"deploy stack {stack.name}",
            cause=cause,
            detail=detail,
            script=f"set -- {options} {_quote(stack.name)}\n{DEPLOY}",
            files=files,
            secrets=dict(stack.variables),
            needs=("swarm/init", "networks"),
            after=("engine", "daemon", "swarm"),
            only_with=only_with,
            timeout=180,
        ),
        Wait(
            id=f"stacks/running:{stack.name}",
            title=f"wait until stack {stack.name} runs as wanted",
            cause="deployed",
            condition="stack_running",
            arguments={"stack": stack.name},
            needs=(f"stacks/deploy:{stack.name}",),
            timeout=stack.timeout,
        ),
        Call(
            id=f"stacks/record:{stack.name}",
            title="write down what was deployed",
            cause="deployed",
            operation="stack_record",
            needs=(f"stacks/running:{stack.name}",),
            arguments={"stack": stack.name, "digest": mark, "name": f"skep.{stack.name}.{mark[:12]}"},
        ),
    ]


def _credentials(cluster: Cluster) -> bytes:
    auths: dict[str, Any] = {
        registry.server: {
            "auth": base64.b64encode(f"{registry.username}:{registry.password.reveal()}".encode()).decode()
        }
        for registry in cluster.registries
    }
    return json.dumps({"auths": auths}).encode()


def _told(cluster: Cluster, observed: Observed) -> Mapping[str, Deployed] | None:
    """What the first manager that can tell says; ``None`` where nobody can."""
    for host in cluster.hosts:
        state = observed.get(host.name)
        if state is not None:
            return state.stacks
    return None


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


role = Stacks()
