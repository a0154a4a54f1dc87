"""Specs in detail: names, labels, short forms, references, identifiers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from skep.compose import ComposeError, convert
from skep.compose.convert import LONGEST_STACK
from skep.compose.keys.ports import short
from skep.compose.keys.quantities import duration, nano_cpus, size, words
from skep.compose.service import capabilities
from skep.measures import duration_text
from skep.swarm.image import is_image, tagged
from skep.swarm.references import with_ids
from skep.swarm.revision import name_of
from tests.unit.compose.conftest import Read


def container(read: Read, text: str) -> dict[str, Any]:
    """The ContainerSpec of one service with these keys."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    specs = convert(read(f"services:\n  web:\n    image: a\n{body}"), "s")
    return dict(specs.services["s_web"]["TaskTemplate"]["ContainerSpec"])


def test_the_smallest(read: Read) -> None:
    specs = convert(read("services: {web: {image: nginx}}"), "shop")
    assert specs.services == {
        "shop_web": {
            "Name": "shop_web",
            "Labels": {"com.docker.stack.namespace": "shop", "com.docker.stack.image": "nginx"},
            "TaskTemplate": {
                "ContainerSpec": {
                    "Image": "nginx:latest",
                    "Labels": {"com.docker.stack.namespace": "shop"},
                    "Privileges": {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False},
                },
                "Resources": {},
                "Placement": {},
                "Networks": [{"Target": "shop_default", "Aliases": ["web"]}],
                "ForceUpdate": 0,
            },
            "Mode": {"Replicated": {}},
            "EndpointSpec": {},
        }
    }
    assert specs.networks == {
        "shop_default": {
            "Name": "shop_default",
            "Driver": "overlay",
            "Internal": False,
            "Attachable": False,
            "Labels": {"com.docker.stack.namespace": "shop"},
        }
    }
    assert not specs.configs and not specs.secrets and not specs.volumes and not specs.external_networks


@pytest.mark.parametrize("key", ["dns", "dns_search"])
def test_an_empty_list_of_dns_is_sent(read: Read, key: str) -> None:
    assert container(read, f"{key}: []")["DNSConfig"] == {}
    assert "DNSConfig" not in container(read, "tty: true")


def test_data_is_what_the_file_holds(read: Read) -> None:
    blob = bytes(range(256))
    text = "services: {a: {image: a}}\nconfigs: {c: {file: ./b/../blob}}\nsecrets: {s: {file: blob, name: own}}"
    specs = convert(read(text, files={"blob": blob}), "s")
    assert base64.b64decode(specs.configs["s_c"]["Data"]) == blob
    assert base64.b64decode(specs.secrets["own"]["Data"]) == blob


def test_identifiers_are_put_in(read: Read) -> None:
    text = """
services:
  a:
    image: a
    configs: [c]
    secrets: [s]
    credential_spec: {config: c}
configs: {c: {file: a.txt}}
secrets: {s: {external: true, name: far}}
"""
    spec = convert(read(text), "x").services["x_a"]
    sent = with_ids(spec, configs={"x_c": "id1"}, secrets={"far": "id2"})["TaskTemplate"]["ContainerSpec"]
    plain = {"Name": "c", "UID": "0", "GID": "0", "Mode": 0o444}
    assert sent["Configs"] == [
        {"File": plain, "ConfigName": "x_c", "ConfigID": "id1"},
        {"Runtime": {}, "ConfigName": "x_c", "ConfigID": "id1"},
    ]
    assert sent["Secrets"] == [{"File": plain | {"Name": "s"}, "SecretName": "far", "SecretID": "id2"}]
    assert sent["Privileges"]["CredentialSpec"] == {"Config": "id1", "File": "", "Registry": ""}
    assert "ConfigID" not in spec["TaskTemplate"]["ContainerSpec"]["Configs"][0]
    with pytest.raises(KeyError):
        with_ids(spec, configs={}, secrets={})


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "x" * 70])
def test_names_that_do_not_do(name: str, read: Read) -> None:
    with pytest.raises(ComposeError):
        convert(read("services: {web: {image: a}}"), name)


def test_a_name_too_long_reports_its_service(read: Read) -> None:
    with pytest.raises(ComposeError) as raised:
        convert(read(f"services:\n  {'w' * 11}:\n    image: a\n"), "x" * 52)
    (problem,) = raised.value.problems
    assert problem.startswith(f"compose.yml:2: services.{'w' * 11}: with the stack's name it is longer than 63 char")


def test_every_name_too_long_is_reported(read: Read) -> None:
    text = f"""
services:
  web: {{image: a, networks: [n, m], configs: [c, d], secrets: [s]}}
networks:
  n: {{name: {"n" * 64}}}
  m: {{name: {"m" * 63}}}
configs:
  c: {{name: {"c" * 65}, content: x}}
  d: {{name: {"d" * 64}, content: x}}
secrets:
  s: {{name: {"s" * 65}, content: x}}
"""
    with pytest.raises(ComposeError) as raised:
        convert(read(text), "shop")
    assert raised.value.problems == [
        "compose.yml:5: networks.n.name: is longer than 63 characters",
        "compose.yml:8: configs.c.name: is longer than 64 characters",
        "compose.yml:11: secrets.s.name: is longer than 64 characters",
    ]


def test_a_stack_s_name_leaves_room_for_the_names_of_its_records(read: Read) -> None:
    name = "x" * LONGEST_STACK
    assert convert(read("services: {web: {image: a}}"), name).services
    assert len(name_of(name, 999_999)) == 64
    with pytest.raises(ComposeError) as raised:
        convert(read("services: {web: {image: a}}"), f"{name}x")
    assert raised.value.problems == [f"'{name}x' is not a stack's name: letters, digits, '-' and '_', at most 52"]


def test_env_files_come_before_own_variables_and_gaps_are_looked_up(read: Read) -> None:
    files = {"one.env": b"X=1\nY=2\nA\nNOPE\nEMPTY=\n", "two.env": b"Y=3\n"}
    text = "services: {w: {image: a, env_file: [one.env, two.env], environment: {X: own, A: , Z: , EMPTY: ''}}}"
    document = read(text, files=files)
    assert document.section("services")["w"]["environment"] == {
        "X": "own", "Y": "3", "A": "many", "EMPTY": "", "Z": None,
    }  # fmt: skip


def test_variables_of_the_inventory_win_over_the_environment_and_that_over_dotenv(read: Read) -> None:
    text = "services: {w: {image: '$A', hostname: '$B', user: '$C', working_dir: '${D-d}'}}"
    files = {".env": b"# x\nexport A=dot\nB=dot\nC='dot c' \nE=unused # comment\n"}
    document = read(text, files=files, environment={"A": "env", "B": "env"})
    service = document.section("services")["w"]
    assert [service[key] for key in ("image", "hostname", "user", "working_dir")] == ["many", "env", "dot c", "d"]
    assert document.origins == {"A": "inventory", "B": "environment", "C": ".env:4", "D": "not set"}


def test_places_are_kept(read: Read) -> None:
    document = read(
        "services:\n  web:\n    image: a\n    ports:\n      - '80'\n      - '81'\n",
        "services:\n  web:\n    user: b\n    deploy:\n      replicas: 2\n",
    )
    assert document.where("services", "web", "image") == "compose.yml:3"
    assert document.where("services", "web", "deploy", "replicas") == "more.yml:5"
    assert document.where("services", "web", "healthcheck", "test") == "compose.yml:2"
    assert document.where("services", "web", "ports", 0) == "compose.yml:6"


def test_shell_forms_and_grace_period(read: Read) -> None:
    sent = container(read, "command: a 'b c'\nentrypoint: ['x y']\nhealthcheck: {test: a b}\nstop_grace_period: 0s")
    assert sent["Args"] == ["a", "b c"]
    assert sent["Command"] == ["x y"]
    assert sent["Healthcheck"] == {"Test": ["CMD-SHELL", "a b"]}
    assert sent["StopGracePeriod"] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", [(80, 0, "tcp")]),
        ("8080:80/udp", [(80, 8080, "udp")]),
        ("8080-8081:80", [(80, 8080, "tcp"), (80, 8081, "tcp")]),
        ("9-10:99-100", [(100, 10, "tcp"), (99, 9, "tcp")]),
        ("[::1]:53:53", [(53, 53, "tcp")]),
        ("0-1:5-6", [(5, 0, "tcp"), (6, 1, "tcp")]),
    ],
)
def test_short_ports(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert short(text)[1] == expected


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("nginx", "nginx:latest"),
        ("docker.io/library/nginx:1", "nginx:1"),
        ("index.docker.io/u/a", "u/a:latest"),
        ("r.example.com:5000/a", "r.example.com:5000/a:latest"),
        ("[fd00::1]:5000/a:2", "[fd00::1]:5000/a:2"),
        ("Localhost/a", "Localhost/a:latest"),
        ("a" * 64, "a" * 64),
        ("a@sha256:" + "b" * 64, "a@sha256:" + "b" * 64),
    ],
)
def test_images(text: str, sent: str) -> None:
    assert is_image(text)
    assert tagged(text) == sent


@pytest.mark.parametrize(
    "text", ["A", "a:", "a/", "/a", "a b", "a@sha256:b", "a" * 300, "a__b___c", ".a", "a..b", "a:-t"]
)
def test_texts_that_are_no_images(text: str) -> None:
    assert not is_image(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("0", 0, "0s"),
        ("1h2m3.5s", 3723 * 10**9 + 5 * 10**8, "1h2m3.5s"),
        (".5s", 5 * 10**8, "500ms"),
        ("1500us", 1_500_000, "1.5ms"),
        ("90s", 90 * 10**9, "1m30s"),
        ("1µs", 1000, "1µs"),
        ("60m", 3600 * 10**9, "1h0m0s"),
        ("1.ns", 1, "1ns"),
    ],
)
def test_durations(text: str, nanoseconds: int, shown: str) -> None:
    assert duration(text) == nanoseconds
    assert duration_text(nanoseconds) == shown


def test_amounts() -> None:
    assert [size(text) for text in ("5", "1k", "2KiB", "1.5 GB", "64mb", "3b", "1t")] == [
        5, 1024, 2048, 3 * 2**29, 2**26, 3, 2**40,
    ]  # fmt: skip
    assert [nano_cpus(text) for text in ("1", "0.5", ".25", "1/4", "2.", "25e-2", ".5E+1")] == [
        10**9, 5 * 10**8, 25 * 10**7, 25 * 10**7, 2 * 10**9, 25 * 10**7, 5 * 10**9,
    ]  # fmt: skip
    for text in ("", "k", "1kk", "1bb", "-1", "1e3"):
        with pytest.raises(ValueError, match="must be"):
            size(text)
    for text in ("", "1/0", "-1", "a", ".", "1e", "1e2/3", "e3"):
        with pytest.raises(ValueError, match="must be"):
            nano_cpus(text)


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("", []),
        ("a  b\tc\nd", ["a", "b", "c", "d"]),
        ('a\'b c\'d "e\\"f"', ["ab cd", 'e"f']),
        ("'' \"\"", ["", ""]),
        ("a#b # c\nd", ["a#b", "d"]),
        ("'a\\' b", ["a\\", "b"]),
        ("\\#a \\ ", ["#a", " "]),
    ],
)
def test_words(line: str, split: list[str]) -> None:
    assert words(line) == split


def test_capabilities() -> None:
    assert capabilities(["all", "chown"], ["CHOWN"]) == (["ALL"], ["CAP_CHOWN"])
    assert capabilities([" net_admin ", "RESET"], ["all", "kill"]) == (["CAP_NET_ADMIN"], ["ALL"])
