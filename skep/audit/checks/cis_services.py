"""The benchmark's section 5: what services ask for, read from their specifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from testinfra.host import Host as Remote

from skep.audit.controls import Control
from skep.audit.marking import asked, rules
from skep.model import Cluster, Stack
from skep.swarm.hardening import RULES, SHOWN
from skep.swarm.labels import stack_of
from skep.swarm.references import attachments
from skep.swarm.spec import ServiceSpec
from skep.verify.ask import Ask
from skep.verify.check import Wrong
from skep.verify.plugin import Found

SPECS = "timeout 20 docker service ls --quiet | xargs -r timeout 20 docker service inspect --format '{{json .Spec}}'"
HOST_NETWORK = "timeout 20 docker network ls --no-trunc --filter name=^host$ --format '{{json .ID}}'"
NO_NEW = "no-new-privileges"
THEN = ", then: "
"""Between what is changed in a file and the command that rolls it out."""


@rules("service")
def test_stack(stack: Stack, cluster: Cluster, manager: Remote, ask: Ask, rule: Control, found: Found) -> None:
    """services of the stack ask for no more than they need"""
    specs = [one for one in _specs(ask, manager) if stack_of(one) == stack.name]
    if not specs:
        pytest.skip(f"stack {stack.name} has no services")
    _look(specs, rule, cluster, manager, ask, found, f"invoke stack.deploy {stack.name}")


@rules("service")
def test_others(cluster: Cluster, manager: Remote, ask: Ask, rule: Control, found: Found) -> None:
    """services that are of no stack of the inventory ask for no more than they need"""
    ours = {stack.name for stack in cluster.stacks}
    specs = [one for one in _specs(ask, manager) if stack_of(one) not in ours]
    if not specs:
        pytest.skip("every service is of a stack of the inventory")
    _look(specs, rule, cluster, manager, ask, found, "docker stack deploy, or docker service update")


def _look(
    specs: Sequence[ServiceSpec], rule: Control, cluster: Cluster, manager: Remote, ask: Ask, found: Found, way: str
) -> None:
    if rule.service == "privileges" and all(host.daemon.get(NO_NEW) is True for host in cluster.hosts):
        pytest.skip("every engine has no-new-privileges")
    said = {one["Name"]: text for one in specs if (text := _said(rule, one, manager, ask))}
    names = " ".join(one["Name"] for one in specs)
    words = "; ".join(f"{name} {text}" for name, text in said.items())
    found(f"docker service inspect --pretty {names}", words or "none")
    if said and not rule.shown:
        change, _, last = rule.remedy.partition(THEN)
        raise Wrong(words, f"{change}{THEN}{way}" if "stack.deploy" in last else rule.remedy)


def _said(rule: Control, spec: ServiceSpec, manager: Remote, ask: Ask) -> str:
    if rule.service == "host-network":
        shared = {"host", *map(str, ask(manager, HOST_NETWORK))}
        return "is in the host's network" if any(one["Target"] in shared for one in attachments(spec)) else ""
    return (RULES.get(rule.service) or SHOWN[rule.service])(spec)


def _specs(ask: Ask, manager: Remote) -> list[ServiceSpec]:
    """Never evidence as a whole: variables may hold secrets."""
    return cast("list[ServiceSpec]", asked(ask, manager, lambda *_: None, SPECS))
