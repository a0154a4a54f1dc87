"""What is taken as it is and hardly meant so: quotes of env files, variables in keys, labels nobody reads."""

from __future__ import annotations

import pytest

from tests.unit.compose.conftest import Problems, Read

APP = "services:\n  app:\n    image: a:1\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('A=x\nB="y z"\n', ["app.env:2: B: {}"]),
        ("A='x'\nB=\"y\"\nC='z'\n", ["app.env:1: A: {} (and 2 more)"]),
        ("A=it's\nB=\"\nC='a\"\nD=\nE\n", []),
    ],
)
def test_quotes_in_env_files(read: Read, content: str, expected: list[str]) -> None:
    document = read(f"{APP}    env_file: app.env\n", files={"app.env": content.encode()})
    quotes = "the quotes are part of the value: Docker reads env files as they stand"
    assert list(document.warnings) == [line.format(quotes) for line in expected]
    assert "y z" not in "".join(document.warnings)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("labels: {'route.${A}.rule': x}", 'services.app.labels."route.${A}.rule": '),
        ("labels: {$A: x}", 'services.app.labels."$A": '),
        ("labels: {a$$A: x, 5$: y, x$: z}", ""),
        ("x-notes: {$A: x}", ""),
    ],
)
def test_variables_in_keys(read: Read, line: str, expected: str) -> None:
    warnings = read(f"{APP}    {line}\n").warnings
    keeps = "variables are filled in in values, not in keys: this key keeps its '$'"
    assert [text.partition(": ")[2] for text in warnings] == ([expected + keeps] if expected else [])


@pytest.mark.parametrize(
    ("labels", "deployed", "expected"),
    [
        ("{traefik.enable: 'true', traefik.http.x: y, a: b}", "{}", "'traefik.enable' and 1 more: in a swarm Traefik"),
        ("[caddy=x.example.com]", "{}", "'caddy': in a swarm caddy-docker-proxy"),
        ("{traefik.enable: 'true'}", "{traefik.enable: 'true'}", ""),
        ("{traefikx: y}", "{}", ""),
    ],
)
def test_labels_that_proxies_do_not_read(read: Read, labels: str, deployed: str, expected: str) -> None:
    warnings = read(f"{APP}    labels: {labels}\n    deploy: {{labels: {deployed}}}\n").warnings
    reads = f"compose.yml:4: services.app.labels: {expected} reads the labels under deploy.labels only"
    assert list(warnings) == ([reads] if expected else [])


def test_a_rollback_is_not_rolled_back(read: Read) -> None:
    document = read(f"{APP}    deploy: {{rollback_config: {{failure_action: rollback}}}}\n")
    assert list(document.warnings) == [
        "compose.yml:4: services.app.deploy.rollback_config.failure_action: 'rollback' means 'pause' here: Swarm never"
        " rolls back a rollback"
    ]


def test_ports_of_a_range_are_reported_together(problems_of: Problems) -> None:
    text = """services:
  app: {image: "a:1", ports: ["8000-8021:80-101"]}
  web: {image: "a:1", ports: ["8000-8021:80-101", "8005:1"]}
  dns:
    image: a:1
    ports: ["9000-9005:80-85"]
    deploy: {endpoint_mode: dnsrr}
"""
    assert problems_of({"compose.yml": text}) == [
        "compose.yml:3: services.web.ports[0]: 22 ports, 8000/tcp to 8021/tcp, are published by 'app' in compose.yml:2",
        "compose.yml:6: services.dns.ports[0]: endpoint_mode dnsrr takes ports in mode host only (6 times)",
    ]


def test_keys_of_the_compose_specification_are_known_by_name(problems_of: Problems) -> None:
    pool = "{subnet: 10.1.0.0/24, aux_addresses: {}}"
    text = f"{APP}    networks: [n]\n    use_api_socket: true\nnetworks: {{n: {{ipam: {{config: [{pool}]}}}}}}\n"
    assert [line.partition(": ")[2] for line in problems_of({"compose.yml": text})] == [
        "services.app.use_api_socket: is not supported by Swarm: use volumes to bind /var/run/docker.sock",
        "networks.n.ipam.config[0].aux_addresses: is not supported by Swarm",
    ]
