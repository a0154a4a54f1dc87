"""What is taken as it is and hardly meant so: quotes of env files, variables in keys, labels nobody reads."""

from __future__ import annotations

import pytest

from skep.compose.variables import read_env_file
from skep.reading.findings import Findings
from tests.unit.compose.conftest import Problems, Read

APP = "services:\n  app:\n    image: a:1\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('A=x\nB="y z"\n', ["app.env:2: B: {}"]),
        ("A='x'\nB=\"y\"\nC='z'\n", ["app.env:1: A: {} (and 2 more)"]),
        ("A=it's\nB=\"\nC='a\nD=\nE\n", []),
    ],
)
def test_quotes_in_env_files(read: Read, content: str, expected: list[str]) -> None:
    document = read(f"{APP}    env_file: app.env\n", files={"app.env": content.encode()})
    quotes = "the quotes are part of the value: Docker reads env files as they stand"
    assert list(document.warnings) == [line.format(quotes) for line in expected]
    assert "y z" not in "".join(document.warnings)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("A=x # note\nB=x#y\nC=a #b\n", "app.env:1: A: what follows the '#' is part of the value{} (and 1 more)"),
        ("A=${HOME}/x\nB=$HOME\n", "app.env:1: A: the variable in it is not filled in{}"),
        ("A=pa${s}word$\nB=${not this}", "app.env:1: A: the variable in it is not filled in{}"),
        ('K="BEGIN\nMII=\nEND"\n', "app.env:1: K: the quote is part of the value, which ends with the line{}"),
    ],
)
def test_what_compose_reads_otherwise_in_env_files(read: Read, content: str, expected: str) -> None:
    document = read(f"{APP}    env_file: app.env\n", files={"app.env": content.encode()})
    assert list(document.warnings) == [expected.format(": Docker reads env files as they stand")]


@pytest.mark.parametrize(
    ("line", "why"),
    [("export A=1", ": take 'export' out"), ("A =1", ": no space may stand before the '='"), ("a b=1", "")],
)
def test_why_a_line_of_an_env_file_is_refused(line: str, why: str) -> None:
    findings = Findings(())
    read_env_file("app.env", line.encode(), findings)
    assert findings.errors == [f"app.env:1: a line that is not NAME=value{why}"]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("environment: {V: 1.10}", "1.10 is a number to YAML, and becomes 1.1"),
        ("environment: {V: 0x1F}", "0x1F is a number to YAML, and becomes 31"),
        ("labels: {v: 0755}", "0755 is a number to YAML, and becomes 493"),
        ("labels: {v: 1_000}", "1_000 is a number to YAML, and becomes 1000"),
        ("environment: {V: '1.10', W: 5, X: 1.5, Y: -3}", ""),
        ("environment: [V=1.10]", ""),
    ],
)
def test_numbers_that_become_another_text(read: Read, line: str, becomes: str) -> None:
    warnings = read(f"{APP}    {line}\n").warnings
    assert [text.rpartition("v: " if "labels" in line else "V: ")[2] for text in warnings] == (
        [f"{becomes}: quote it"] if becomes else []
    )


@pytest.mark.parametrize(
    ("test", "word"),
    [
        ("NONE", "NONE"),
        ("CMD curl -f http://localhost", "CMD"),
        ("CMD-SHELL exit 0", "CMD-SHELL"),
        ('\'["CMD", "true"]\'', "CMD"),
        ("exit 0", ""),
        ("CMDS", ""),
        ("[CMD, 'true']", ""),
    ],
)
def test_a_health_check_that_is_a_list_as_text(read: Read, test: str, word: str) -> None:
    warnings = [one for one in read(f"{APP}    healthcheck: {{test: {test}}}\n").warnings if "test:" in one]
    assert [f"which has no command {word}:" in one for one in warnings] == ([True] if word else [])


@pytest.mark.parametrize(
    ("value", "warned"), [("'false'", True), ("0", True), ("'no'", True), ("''", False), ("'true'", False)]
)
def test_a_network_is_encrypted_whatever_the_option_says(read: Read, value: str, warned: bool) -> None:
    text = f"{APP}    networks: [back]\nnetworks: {{back: {{driver_opts: {{encrypted: {value}}}}}}}\n"
    assert ["which encrypts all the same" in one for one in read(text).warnings] == ([True] if warned else [])


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("shop:${TAG}", "'shop:' is not an image's name (the variable TAG is not set)"),
        ("${NAME}:${TAG}", "is not an image's name (the variables NAME, TAG are not set)"),
    ],
)
def test_an_error_names_the_variable_that_is_not_set(problems_of: Problems, image: str, said: str) -> None:
    [problem] = problems_of({"compose.yml": f"services: {{app: {{image: '{image}'}}}}\n"})
    assert problem.endswith(said)


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
