"""Compose files made by chance around what Swarm refuses: each from its seed, right but for a few values."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

WORDS = ("a", "web", "b1", "x-y", "x_y", "A", "z9", "a.b", "Web")
ODD = ("-", "_", ".", "a-", "-a", "_a", ".a", "a.", "a b", "a/b", "a:b", "é", "a@b", "", "a\n",
       "{{.Task.Slot}}", "host",
       "bridge", "none", "default", "ingress", "docker_gwbridge", "nat", "a" * 63, "a" * 64, "a" * 65,
       "INGRESS", "a--b",
       "a..b", "a_._b", "0", "K", "ſ")  # fmt: skip
KEYS = ("node.role", "node.labels.a", "node.labels.a.b", "engine.labels.x", "node.ip", "node.id", "node.hostname",
        "node.platform.os", "Node.Role", "x", "xy", "1a", ".a", "-a", "_a", "node labels", "node.labels.a/b",
        "", "é.a",
        "node.labels.", "Kk", "node.labels.a:b", "a=b")  # fmt: skip
VALUES = ("manager", "a b", '"yes"', "'yes'", "a,b", "a@b", "50%", "a&b", "a;b", "#1", "!a", "<a", "a~", "{a}",
          "é", "a/b",
          "10.0.0.0/8", "[a]", "(a)", "a|b", "a+b", "a?", "^a$$", "a\\b", "", " a ", "a\tb", "a=b", "a==b",
          "a!=b", "*",
          "a:b", "a-b_c.d", "`a`", "K")  # fmt: skip
FIELDS = (".Service.Name", ".Task.Slot", ".Node.Hostname", ".Node.Platform.OS", ".Names", ".Service.Labels.a",
          ".", "$$",
          ".Task", '"a"', "`b`", "1", "1.5", "true", "nil", "$$x", ".Service.Labels", ".Task.ID.x",
          "'c'")  # fmt: skip
CALLS = (
    "join",
    "print",
    "printf",
    "index",
    "len",
    "eq",
    "lt",
    "not",
    "and",
    "or",
    "html",
    "slice",
    "env",
    "secret",
    "nope",
)
TEMPLATES = ("{{", "}}", "{{}}", "{{end}}", "{{if .Task.Slot}}a{{end}}", "{{if .Task.Slot}}a", "{{/* a */}}",
             "{{/* a",
             "{{range .Service.Labels}}a{{else}}b{{end}}", "{{with .Service}}{{.Name}}{{end}}", "{{$$x := 1}}{{$$x}}",
             '{{index .Service.Labels "a"}}', "{{- .Task.ID -}}", "{{define \"a\"}}b{{end}}{{template \"a\"}}",
             "{{template \"a\"}}", "{{break}}", "a{{`}}`}}", "{{.Task.Slot", "{ {.a} }",
             "{{\"{{.Names}}\"}}")  # fmt: skip
SUBNETS = ("10.211.1.0/24", "10.211.1.1/24", "10.211.1.128/25", "fd00:211::/64", "fd00:211::1/64", "10.211.0.0/16",
           "10.211.1.0/32", "10.211.1.0/31", "0.0.0.0/0", "10.211.01.0/24")  # fmt: skip
ADDRESSES = ("10.211.1.1", "10.211.1.255", "10.212.1.1", "fd00:211::1", "::1", "10.211.1.129", "0.0.0.0")
IMAGES = ("busybox", "busybox:1.36", "a/b:c", "registry.example.com:5000/a/b", "A", "a:b:c", "a//b",
          "a@sha256:x", "-a", "a_",
          f"a@sha256:{'0' * 64}", "0" * 64, "localhost/a", "a b", "é", "a:" + "b" * 129)  # fmt: skip
SPANS = ("0s", "1ns", "999us", "1ms", "1s", "10m", "1000h", "2562047h")
Part = Callable[[Random, dict[str, Any]], None]


def document(seed: int) -> str:
    """One compose file as JSON, which YAML holds."""
    chance = Random(seed)
    service: dict[str, Any] = {"image": "busybox:1.36", "deploy": {"replicas": 0}}
    file: dict[str, Any] = {"services": {"web": service}}
    for part in chance.choices(PARTS, k=chance.choice((1, 1, 2, 3))):
        part(chance, file)
    return json.dumps(file, ensure_ascii=False)


def template(chance: Random, depth: int = 0) -> str:
    """A Go template, or what looks like one."""
    if chance.random() < 0.4:
        return chance.choice(TEMPLATES)
    words = [chance.choice(CALLS), *(chance.choice(FIELDS) for _ in range(chance.randrange(4)))]
    inner = " ".join(words) if chance.random() < 0.4 else chance.choice(FIELDS)
    if depth < 2 and chance.random() < 0.2:
        inner += f" | {chance.choice(CALLS)}"
    return (
        chance.choice(("", "a", "a-"))
        + "{{"
        + chance.choice(("", " ", "- "))
        + inner
        + chance.choice(("}}", " }}", " -}}"))
    )


def _text(chance: Random) -> str:
    kind = chance.random()
    return template(chance) if kind < 0.6 else chance.choice(ODD if kind < 0.8 else WORDS)


def _service(file: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(iter(file["services"].values()))
    return found


def _constraints(chance: Random, file: dict[str, Any]) -> None:
    def one() -> str:
        space = chance.choice(("", " ", "  "))
        sign = chance.choice(("==", "==", "!=", "!=", "=", "=~", ""))
        return f"{chance.choice(KEYS)}{space}{sign}{space}{chance.choice(VALUES)}"

    _service(file)["deploy"]["placement"] = {"constraints": [one() for _ in range(chance.choice((1, 1, 2)))]}


def _environment(chance: Random, file: dict[str, Any]) -> None:
    _service(file)["environment"] = {name: _text(chance) for name in ("A", "B")[: chance.choice((1, 2))]}


def _hostname(chance: Random, file: dict[str, Any]) -> None:
    _service(file)["hostname"] = _text(chance)


def _mounts(chance: Random, file: dict[str, Any]) -> None:
    def target() -> str:
        return chance.choice(("/a", "/b", "/a/", "/a{{.Task.Slot}}", "/a1", "/" + _text(chance), "/a/../b", "//a"))

    mounts: list[dict[str, Any]] = []
    for _ in range(chance.choice((1, 2, 2))):
        kind = chance.choice(("volume", "volume", "bind", "tmpfs"))
        mount: dict[str, Any] = {"type": kind, "target": target()}
        if kind == "bind":
            mount["source"] = "/" + _text(chance)
        if kind == "volume" and chance.random() < 0.7:
            mount["source"] = "data"
            volume: dict[str, Any] = {}
            if chance.random() < 0.5:
                volume["name"] = _text(chance) or "a"
            if chance.random() < 0.5:
                volume["labels"] = {"l": _text(chance)}
            if chance.random() < 0.5:
                volume |= {"driver": "local", "driver_opts": {"o": _text(chance)}}
            file.setdefault("volumes", {})["data"] = volume
        mounts.append(mount)
    _service(file)["volumes"] = mounts


def _networks(chance: Random, file: dict[str, Any]) -> None:
    networks = file.setdefault("networks", {})
    for _ in range(chance.choice((1, 1, 2))):
        key = chance.choice((*WORDS, *ODD)) or "a"
        one: dict[str, Any] = {}
        if chance.random() < 0.5:
            one["name"] = chance.choice((*WORDS, *ODD))
        if chance.random() < 0.2:
            one["driver"] = chance.choice(
                ("overlay", "Overlay", "bridge", "macvlan", "weave", "null", "host", "ipvlan", "none")
            )
        if chance.random() < 0.5:
            one["ipam"] = _ipam(chance)
        if chance.random() < 0.2:
            one["labels"] = {chance.choice(("a", "com.docker.swarm.predefined", "", "a b")): "x"}
        one |= {name: True for name in ("attachable", "internal", "enable_ipv6") if chance.random() < 0.3}
        networks[key] = one
    _service(file)["networks"] = list(networks)


def _ipam(chance: Random) -> dict[str, Any]:
    pool: dict[str, Any] = {}
    if chance.random() < 0.9:
        pool["subnet"] = chance.choice(SUBNETS)
    if chance.random() < 0.4:
        pool["gateway"] = chance.choice(ADDRESSES)
    if chance.random() < 0.4:
        pool["ip_range"] = chance.choice(SUBNETS)
    ipam: dict[str, Any] = {"config": [pool]}
    if chance.random() < 0.2:
        ipam["driver"] = chance.choice(("default", "Default", "null", "weave", "host-local"))
    return ipam


def _attached(chance: Random, file: dict[str, Any]) -> None:
    name = chance.choice(("host", "bridge", "none", "default", "ingress", "docker_gwbridge"))
    file.setdefault("networks", {})["out"] = {"external": True, "name": name}
    _service(file)["networks"] = ["out"]


def _objects(chance: Random, file: dict[str, Any]) -> None:
    section = chance.choice(("configs", "secrets"))
    things = file.setdefault(section, {})
    for _ in range(chance.choice((1, 2))):
        one: dict[str, Any] = {
            "content": chance.choice(("x", "", "{{", "x" * 512000, "x" * 511999)) if chance.random() < 0.3 else "x"
        }
        if chance.random() < 0.5:
            one["name"] = chance.choice((*WORDS, *ODD))
        if chance.random() < 0.2:
            one["labels"] = {"a": "b"}
        things[chance.choice((*WORDS, *ODD))[:40] or "a"] = one
    targets = ("/a", "a", "/a/", "/b", "")
    refs = [{"source": key, "target": chance.choice(targets)} if chance.random() < 0.5 else key for key in things]
    _service(file)[section] = refs


def _names(chance: Random, file: dict[str, Any]) -> None:
    service = file["services"].pop(next(iter(file["services"])))
    file["services"][chance.choice((*WORDS, *ODD)) or "a"] = service


def _health(chance: Random, file: dict[str, Any]) -> None:
    keys = chance.sample(("interval", "timeout", "start_period", "start_interval"), 2)
    _service(file)["healthcheck"] = {
        "test": chance.choice((["CMD", "true"], "true", ["NONE"])),
        "retries": chance.choice((0, 1, 3, 2**31 - 1, 2**31, 2**32, 2**33 - 1)),
        **{key: chance.choice(SPANS) for key in keys},
    }


def _resources(chance: Random, file: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        part: {
            "memory": chance.choice(("0", "1", "4194303b", "4M", "5M", "64M", "900P")),
            "cpus": chance.choice(("0", "0.0001", "0.001", "0.000999999", "0.5", "64", "1000000")),
        }
        for part in chance.sample(("limits", "reservations"), chance.choice((1, 2)))
    }
    if "limits" in given and chance.random() < 0.3:
        given["limits"]["pids"] = chance.choice((0, 1, 2**62))
    _service(file)["deploy"]["resources"] = given


def _ports(chance: Random, file: dict[str, Any]) -> None:
    service = _service(file)
    service["ports"] = [
        {
            "target": chance.choice((1, 80, 65535)),
            "published": chance.choice((0, 18080, 18081)),
            "protocol": chance.choice(("tcp", "udp", "sctp")),
            "mode": chance.choice(("host", "ingress")),
        }
        for _ in range(chance.choice((1, 2, 3)))
    ]
    if chance.random() < 0.5:
        service["deploy"]["endpoint_mode"] = chance.choice(("vip", "dnsrr"))


def _mode(chance: Random, file: dict[str, Any]) -> None:
    deploy = _service(file)["deploy"]
    deploy["mode"] = chance.choice(("replicated", "global", "replicated-job", "global-job"))
    if chance.random() < 0.7:
        deploy.pop("replicas", None)
    if chance.random() < 0.4:
        deploy["update_config"] = {"parallelism": chance.choice((0, 1, 2**62)), "monitor": chance.choice(SPANS)}
    if chance.random() < 0.4:
        deploy["restart_policy"] = {
            "condition": chance.choice(("any", "none", "on-failure")),
            "delay": chance.choice(SPANS),
        }


def _image(chance: Random, file: dict[str, Any]) -> None:
    _service(file)["image"] = chance.choice(IMAGES)


def _container(chance: Random, file: dict[str, Any]) -> None:
    """What managers keep as it is, whatever nodes make of it."""
    service = _service(file)
    key, value = chance.choice(
        (
            ("user", _text(chance)), ("working_dir", _text(chance)), ("stop_signal", "NOPE"), ("command",
            [_text(chance)]),
            ("cap_add", ["NOPE"]), ("ulimits", {"nope": 1}), ("sysctls", {"a": _text(chance)}), ("group_add", ["a"]),
            ("labels", {"a": _text(chance)}), ("dns", "10.0.0.1"), ("stop_grace_period", chance.choice(SPANS)),
            ("logging", {"driver": _text(chance), "options": {"tag": _text(chance)}}), ("extra_hosts",
            ["a:10.0.0.1"]),
            ("credential_spec", {"file": "a"}), ("init", True), ("isolation", "hyperv"),
        )
    )  # fmt: skip
    service[key] = value


PARTS: tuple[Part, ...] = (
    _constraints, _constraints, _environment, _environment, _hostname, _mounts, _mounts, _networks, _networks,
    _networks,
    _attached, _objects, _objects, _names, _health, _resources, _ports, _mode, _image, _container,
)  # fmt: skip
