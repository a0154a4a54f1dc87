"""The benchmark's section 5: what services ask for, read from their specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from testinfra.host import Host as Remote

from skep.audit.commands import for_each, info_of
from skep.audit.controls import Control
from skep.audit.marking import asked, in_words, rules
from skep.model import Cluster, Stack
from skep.swarm.hardening import RULES, SHOWN
from skep.swarm.labels import stack_of
from skep.swarm.references import attachments
from skep.swarm.spec import ServiceSpec
from skep.verify.ask import Ask
from skep.verify.check import Wrong
from skep.verify.plugin import Found

SPECS = for_each("timeout 20 docker service ls --quiet", "timeout 20 docker service inspect --format '{{json .Spec}}'")
NETWORK = "timeout 20 docker network inspect --format '{{json .Name}}' %s"
"""Swarm's own networks ``host`` and ``bridge`` have other ids than those of an engine, and no list shows them."""
NODE_LOCAL = {"host-network": "host", "bridge-network": "bridge"}
"""Networks that services should not be in, by rule."""
CONFINING = {"apparmor": "AppArmor", "selinux": "SELinux"}
"""What confines services where an engine has it, by rule."""
Remotes = Mapping[str, Remote]
NO_NEW = "no-new-privileges"
THEN = ", then: "
"""Between what is changed in a file and the command that rolls it out."""


@rules("service")
def test_stack(
    stack: Stack, cluster: Cluster, manager: Remote, remotes: Remotes, ask: Ask, rule: Control, found: Found
) -> None:
    """services of the stack ask for no more than they need"""
    specs = [one for one in _specs(ask, manager) if stack_of(one) == stack.name]
    if not specs:
        pytest.skip(f"stack {stack.name} has no services")
    _confined(rule, remotes, ask, found)
    _look(specs, rule, cluster, manager, ask, found, f"invoke stack.deploy {stack.name}")


@rules("service")
def test_others(cluster: Cluster, manager: Remote, remotes: Remotes, ask: Ask, rule: Control, found: Found) -> None:
    """services that are of no stack of the inventory ask for no more than they need"""
    ours = {stack.name for stack in cluster.stacks}
    specs = [one for one in _specs(ask, manager) if stack_of(one) not in ours]
    if not specs:
        pytest.skip("every service is of a stack of the inventory")
    _confined(rule, remotes, ask, found)
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


def _confined(rule: Control, remotes: Remotes, ask: Ask, found: Found) -> None:
    """What no engine has cannot be switched off; where some have it, services on the others go without."""
    if not (name := CONFINING.get(rule.service)):
        return
    options = {host: info_of(remote, ask).get("SecurityOptions") or [] for host, remote in remotes.items()}
    found(
        "docker info --format '{{json .SecurityOptions}}'",
        "; ".join(f"{host}: {in_words(of)}" for host, of in options.items()),
    )
    without = [host for host, of in options.items() if not any(one.startswith(f"name={rule.service}") for one in of)]
    if len(without) == len(options):
        pytest.skip(f"no engine has {name}")
    if without:
        hosts = ", ".join(without)
        then = f"one after the other: drain the node, switch {name} on, then: systemctl restart docker"
        raise Wrong(f"engines without {name}: {hosts}", f"on {hosts}, {then}")


def _said(rule: Control, spec: ServiceSpec, manager: Remote, ask: Ask) -> str:
    if network := NODE_LOCAL.get(rule.service):
        targets = {one["Target"] for one in attachments(spec)}
        names = [name for one in sorted(targets) for name in asked(ask, manager, lambda *_: None, NETWORK, one)]
        return f"is in the network {network}" if network in names else ""
    return (RULES.get(rule.service) or SHOWN[rule.service])(spec)


def _specs(ask: Ask, manager: Remote) -> list[ServiceSpec]:
    """Never evidence as a whole: variables may hold secrets."""
    return cast("list[ServiceSpec]", asked(ask, manager, lambda *_: None, SPECS))
