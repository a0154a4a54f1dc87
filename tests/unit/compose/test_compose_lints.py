"""Every lint says what it has to say, once, and nothing where there is nothing; constraints as swarmkit reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.compose import convert, load
from skep.compose.lints import lints
from skep.model import Secret
from skep.refusals.log_options import LogDefaults
from skep.swarm.labels import NAMESPACE
from skep.swarm.placement import meets
from tests.golden import golden

FILE = Path(__file__).parent / "lints.yml"
CASES = yaml.safe_load(FILE.read_text())
IDS = [f"{place} {case['lint']}" for place, case in enumerate(CASES)]
ROOT = Path(__file__).parents[3]


def a_node(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(given)
    plugins = [{"Type": kind, "Name": one} for kind, names in spec.pop("plugins", {}).items() for one in names]
    size, platform = spec.pop("size", {}), {"OS": "linux", "Architecture": spec.pop("arch", "x86_64")}
    return {
        "ID": f"id-{name}",
        "Status": {"State": spec.pop("state", "ready")},
        "Spec": {"Availability": "active", "Role": "worker", **spec},
        "Description": {"Hostname": name, "Resources": size, "Platform": platform, "Engine": {"Plugins": plugins}},
    }


def said(case: Mapping[str, Any]) -> list[str]:
    services = {}
    for name, given in case["services"].items():
        service = {"image": "a:1", **given}
        if service.pop("quiet", True):
            deploy = dict(service.get("deploy") or {})
            deploy["update_config"] = {"failure_action": "rollback", **deploy.get("update_config", {})}
            service["deploy"] = deploy
        services[name] = service
    text = json.dumps(
        {"services": services, **{key: case.get(key, {}) for key in ("networks", "volumes", "configs", "secrets")}}
    )
    document = load({"app.yml": text.encode()}, ["app.yml"], variables={})
    others = [
        {
            "Spec": {
                "Name": f"other_{name}",
                "Labels": {NAMESPACE: "other"},
                "TaskTemplate": {"Placement": {"Constraints": case.get("placed")}},
                "EndpointSpec": {"Ports": ports},
            }
        }
        for name, ports in case.get("others", {}).items()
    ]
    others += [
        {
            "Spec": {
                "Name": f"beside_{network}",
                "TaskTemplate": {"Networks": [{"Target": network}]},
                "Mode": {"Replicated": {"Replicas": replicas}},
            }
        }
        for network, replicas in case.get("beside", {}).items()
    ]
    swarms = [
        {"Name": name, "Id": f"id-{name}", "IPAM": {"Config": [{"Subnet": subnet}]}}
        for name, subnet in case.get("there", {}).items()
    ]
    nodes = [a_node(name, spec) for name, spec in (case.get("nodes") or {}).items()] or None
    mask = {"mask": case["mask"]} if "mask" in case else {}
    specs = convert(document, "mine")
    for spec in specs.services.values() if "platforms" in case else ():
        platforms = [{"OS": "linux", "Architecture": one} for one in case["platforms"]]
        spec["TaskTemplate"].setdefault("Placement", {})["Platforms"] = platforms
    logs = frozenset(LogDefaults.of(one) for one in case["daemons"]) if "daemons" in case else None
    found = lints(document, specs, nodes=nodes, services=others, networks=swarms, logs=logs, **mask)
    return [one.text for one in found]


@pytest.mark.golden
@pytest.mark.parametrize(("place", "case"), list(enumerate(CASES)), ids=IDS)
def test_each_lint(place: int, case: Mapping[str, Any]) -> None:
    found = said(case)
    assert found == (golden(FILE, place, case, "said", found) if "said" in case else [])


def test_each_lint_speaks_and_is_silent() -> None:
    assert {case["lint"] for case in CASES if "said" in case} == {case["lint"] for case in CASES if "said" not in case}
    assert len({case["lint"] for case in CASES}) == 19


def test_habits_are_remarked_where_a_file_has_them() -> None:
    document = load({"app.yml": b"services: {app: {image: a, stop_grace_period: 2m}}"}, ["app.yml"], variables={})
    specs = convert(document, "mine")
    both = lints(document, specs, nodes=None, services=[])
    assert [line.split(":")[2].strip() for line in (one.text for one in both)] == [
        "services.app.stop_grace_period",
        "services.app.deploy.update_config.failure_action",
        "services.app.image",
    ]


def test_own_services_do_not_take_their_own_ports() -> None:
    text = b"services: {app: {image: 'a:1', ports: ['80:80'], deploy: {update_config: {failure_action: rollback}}}}"
    document = load({"app.yml": text}, ["app.yml"], variables={})
    specs = convert(document, "mine")
    own = [{"Spec": spec} for spec in specs.services.values()]
    assert lints(document, specs, nodes=None, services=own) == []


def test_lines_and_no_secrets() -> None:
    text = b"""services:
  app:
    image: "$PW"
    deploy:
      update_config: {failure_action: rollback}
      placement:
        constraints:
          - node.labels.key == $PW
"""
    document = load({"app.yml": text}, ["app.yml"], variables={"PW": Secret("hunter2")})
    found = [one.text for one in lints(document, convert(document, "mine"), nodes=[a_node("n1", {})], services=[])]
    assert [line.partition(" ")[0] for line in found] == ["app.yml:3:", "app.yml:8:"]
    assert "hunter2" not in "".join(found)


def test_the_stacks_of_this_repository_are_silent() -> None:
    for folder in (path.parent for path in ROOT.glob("stacks/*/compose.yml")):
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        document = load(files, ["compose.yml"], variables={})
        nodes = [a_node("n1", {"Labels": {"web": "yes"}})]
        assert lints(document, convert(document, folder.name), nodes=nodes, services=[]) == []


NODE = {
    "ID": "AbC",
    "Spec": {"Role": "manager", "Labels": {"Disk": "ssd", "empty": ""}},
    "Description": {
        "Hostname": "Host-1",
        "Platform": {"OS": "linux", "Architecture": "x86_64"},
        "Engine": {"Labels": {"zone": "a"}},
    },
    "Status": {"Addr": "10.0.0.7"},
}


@pytest.mark.parametrize(
    ("constraint", "met"),
    [
        ("node.id==abc", True),
        ("node.id!=abc", False),
        ("NODE.Hostname == HOST-1", True),
        ("node.hostname != host-2", True),
        ("node.role==MANAGER", True),
        ("node.role!=manager", False),
        ("node.platform.os==Linux", True),
        ("node.platform.arch==amd64", False),
        ("node.platform.arch==X86_64", True),
        ("node.ip==10.0.0.7", True),
        ("node.ip!=10.0.0.7", False),
        ("node.ip==10.0.0.0/24", True),
        ("node.ip!=10.1.0.0/16", True),
        ("node.ip==here", False),
        ("node.ip!=here", False),
        ("node.labels.Disk==SSD", True),
        ("node.labels.disk==ssd", False),
        ("Node.Labels.Disk==ssd", True),
        ("node.labels.none!=x", True),
        ("node.labels.none==x", False),
        ("engine.labels.zone==A", True),
        ("engine.labels.zone!=a", False),
        ("node.labels.==x", False),
        ("node.colour!=red", False),
    ],
)
def test_constraints_are_read_as_swarmkit_reads_them(constraint: str, met: bool) -> None:
    assert meets(constraint, NODE) is met


@pytest.mark.parametrize(
    "constraint", ["node.hostname==x", "node.platform.os==x", "engine.labels.a==x", "node.ip==::1"]
)
def test_what_a_node_does_not_tell_is_empty(constraint: str) -> None:
    assert not meets(constraint, {})
    assert meets(constraint.replace("==", "!="), {})
