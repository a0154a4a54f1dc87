"""The benchmark's sections 6 and 7: what hosts keep, and how the swarm is set up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import pytest
from testinfra.host import Host as Remote

from skep.audit.commands import NETWORKS
from skep.audit.controls import Control, controls
from skep.audit.marking import asked, control, looked
from skep.json_types import mapping
from skep.model import Host
from skep.swarm.objects import Network
from skep.verify.ask import Ask
from skep.verify.check import NotSeen, Wrong
from skep.verify.plugin import Found

INGRESS = "ingress"
"""The network of published ports, which Swarm makes."""
FEWEST, MOST = 3, 7
NODES = "timeout 20 docker node ls --filter role=manager --format '{{json .Hostname}}'"
SYSTEM = "timeout 20 docker system df --format '{{json .}}'"
SHOWN = {
    "secrets": "timeout 20 docker secret ls --format '{{json .Name}}'",
    "key-age": "timeout 20 docker info --format '{{json .Swarm.Cluster.UpdatedAt}}'",
    "expiry": "timeout 20 docker info --format '{{json .Swarm.Cluster.Spec.CAConfig.NodeCertExpiry}}'",
    "ca": "timeout 20 docker info --format '{{json .Swarm.Cluster.RootRotationInProgress}}'",
    "data-path": "timeout 20 docker info --format '{{json .Swarm.NodeAddr}}'",
}
"""What a person judges, and the command that shows it."""
AUTOLOCK = "timeout 20 docker info --format '{{json .Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}'"
OF_SWARM = [one for one in controls("cis").values() if one.swarm in SHOWN]


@control("cis-7.1")
def test_managers(manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm has an odd number of managers, three to seven"""
    number = len(asked(ask, manager, found, NODES))
    assert FEWEST <= number <= MOST and number % 2, f"there {'is' if number == 1 else 'are'} {number}"


@control("cis-7.2")
def test_listening(host: Remote, desired: Host, found: Found) -> None:
    """managers listen on one address"""
    if desired.role != "manager":
        pytest.skip("it is a worker")
    lines = looked(host, found, "ss --no-header --listening --tcp --numeric sport = :2377").splitlines()
    if not lines:
        raise NotSeen(f"{desired.name} listens on no 2377/tcp: it is no manager, or its engine does not run")
    everywhere = [line.split()[3] for line in lines if line.split()[3].startswith(("0.0.0.0:", "*:", "[::]:"))]
    assert not everywhere, f"{desired.name} listens on {', '.join(everywhere)}"


@control("cis-7.3")
def test_encrypted(manager: Remote, ask: Ask, found: Found) -> None:
    """overlay networks are encrypted"""
    plain = [
        network["Name"]
        for network in cast("Sequence[Network]", asked(ask, manager, found, NETWORKS, kept=_options))
        if "encrypted" not in (network.get("Options") or {})
    ]
    text = f"not encrypted: {', '.join(plain)}"
    if plain == [INGRESS]:
        raise Wrong(text, "nothing in the inventory encrypts it: accept it, then: invoke cluster.audit --profile cis")
    assert not plain, text


@control("cis-7.5")
def test_autolock(manager: Remote, ask: Ask, found: Found) -> None:
    """managers lock themselves"""
    (on,) = asked(ask, manager, found, AUTOLOCK)
    assert on is True, "keys of the raft log lie unencrypted on every manager"


@pytest.mark.parametrize("rule", [pytest.param(one, marks=control(one.id), id=one.id) for one in OF_SWARM])
def test_shown(manager: Remote, ask: Ask, rule: Control, found: Found) -> None:
    """a person judges how the swarm is set up"""
    asked(ask, manager, found, SHOWN[rule.swarm])


@control("cis-6.1")
def test_images(host: Remote, ask: Ask, found: Found) -> None:
    """hosts keep no images that nobody needs"""
    _kept(host, ask, found, "Images")


@control("cis-6.2")
def test_containers(host: Remote, ask: Ask, found: Found) -> None:
    """hosts keep no containers that nobody needs"""
    _kept(host, ask, found, "Containers")


def _kept(host: Remote, ask: Ask, found: Found, what: str) -> None:
    lines = [one for one in map(mapping, asked(ask, host, lambda *_: None, SYSTEM)) if one.get("Type") == what]
    found(SYSTEM, json.dumps(lines))


def _options(networks: Sequence[object]) -> list[str]:
    return [f"{one['Name']} {dict(one.get('Options') or {})}" for one in cast("Sequence[Network]", networks)]
