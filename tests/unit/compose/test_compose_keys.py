"""Every key: read, converted or warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.compose import convert
from skep.compose.keys import every as keys
from skep.compose.keys.mounts import LONG, Mounts
from skep.compose.keys.ports import PORT, Ports
from skep.compose.keys.references import ATTACHMENT, REFERENCE, Attachments, References
from skep.reading.mapping_kinds import Ignored, ListOf, Record, Refused, Table
from skep.reading.value_kinds import Kind
from tests.unit.compose.conftest import Read

CORPUS = Path(__file__).parents[2] / "oracle" / "corpus"
MORE = """
services:
  web:
    image: web:1
    env_file: [{path: a.env, required: false}]
    dns_opt: [ndots:1]
    group_add: [docker, 999]
    depends_on: {db: {condition: service_healthy, restart: false, required: true}}
    x-skep: {hook: before}
    configs: [inline, variable]
    secrets: [variable, driven, inline]
    volumes: [{type: cluster, source: "group:fast", target: /c, cluster: {}}]
    deploy: {replicas: 1}
  db: {image: db:1}
networks:
  default:
    enable_ipv6: true
    ipam: {config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.1, ip_range: 10.9.0.128/25}]}
configs:
  inline: {content: "a: $A"}
  variable: {environment: A}
secrets:
  variable: {environment: PW}
  driven: {driver: vault, driver_opts: {path: kv}}
  inline: {content: x}
"""
BEYOND_DOCKER = """
x-skep: {waves: true, prune: true, on-failure: keep, keep: 3}
configs: {printed: {x-skep: {command: [make-rules]}}}
secrets: {printed: {x-skep: {command: [make-rules]}}}
"""
NESTED: dict[type[Kind], Kind] = {
    Ports: ListOf(PORT),
    Mounts: ListOf(LONG),
    References: ListOf(REFERENCE),
    Attachments: Table(ATTACHMENT),
}


def taken(kind: Kind, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The paths of all keys that are carried out."""
    kind = NESTED.get(type(kind), kind)
    if isinstance(kind, Record):
        found = set()
        for key, inner in kind.fields.items():
            if not isinstance(inner, Ignored | Refused):
                found |= {(*path, key)} | taken(inner, (*path, key))
        return found
    return taken(kind.kind, (*path, "*")) if isinstance(kind, Table | ListOf) else set()


def written(value: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(value, dict):
        here = {(*path, str(key)) for key in value} | {(*path, "*")}
        deeper = [written(inner, (*path, name)) for key, inner in value.items() for name in (str(key), "*")]
        return here.union(*deeper) if deeper else here
    if isinstance(value, list):
        return set().union(*(written(item, (*path, "*")) for item in value))
    return set()


def test_every_key_stands_in_a_file_that_is_tried() -> None:
    files = [yaml.safe_load(file.read_text()) for file in CORPUS.glob("*/*.yml") if file.name.startswith("compose")]
    known = set().union(*map(written, [*files, yaml.safe_load(MORE), yaml.safe_load(BEYOND_DOCKER)]))
    assert not taken(keys.compose("/", None)) - known


def test_keys_that_swarm_can_carry_out_and_dockers_cli_does_not_know(read: Read) -> None:
    specs = convert(read(MORE), "s")
    web = specs.services["s_web"]["TaskTemplate"]["ContainerSpec"]
    assert web["DNSConfig"] == {"Options": ["ndots:1"]}
    assert web["Groups"] == ["docker", "999"]
    assert specs.networks["s_default"]["EnableIPv6"] is True
    assert specs.networks["s_default"]["IPAM"]["Config"] == [
        {"Subnet": "10.9.0.0/24", "IPRange": "10.9.0.128/25", "Gateway": "10.9.0.1"}
    ]
    assert specs.configs["s_inline"]["Data"] == "YTogbWFueQ=="
    assert specs.configs["s_variable"]["Data"] == "bWFueQ=="
    assert specs.secrets["s_variable"]["Data"] == "aHVudGVyMg=="
    assert specs.secrets["s_driven"]["Driver"] == {"Name": "vault", "Options": {"path": "kv"}}
    assert "Data" not in specs.secrets["s_driven"]


IGNORED = sorted(key for key, kind in keys.service("/", None).fields.items() if isinstance(kind, Ignored))
REFUSED = sorted(key for key, kind in keys.service("/", None).fields.items() if isinstance(kind, Refused))


@pytest.mark.parametrize("key", IGNORED)
def test_ignored_keys_are_reported(key: str, read: Read) -> None:
    document = read(f"services:\n  web:\n    image: a\n    {key}: [a]\n")
    (warning,) = document.warnings
    assert warning.startswith(f"compose.yml:4: services.web.{key}: is ignored by ")


def test_what_dockers_cli_loses_is_not_sent_and_the_cli_named(read: Read) -> None:
    text = """
services:
  web:
    image: a
    oom_score_adj: 5
    volumes:
      - {type: tmpfs, target: /x, tmpfs: {mode: 511}}
      - {type: volume, source: v, target: /y, volume: {labels: {a: b}}}
      - {type: bind, source: /z, target: /z, bind: {recursive: disabled}}
volumes: {v: }
"""
    document = read(text)
    by = "is ignored by Docker's CLI, and so here"
    assert document.warnings == (
        f"compose.yml:5: services.web.oom_score_adj: {by}",
        f"compose.yml:7: services.web.volumes[0].tmpfs.mode: {by}",
        f"compose.yml:8: services.web.volumes[1].volume.labels: {by}: label the volume itself",
        f"compose.yml:9: services.web.volumes[2].bind.recursive: {by}",
    )
    container = convert(document, "s").services["s_web"]["TaskTemplate"]["ContainerSpec"]
    assert "OomScoreAdj" not in container
    assert [{"Type", "Source", "Target", "ReadOnly"} ^ set(mount) for mount in container["Mounts"]] == [
        {"Source", "ReadOnly", "TmpfsOptions"},
        {"ReadOnly", "VolumeOptions"},
        {"ReadOnly", "BindOptions"},
    ]
    assert container["Mounts"][0]["TmpfsOptions"] == container["Mounts"][2]["BindOptions"] == {}
    assert container["Mounts"][1]["VolumeOptions"] == {"Labels": {"com.docker.stack.namespace": "s"}}


def test_what_docker_says_is_ignored_or_refused_is() -> None:
    ignored = "build cgroup_parent container_name devices expose external_links ipc links network_mode pid"
    ignored += " privileged security_opt shm_size tmpfs userns_mode cgroupns_mode domainname mac_address"
    assert set(ignored.split()) <= set(IGNORED)
    refused = "extends volume_driver volumes_from cpu_quota cpu_shares cpuset mem_limit memswap_limit"
    assert set(refused.split()) <= set(REFUSED)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("restart: always", "restart: is taken for deploy.restart_policy, which says it better"),
        (
            "ports: ['10.0.0.1:80:80']",
            "ports[0]: the address is ignored by Swarm: it listens on all addresses of the host",
        ),
        ("volumes: ['./x:/x']", "volumes[0]: is the folder '/x', which must be there on every node"),
        ("volumes: ['/x:/x:z']", "volumes[0]: the option 'z' is ignored by Swarm"),
        ("hostname: $NOPE", "hostname: the variable NOPE is not set: nothing is put in its place"),
        ("networks: {default: {ipv4_address: 1.2.3.4}}", None),
        (
            "deploy: {placement: {preferences:"
            " [{spread: node.labels.a}, {spread: Engine.Labels.b}, {spread: node.role}]}}",
            "deploy.placement.preferences[2].spread: is ignored by Swarm, which spreads over node.labels.* and"
            " engine.labels.* only",
        ),
        (
            "labels: {day: 2001-01-01, quoted: '2001-01-01', x: 2001-1-2x}",
            "labels.day: is a date to Docker's CLI, which writes it with a time and UTC; here it stays as it is:"
            " quote it",
        ),
        (
            "hostname: 2001-01-01 10:00:00\n    x-any: {day: 2001-01-01}\n    environment: ['A=2001-01-01']",
            "hostname: is a date to Docker's CLI, which writes it with a time and UTC; here it stays as it is:"
            " quote it",
        ),
    ],
)
def test_warnings_of_services(text: str, warning: str | None, read: Read) -> None:
    (reported,) = read(f"services:\n  web:\n    image: a\n    {text}\n").warnings
    path = warning or "networks.default.ipv4_address: is ignored by Swarm: it gives out the addresses itself"
    assert reported == f"compose.yml:4: services.web.{path}"


def test_warnings_of_the_rest(read: Read) -> None:
    text = "name: x\nservices: {web: {image: a}}\nnetworks:\n  idle:\n  far: {external: true, driver: overlay}\n"
    assert read(text).warnings == (
        "compose.yml:1: name: is ignored by Swarm: the stack's name is its own",
        "compose.yml:4: networks.idle: is not created: no service uses it",
        "compose.yml:5: networks.far.driver: is ignored: the network is external",
    )


def test_what_engines_take_in_upper_case_is_taken_so(read: Read) -> None:
    services = read(
        """
services:
  web:
    image: web:1
    isolation: Process
    ports: [{target: 80, published: 81, protocol: UDP, mode: HOST}]
    volumes: [{type: bind, source: /a, target: /b, consistency: Cached, bind: {propagation: RSLAVE}}]
"""
    ).section("services")
    web = services["web"]
    assert web["isolation"] == "process"
    assert web["ports"] == [{"target": 80, "published": 81, "protocol": "udp", "mode": "host"}]
    assert web["volumes"][0]["consistency"] == "cached"
    assert web["volumes"][0]["bind"] == {"propagation": "rslave"}
