"""The benchmark's sections 6 and 7: what hosts keep, and how the swarm is set up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from cryptography import x509
from testinfra.host import Host as Remote

from skep.audit.commands import NETWORKS, root_of
from skep.audit.marking import asked, control, looked
from skep.audit.remaking import remade
from skep.json_types import mapping
from skep.model import Cluster, Host
from skep.swarm.objects import Network
from skep.verify.ask import Ask
from skep.verify.check import NotSeen, Wrong
from skep.verify.plugin import Found

INGRESS = "ingress"
"""The network of published ports, which Swarm makes."""
MOST = 7
NODES = "timeout 20 docker node ls --filter role=manager --format '{{json .Hostname}}'"
SYSTEM = "timeout 20 docker system df --format '{{json .}}'"
SECRETS = "timeout 20 docker secret ls --format '{{json .Name}}'"
CHANGED = "timeout 20 docker info --format '{{json .Swarm.Cluster.UpdatedAt}}'"
EXPIRY = "timeout 20 docker info --format '{{json .Swarm.Cluster.Spec.CAConfig.NodeCertExpiry}}'"
ROOT_CA = "timeout 20 docker info --format '{{json .Swarm.Cluster.TLSInfo.TrustRoot}}'"
AUTOLOCK = "timeout 20 docker info --format '{{json .Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}'"
ACCEPTED = "accept it: Swarm makes ingress without encryption, and nothing in the inventory changes that"
EVERYWHERE = ("0.0.0.0:", "*:", "[::]:")


@control("cis-7.1")
def test_managers(cluster: Cluster, manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm has an odd number of managers, seven at most"""
    number = len(asked(ask, manager, found, NODES))
    if not _is_right(number) and _is_right(len(cluster.managers)):
        raise Wrong(f"there are {number} managers", "invoke cluster.up")
    assert _is_right(number), f"there are {number} managers"


@control("cis-7.2")
def test_listening(host: Remote, desired: Host, found: Found) -> None:
    """nodes listen on one address"""
    lines = looked(host, found, "ss --no-header --listening --tcp --numeric '( sport = :2377 or sport = :7946 )'")
    listens = sorted(line.split()[3] for line in lines.splitlines())
    if not listens:
        raise NotSeen(
            f"{desired.name} listens on neither 2377/tcp nor 7946/tcp: it is no node, or no engine runs there"
        )
    everywhere = [one for one in listens if one.startswith(EVERYWHERE)]
    assert not everywhere, f"{desired.name} listens on {', '.join(everywhere)}"


@control("cis-7.3")
def test_encrypted(manager: Remote, cluster: Cluster, ask: Ask, found: Found) -> None:
    """overlay networks are encrypted"""
    networks = cast("Sequence[Network]", asked(ask, manager, found, NETWORKS, kept=_options))
    plain = [network for network in networks if not _is_encrypted(network)]
    if not plain:
        return
    text = f"not encrypted: {', '.join(network['Name'] for network in plain)}"
    own = [network for network in plain if network["Name"] != INGRESS]
    fix = remade(cluster, own, "encrypted: true", compose='driver_opts: {encrypted: "true"}')
    raise Wrong(text, fix if own else f"{ACCEPTED}; see: invoke docs cis-7.3")


@control("cis-7.5")
def test_autolock(manager: Remote, ask: Ask, found: Found) -> None:
    """managers lock themselves"""
    (on,) = asked(ask, manager, found, AUTOLOCK)
    assert on is True, "keys of the raft log lie unencrypted on every manager"


@control("cis-7.4")
def test_secrets(manager: Remote, ask: Ask, found: Found) -> None:
    """secrets are Swarm's"""
    asked(ask, manager, found, SECRETS, kept=lambda names: f"Swarm has {', '.join(map(str, names)) or 'no secrets'}")


@control("cis-7.6")
def test_key(manager: Remote, ask: Ask, found: Found) -> None:
    """the unlock key is rotated"""
    if asked(ask, manager, lambda *_: None, AUTOLOCK) != [True]:
        pytest.skip("managers do not lock themselves: cis-7.5")
    asked(ask, manager, found, CHANGED, kept=lambda times: f"not rotated since {str(times[0])[:10]}")


@control("cis-7.7")
def test_expiry(manager: Remote, ask: Ask, found: Found) -> None:
    """certificates of nodes are short-lived"""
    asked(ask, manager, found, EXPIRY, kept=lambda times: f"they are valid for {_days(times[0])}")


@control("cis-7.8")
def test_root(manager: Remote, ask: Ask, found: Found) -> None:
    """the swarm's CA is rotated"""
    asked(ask, manager, found, ROOT_CA, kept=_made)


@control("cis-7.9")
def test_data_path(host: Remote, desired: Host, ask: Ask, found: Found) -> None:
    """the swarm's own traffic is apart from that of containers"""
    path = f"{root_of(host, desired, ask)}/swarm/docker-state.json"
    file = host.run("cat %s", path)
    if file.rc:
        raise NotSeen(f"cat {path}: {file.stderr.strip()}")
    state = mapping(json.loads(file.stdout))
    own, data = (str(state.get(key) or "") for key in ("AdvertiseAddr", "DataPathAddr"))
    apart = f"containers use {data}, the swarm {own}" if data and data != own else "both use one address"
    found(f"cat {path}", apart)


@control("cis-6.1")
def test_images(host: Remote, ask: Ask, found: Found) -> None:
    """hosts keep no images that nobody needs"""
    _kept(host, ask, found, "Images")


@control("cis-6.2")
def test_containers(host: Remote, ask: Ask, found: Found) -> None:
    """hosts keep no containers that nobody needs"""
    _kept(host, ask, found, "Containers")


def _is_right(managers: int) -> bool:
    return managers <= MOST and managers % 2 == 1


def _kept(host: Remote, ask: Ask, found: Found, what: str) -> None:
    def counted(kinds: Sequence[object]) -> list[str]:
        return [_counted(one) for one in map(mapping, kinds) if one.get("Type") == what]

    asked(ask, host, found, SYSTEM, kept=counted)


def _counted(kind: Mapping[str, object]) -> str:
    return f"{kind.get('TotalCount')} there, {kind.get('Active')} in use, {kind.get('Reclaimable')} to be had back"


def _days(nanoseconds: object) -> str:
    """Of docker's durations, which are whole hours here."""
    hours = int(str(nanoseconds)) // (3600 * 10**9)
    return f"{hours // 24} days" if hours and hours % 24 == 0 else f"{hours} hours"


def _made(roots: Sequence[object]) -> str:
    """When, and until when, of the last certificate: the others are of a rotation that goes on."""
    one = x509.load_pem_x509_certificates(str(roots[0]).encode())[-1]
    return f"made {one.not_valid_before_utc:%Y-%m-%d}, ends {one.not_valid_after_utc:%Y-%m-%d}"


def _options(networks: Sequence[object]) -> list[str]:
    return [
        f"{one['Name']} is {'encrypted' if _is_encrypted(one) else 'not encrypted'}"
        for one in cast("Sequence[Network]", networks)
    ]


def _is_encrypted(network: Network) -> bool:
    return "encrypted" in (network.get("Options") or {})
