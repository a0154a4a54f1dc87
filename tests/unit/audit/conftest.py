"""Checks of an audit on hosts that are not there: answers of a right host, and what to put in their place."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from skep.audit import checks
from skep.audit.results import Result, results_of
from skep.model import Accepted, Cluster, Host, Stack
from skep.plan import Finding, Plan
from skep.preflight import Facts
from skep.ssh import Result as Answer
from skep.verify import run
from skep.verify.witness import Witness
from tests.unit.verify.conftest import FakePool, FakeSession

FOLDER = Path(checks.__path__[0])
TODAY = datetime.date(2026, 11, 28)
CLUSTER = Cluster(
    "test",
    tuple(Host(f"m{number}", f"10.0.0.{number}", "manager") for number in (1, 2, 3)),
    stacks=(Stack("web", ("c.yml",)),),
)


def lines(*values: object) -> str:
    """JSON values as a docker command prints them."""
    return "".join(json.dumps(value) + "\n" for value in values)


def certificate(ago: float, left: float) -> str:
    """One that began some days ago and ends in some."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    begin, end = now - datetime.timedelta(days=ago), now + datetime.timedelta(days=left)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def node(name: str, state: str = "ready", version: str = "26.1.5", reach: str = "reachable") -> dict[str, Any]:
    """A manager as a manager lists it."""
    return {
        "ID": f"id-{name}",
        "Description": {"Hostname": name, "Engine": {"EngineVersion": version}},
        "Status": {"State": state},
        "ManagerStatus": {"Reachability": reach, "Leader": name == "m1"},
    }


def worker(name: str, address: str) -> dict[str, Any]:
    """A worker that is down, as a manager lists it."""
    return {**node(name), "Status": {"State": "down", "Addr": address}, "ManagerStatus": None}


def volume(name: str, labels: str = "") -> dict[str, Any]:
    """A volume as Docker lists it."""
    return {"Name": name, "Labels": labels}


def service(container: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A service as a manager lists it, with what its containers are and were."""
    now, past = ({"TaskTemplate": {"ContainerSpec": one}} for one in (container, before))
    return {"Spec": now, "PreviousSpec": past if before else None}


def image(letter: str, *digests: str) -> dict[str, Any]:
    """An image without a tag."""
    return {"Id": f"sha256:{letter * 64}", "Tags": [], "Digests": list(digests), "Size": 1}


CONFINED = ["name=apparmor", "name=selinux"]


def engine(state: str = "active", **more: object) -> dict[str, Any]:
    """What an engine says of itself."""
    mirrors = {"Mirrors": ["http://10.0.0.9:5000/"]}
    return {"RegistryConfig": mirrors, "Swarm": {"LocalNodeState": state}, "SecurityOptions": CONFINED, **more}


def network(subnet: str) -> dict[str, Any]:
    """An overlay network as a manager lists it."""
    return {"Name": "front", "IPAM": {"Config": [{"Subnet": subnet}]}}


DF = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 100 {0} 50 {0}% /\n/dev/b 9 1 8 12% /boot\n"
RIGHT: dict[str, Any] = {
    "df -P -i": DF.format(10),
    "df -P /": DF.format(90),
    "swarm-node.crt": certificate(50, 40),
    "swarm-root-ca.crt": certificate(50, 4000),
    "systemd-detect-virt": Answer(1, "", ""),
    "timedatectl": "yes\n",
    "findmnt": "/\n",
    "uname": "Linux\n",
    "os-release": "ID=debian\n",
    "command -v dpkg-query": "",
    "APT::Periodic": "APT::Periodic::Unattended-Upgrade 1\n",
    "is-enabled apt-daily-upgrade.timer": "enabled\n",
    "dpkg-query -f '${Status}' -W unattended-upgrades": "install ok installed",
    "dpkg-query -f '${Status}' -W docker.io": "install ok installed",
    "dpkg-query": Answer(1, "", "no"),
    "apt-mark": "docker.io\n",
    "docker info --format '{{json .}}'": lines(engine()),
    "/dev/tcp/": "200",
    "docker image ls": "",
    "docker ps --all": "",
    "docker volume ls": "",
    "docker service inspect --format '{{json .}}'": lines(service({"Mounts": [{"Source": "data-{{.Task.Slot}}"}]})),
    "docker config ls": "",
    "docker node inspect": lines(node("m1"), node("m2"), node("m3")),
    "type task": lines([{"Addresses": ["10.9.0.5/24"]}], None),
    "VirtualIPs": lines([{"Addr": "10.9.0.2/24"}], None),
    "docker service ls --format": lines({"Name": "web_web", "Mode": "replicated", "Replicas": "2/2"}),
    "docker network ls": lines(network("10.9.0.0/24"), network("fd00::/64")),
    "DockerRootDir": lines("/var/lib/docker"),
    "AutoLockManagers": lines(True),
    "docker swarm unlock-key": "63\n",
}
"""Answers by a part of the command, the first that fits."""


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Result]]:
    """Runs checks on three managers; ``m1`` to ``m3`` are other answers of each."""

    def go(
        *files: str,
        m1: Mapping[str, Any] | None = None,
        m2: Mapping[str, Any] | None = None,
        m3: Mapping[str, Any] | None = None,
        findings: tuple[Finding, ...] = (),
        clock: tuple[float, float] = (-0.1, 0.2),
        accepted: tuple[Accepted, ...] = (),
        cluster: Cluster = CLUSTER,
        more: Mapping[str, Path] | None = None,
        hosts: tuple[str, ...] = ("m1", "m2", "m3"),
    ) -> list[Result]:
        monkeypatch.setattr(Witness, "facts", lambda self, name: Facts(clock=clock if name == "m1" else (0.0, 0.0)))
        monkeypatch.setattr("skep.audit.checks.swarm.PATIENCE", 0, raising=False)
        tables = {
            "m1": {**(m1 or {}), **RIGHT, **(m1 or {})},
            "m2": RIGHT | dict(m2 or {}),
            "m3": RIGHT | dict(m3 or {}),
        }
        pool = FakePool(*(FakeSession(name, tables[name]) for name in ("m1", "m2", "m3")))
        suites = {file: FOLDER / f"{file}.py" for file in files} | dict(more or {})
        plan = Plan(findings, (), ())
        found = run(cluster, pool, suites, hosts=hosts, plan=lambda: plan)  # type: ignore[arg-type]
        return results_of(found, accepted, TODAY)

    return go
