"""What a node's own certificate says while its engine does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from roles import swarm
from roles.swarm.state import LOCKED, PENDING, STOPPED, State

NODE, CLUSTER = "w1n8zb8vhqwvw0ezbgfcnn6bp", "k7f6vr0m3g0zhm4vxw7p3p2dx"
INFO = {"Swarm": {"LocalNodeState": "inactive", "NodeID": "", "Error": ""}}


def certificate(role: str) -> str:
    """As swarmkit issues it: the cluster's id as O, the role as OU, the node's id as CN."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [
        (NameOID.ORGANIZATION_NAME, CLUSTER),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, role),
        (NameOID.COMMON_NAME, NODE),
    ]
    now = datetime(2025, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "swarm-ca")]))
        .subject_name(x509.Name([x509.NameAttribute(name, value) for name, value in parts]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(("role", "manager"), [("swarm-manager", True), ("swarm-worker", False)])
def test_a_stopped_node_is_known_by_its_certificate(role: str, manager: bool) -> None:
    assert swarm.parse(certificate(role), {}) == State(
        node_state=STOPPED, node_id=NODE, cluster_id=CLUSTER, manager=manager
    )


@pytest.mark.parametrize("state", [LOCKED, PENDING])
def test_a_node_that_is_not_up_yet_is_known_by_its_certificate(state: str) -> None:
    """Its engine answers, and reports no node ID until it is unlocked, or has found the managers."""
    info = {"Swarm": {"LocalNodeState": state, "NodeID": "", "ControlAvailable": False}}
    info |= {"DockerRootDir": "/srv/docker"}
    assert swarm.parse(f"root /srv/docker\n{certificate('swarm-manager')}", {"/info": info}) == State(
        node_state=state, node_id=NODE, cluster_id=CLUSTER, manager=True
    )


def test_an_engine_that_answers_is_believed_before_its_certificate() -> None:
    found = swarm.parse(certificate("swarm-manager"), {"/info": INFO})
    assert found is not None
    assert found.node_state == "inactive"


def test_another_certificate_than_the_engines_own_says_nothing() -> None:
    """Left behind where the engine does not keep its data any more, as by another data-root."""
    text = f"engine installed\naddress 10.0.0.1/24\nroot /var/lib/docker\n{certificate('swarm-manager')}"
    for info in ({"LocalNodeState": PENDING, "NodeID": ""}, {"LocalNodeState": "active", "NodeID": "another"}):
        found = swarm.parse(text, {"/info": {"Swarm": info, "DockerRootDir": "/srv/docker"}})
        assert found is not None
        assert (found.node_id or "another", found.cluster_id) == ("another", None)


def test_an_active_node_is_in_the_swarm_that_its_certificate_names() -> None:
    info = {"Swarm": {"LocalNodeState": "active", "NodeID": NODE}, "DockerRootDir": "/srv/docker/165536.165536"}
    found = swarm.parse(f"root /srv/docker/165536.165536\n{certificate('swarm-worker')}", {"/info": info})
    assert found is not None
    assert (found.node_id, found.cluster_id) == (NODE, CLUSTER)


def test_an_engine_that_is_stopped_may_be_a_node_whatever_is_found() -> None:
    assert swarm.parse("engine installed\n", {}) == State(node_state=STOPPED)
    two = "".join(f"root /{place}\n{certificate('swarm-worker')}" for place in ("a", "b"))
    assert swarm.parse(f"engine installed\n{two}", {}) == State(node_state=STOPPED)


def test_without_engine_and_certificate_there_is_nothing() -> None:
    assert swarm.parse("", {}) is None
    assert swarm.parse("\n", {}) is None
