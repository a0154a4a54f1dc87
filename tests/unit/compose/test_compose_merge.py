"""Several files by Docker's rules, and the warnings where those lose something; the merged file as YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from skep.compose import convert, load, render
from skep.model import Secret
from tests.unit.compose.conftest import Read

CORPUS = Path(__file__).parents[2] / "oracle" / "corpus"
LOST = "an empty value, 0 or false does not override the earlier file's in Docker's merge"


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ("user: a", "user: b", {"user": "b"}),
        ("command: a b", "command: [c]", {"command": ["c"]}),
        ("labels: {a: b, c: d}", "labels: [a=, e=f]", {"labels": {"a": "", "c": "d", "e": "f"}}),
        ("environment: {A: b, C: d}", "environment: [A=x, E]", {"environment": {"A": "x", "C": "d", "E": None}}),
        ("cap_add: [A]", "cap_add: [B]", {"cap_add": ["A", "B"]}),
        ("deploy: {replicas: 3}", "deploy: {replicas: 0}", {"deploy": {"replicas": 0}}),
        ("deploy: {mode: global}", "deploy: ", {"deploy": {"mode": "global"}}),
        (
            "ulimits: {a: 1}",
            "ulimits: {a: {soft: 1, hard: 2}, b: 3}",
            {"ulimits": {"a": {"soft": 1, "hard": 2}, "b": 3}},
        ),
        ("user: a", "dns: [], dns_search: []", {"user": "a"}),
        ("dns: 1.1.1.1", "dns: [2.2.2.2]", {"dns": ["1.1.1.1", "2.2.2.2"]}),
        (
            "logging: {driver: a, options: {x: 1}}",
            "logging: {options: {y: 2}}",
            {"logging": {"driver": "a", "options": {"x": "1", "y": "2"}}},
        ),
        ("logging: {driver: a, options: {x: 1}}", "logging: {driver: b}", {"logging": {"driver": "b"}}),
        ("networks: [default]", "networks: {default: {aliases: [b]}}", {"networks": {"default": {"aliases": ["b"]}}}),
        ("networks: {default: {aliases: [a]}}", "networks: [default]", {"networks": {"default": {"aliases": ["a"]}}}),
        ("extra_hosts: [a:1.1.1.1]", "extra_hosts: {b: 1.1.1.2}", {"extra_hosts": ["a:1.1.1.1", "b:1.1.1.2"]}),
        (
            "volumes: ['/a:/z', '/b:/y']",
            "volumes: ['/c:/z']",
            {
                "volumes": [
                    {"type": "bind", "source": "/b", "target": "/y"},
                    {"type": "bind", "source": "/c", "target": "/z"},
                ]
            },
        ),
    ],
)
def test_services(first: str, second: str, merged: dict[str, object], read: Read) -> None:
    document = read(f"services: {{w: {{image: a, {first}}}}}", f"services: {{w: {{{second}}}}}")
    assert document.section("services")["w"] == {"image": "a", **merged}
    assert not document.warnings


@pytest.mark.parametrize(
    ("first", "second", "path", "expected"),
    [
        ("tty: true", "tty: false", "tty", LOST),
        ("init: true", "init: false", "init", LOST),
        ("user: a", "user: ''", "user", LOST),
        ("command: a", "command: []", "command", LOST),
        ("environment: {A2: b}", "environment: {A2: ''}", "environment.A2", LOST.replace(", 0 or false", "")),
        (
            "healthcheck: {test: a}",
            "healthcheck: {test: b}",
            "healthcheck.test",
            "is put behind the earlier file's test: Docker's merge does not replace it",
        ),
        (
            "logging: {driver: a}",
            "logging: {driver: a, options: {x: 1}}",
            "logging.options",
            "are lost in Docker's merge: the earlier file's logging has no options",
        ),
        (
            "ports: ['53:53/tcp']",
            "ports: ['53:53/udp']",
            "ports",
            "takes the place of port 53 of compose.yml:1: Docker's merge keeps one of each",
        ),
    ],
)
def test_what_docker_loses_is_reported(first: str, second: str, path: str, expected: str, read: Read) -> None:
    document = read(f"services: {{w: {{image: a, {first}}}}}", f"services: {{w: {{{second}}}}}")
    assert document.warnings == (f"more.yml:1: services.w.{path}: {expected}",)


def test_sections_are_replaced_name_by_name(read: Read) -> None:
    document = read(
        "services: {w: {image: a, networks: [n, m]}}\nnetworks: {n: {labels: {a: b}, internal: true}, m: }\nx-a: 1",
        "networks: {n: {labels: {c: d}}}\nservices: {v: {image: b}}\nx-b: 2",
        "services: {v: {user: c}}",
    )
    assert document.section("networks") == {"n": {"labels": {"c": "d"}}, "m": {}}
    assert document.section("services")["v"] == {"image": "b", "user": "c"}
    assert "x-b" not in document.data


def test_render_gives_long_forms(read: Read) -> None:
    text = """
services:
  web:
    image: a
    ports: ["8080:80"]
    stop_grace_period: 90s
    env_file: x.env
    deploy: {resources: {limits: {memory: 1M, cpus: 0.5}}}
networks: {default: {external: {name: far}}}
""".replace("1M", "8M")
    assert render(read(text, files={"x.env": b"A=b\n"})) == (
        "services:\n  web:\n    image: a\n    env_file:\n      - x.env\n    environment:\n      A: b\n"
        "    deploy:\n      resources:\n        limits:\n          cpus: '0.5'\n          memory: '8388608'\n"
        "    ports:\n      - mode: ingress\n        target: 80\n        published: 8080\n        protocol: tcp\n"
        "    stop_grace_period: 1m30s\nnetworks:\n  default:\n    external:\n      name: far\n"
    )


def test_each_item_of_merged_lists_has_its_own_place(read: Read) -> None:
    document = read(
        "services:\n  w:\n    image: a\n    cap_add:\n      - A\n      - B\n    dns: 1.1.1.1\n",
        "services:\n  w:\n    cap_add:\n      - C\n    dns: 2.2.2.2",
    )
    places = [document.where("services", "w", key, item) for key, item in (("cap_add", 1), ("cap_add", 2), ("dns", 0))]
    assert places == ["compose.yml:6", "more.yml:4", "compose.yml:7"]


def test_what_both_files_give_is_sent_as_docker_does_and_rendered_once(read: Read) -> None:
    twice = (
        "dns: [1.1.1.1], cap_add: [A], extra_hosts: ['a:1.1.1.1'], env_file: [e.env], depends_on: [v], ports: ['80']"
    )
    files = {"e.env": b"A=b\n"}
    first = read(
        f"services: {{w: {{image: a, {twice}}}, v: {{image: a}}}}", f"services: {{w: {{{twice}}}}}", files=files
    )
    assert convert(first, "s").services["s_w"]["TaskTemplate"]["ContainerSpec"]["DNSConfig"] == {
        "Nameservers": ["1.1.1.1", "1.1.1.1"]
    }
    shown = yaml.safe_load(render(first))["services"]["w"]
    assert [shown[key] for key in ("dns", "cap_add", "extra_hosts", "env_file", "depends_on")] == [
        ["1.1.1.1"], ["A"], ["a:1.1.1.1"], ["e.env"], ["v"],
    ]  # fmt: skip
    assert render(read(render(first), files=files)) == render(first)


def test_a_tmpfs_has_its_size_as_the_number_that_dockers_schema_wants(read: Read) -> None:
    document = read("services: {w: {image: a, volumes: [{type: tmpfs, target: /x, tmpfs: {size: 64M}}]}}")
    assert yaml.safe_load(render(document))["services"]["w"]["volumes"][0]["tmpfs"] == {"size": 67108864}


def test_what_is_rendered_keeps_its_dollars(read: Read) -> None:
    text = """
services:
  web:
    image: a
    command: echo $$HOME $${X}
    environment: {A: "$$B", C: "$W"}
    labels: {"$$key": "a$$$$b"}
configs: {c: {content: "p$$q"}}
"""
    first = read(text, variables={"W": "x$y", "B": "wrong", "y": "wrong"})
    again = read(render(first), variables={"W": "wrong", "B": "wrong", "y": "wrong"})
    assert convert(again, "s") == convert(first, "s")
    assert convert(first, "s").services["s_web"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=$B", "C=x$y"]


def test_render_hides_secrets_and_their_words(read: Read) -> None:
    text = (
        "services: {w: {image: a, command: 'x --pw=${TWO} $ONE', environment: {PW: , N: '${NUM}'},"
        " deploy: {replicas: $NUM}}}"
    )
    variables = {"TWO": Secret("first second"), "ONE": Secret("o"), "PW": Secret("hunter2"), "NUM": Secret("7")}
    document = read(text, variables=variables)
    shown = render(document)
    assert not any(word in shown for word in ("first", "second", "hunter2", "7"))
    assert yaml.safe_load(shown)["services"]["w"]["command"] == ["x", "--pw=***", "***", "***"]
    assert "--pw=first" in convert(document, "s").services["s_w"]["TaskTemplate"]["ContainerSpec"]["Args"]
    assert "hunter2" not in repr(document.hidden.__class__) + "".join(document.warnings)
    assert "hidden" not in repr(document)


@pytest.mark.parametrize("case", sorted({folder.name for folder in CORPUS.iterdir()} - {"50-lists-in-both"}))
def test_what_is_rendered_means_the_same(case: str) -> None:
    files = {file.relative_to(CORPUS / case).as_posix(): file.read_bytes() for file in (CORPUS / case).rglob("*.*")}
    names = [name for name in ("compose.yml", "compose.override.yml") if name in files]
    variables = {
        "NAME": "shop", "TAG": "1", "EMPTY": "", "REPLICAS": "3", "RATIO": "0.5", "MEMORY": "64M", "YES": "yes",
        "PORT": "12101", "PORT2": "12102", "DOMAIN": "example.com",
    }  # fmt: skip
    first = load(files, names, variables=variables)
    text = render(first)
    again = load({**files, "compose.yml": text.encode()}, ["compose.yml"], variables=variables)
    assert convert(again, "s") == convert(first, "s")
