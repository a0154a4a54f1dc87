"""Compose files by a grammar: services of all keys, right but for a few values, in one file or in several.

``@N@`` in a text becomes the file's own number, ``@P3@`` the fourth of its own ports, ``@NET@`` its own subnet: so
files that are deployed side by side have nothing in common.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

from cases import Case
from chances import Raw, Values, either, many, mostly, of, raw, some, table, written

PORTS = 16
"""Ports that a file has to itself."""
FIRST_PORT = 20_000

TEXT = of(
    "a", "web", "a b", "", "x=y", "${NAME}", "${TAG:-none}", "${NOPE:-fallback}", "${EMPTY:-e}", "${EMPTY-e}",
    "$$HOME",
    "${NAME:+there}", "{{.Task.Slot}}", "ü", "it's", 'say "a"', "a\\b", "1", "true", "0440", "a: b", "#x", "a\nb",
    "~",
    "-", "null", " a ", "${NAME}-${TAG}", "http://a:80/?b=c&d", "${RATIO}", "@N@",
)  # fmt: skip
WORD = of("a", "b", "web", "x-y", "x_y", "z9", "A", "a.b")
SCALAR = mostly(
    either(TEXT, TEXT, raw("1", "0", "-5", "1.5", "1e3", "0x1F", "0440", "null", "1_000")), Raw("true"), [], {}
)
FLAG = mostly(raw("true", "false"), "true", "yes", "${YES}", "${NO}", Raw("1"), Raw("null"), "maybe")
SPAN = mostly(
    of("0s", "5s", "1m30s", "1.5h", "100ms", "90s", "1h"), "5", Raw("5"), "-1s", "1d", "", "1us", Raw("null"), "5 s"
)
SIZE = mostly(
    of("64M", "1g", "5mb", "16777216", "${MEMORY}", "6.5M", "1GiB"), Raw("8388608"), "1", "0", "x", "-1", "64 M", "1.5"
)
CPUS = mostly(
    of("0.5", "1", "2.25", "${RATIO}", ".5", "0"), Raw("0.5"), Raw("2"), "0.0000000001", "1e-3", "x", "-1", "1/2"
)
COUNT = mostly(raw("0", "1", "2", "3", "10"), "2", "${REPLICAS}", Raw("-1"), Raw("1.5"), "x", Raw("null"), "")
PAIRS = either(
    table(mostly(WORD, "", "a b", "a=b", "${NAME}"), SCALAR, 3),
    many(mostly(of("a=b", "a=", "b=c=d", "c=${NAME}", "d= e", "E=1"), "f", "=x", "", Raw("1"), Raw("true"), "a b=c")),
)
OPTIONS = table(WORD, mostly(either(TEXT, raw("1", "1.5")), Raw("null"), Raw("true"), []), 2)
COMMAND = either(
    many(mostly(TEXT, Raw("1"), Raw("null"))),
    mostly(of("a b", "sh -c 'x y'", 'a "b c"', "a\\ b", "a # b"), "'", "", Raw("1"), {}),
)
ADDRESS = mostly(of("10.0.0.1", "fd00::53", "8.8.8.8"), "x", "", "10.0.0.300", "${NAME}")
UPDATE = some(
    {
        "parallelism": COUNT, "delay": SPAN, "monitor": SPAN,
        "max_failure_ratio": mostly(raw("0", "0.3", "1"), "0.5", "${RATIO}", Raw("2"), "x"),
        "failure_action": mostly(of("pause", "continue", "rollback"), "stop", ""),
        "order": mostly(of("stop-first", "start-first"), "first", ""),
    }
)  # fmt: skip
DEVICES = many(some({"discrete_resource_spec": some({"kind": of("gpu", "ssd"), "value": COUNT}, 2)}, 1), 1)
DEPLOY = some(
    {
        "mode": mostly(of("replicated", "global", "replicated-job", "global-job"), "job", "", "Global"),
        "replicas": COUNT,
        "labels": PAIRS,
        "update_config": UPDATE,
        "rollback_config": UPDATE,
        "endpoint_mode": mostly(of("vip", "dnsrr"), "x", ""),
        "resources": some(
            {
                "limits": some({"cpus": CPUS, "memory": SIZE, "pids": COUNT}, 3),
                "reservations": some({"cpus": CPUS, "memory": SIZE, "generic_resources": DEVICES}, 3),
            },
            2,
        ),
        "restart_policy": some({"condition": mostly(of("none", "on-failure", "any"), "always", ""), "delay": SPAN,
        "max_attempts": COUNT, "window": SPAN}),
        "placement": some(
            {
                "constraints": many(mostly(of("node.role==manager", "node.labels.a != b",
                "node.hostname == ${NAME}"), "node.role", "a=b", "")),
                "preferences": many(some({"spread": of("node.labels.zone", "engine.labels.a", "x")}, 1, ("spread",)),
                2),
                "max_replicas_per_node": COUNT,
            }
        ),
        "x-note": SCALAR,
    }
)  # fmt: skip


def port(form: str) -> Values:
    """A text with a port of the file's own in it."""
    return lambda chance: form.format(f"@P{chance.randrange(PORTS)}@")


def own_port(chance: Random) -> Raw:
    """A port of the file's own."""
    return Raw(port("{}")(chance))


PUBLISHED = mostly(
    either(
        own_port, port("{}:80"), port("{}:53/udp"), port("127.0.0.1:{}:90"),
        of("80", Raw("81"), "82/udp", "7000-7002"),
        some({"target": raw("80", "443"), "published": own_port, "protocol": of("tcp", "udp", "sctp"),
        "mode": of("host", "ingress")}, 4, ("target",)),
    ),
    "x", "80:", ":80", "80/icmp", "", Raw("0"), "70000", {"published": 80}, {"target": "80"},
    {"target": Raw("80"), "protocol": "icmp"}, Raw("null"), Raw("8.5"),
    "${PORT}:80", "@P2@-@P3@:80-81", "@P4@-@P6@:90-91", {"target": Raw("90"), "mode": "x"},
    {"target": Raw("91"), "name": "web"}, {"target": Raw("0")},
)  # fmt: skip
TARGET = mostly(of("/a", "/b", "/c/d", "/a/"), "", "a", "/", "${NAME}")
MOUNT = mostly(
    either(
        of("data:/data", "/srv:/srv:ro", "./x:/x", "../y:/y", "~/z:/z", "/anon", "more:/m:nocopy", "/a:/b:rslave",
        "data:/d:rw", "more:/n:z"),
        some({"type": of("volume"), "source": of("data", "more"), "target": TARGET, "read_only": FLAG,
        "volume": some({"nocopy": FLAG}, 1)}, 4, ("type", "target")),
        some({"type": of("bind"), "source": of("/srv", "./rel", "~"), "target": TARGET, "read_only": FLAG,
        "consistency": of("cached", "default"), "bind": some({"propagation": of("rslave", "private")}, 1)}, 4,
        ("type", "source", "target")),
        some({"type": of("tmpfs"), "target": TARGET, "tmpfs": some({"size": mostly(raw("1048576", "0"), "64M",
        Raw("-1"))}, 1)}, 2, ("type", "target")),
    ),
    "nope:/x", "", ":", "a:b:c:d", "data:", "data:/x:what", {"type": "volume"}, {"type": "bind", "target": "/x"},
    {"source": "data", "target": "/x"},
    {"type": "x", "target": "/x"}, {"type": "tmpfs", "source": "a", "target": "/t"},
    {"type": "volume", "target": "/v", "bind": {}}, Raw("1"), "data:rel",
    {"type": "bind", "source": "/s", "target": "/u", "volume": {"nocopy": Raw("true")}}, "/srv:/srv2:nocopy",
    "data:/e:rslave", {"type": "cluster", "source": "data", "target": "/cl"},
    {"type": "npipe", "source": "\\\\.\\pipe\\a", "target": "\\\\.\\pipe\\a"}, "c:\\a:d:\\b",
    {"type": "volume", "source": "data", "target": "/q", "read_only": "x"},
)  # fmt: skip
MODE = mostly(raw("0440", "0400", "292", "0444"), "0440", Raw("0"), Raw("99999"), "x", Raw("-1"))
REFERENCE = mostly(
    either(of("one", "two"), some({"source": of("one", "two"), "target": of("/f", "g", "/h/i"),
    "uid": of("0", "1000"), "gid": of("33"), "mode": MODE}, 4, ("source",))),
    "nope", "", {"target": "/x"}, {"source": "one", "uid": Raw("5")}, {"source": "one", "owner": "x"}, Raw("1"),
    {"source": "one", "uid": "me"},
)  # fmt: skip
ATTACHMENT = either(
    of(Raw("null"), {}),
    some({"aliases": many(mostly(WORD, Raw("1"), "")), "driver_opts": OPTIONS, "ipv4_address": of("10.0.0.9")}, 2),
)
NETWORKS = either(
    many(mostly(of("default", "front", "back", "out"), "nope", "", "front", Raw("1"))),
    table(mostly(of("default", "front", "back", "out"), "nope", "a b"), ATTACHMENT, 2),
)
HEALTH = some(
    {
        "test": mostly(either(lambda chance: ["CMD", *many(TEXT, 2)(chance)],
        of("curl -f x", ["NONE"], ["CMD-SHELL", "a b"])), [], "", ["a"], Raw("1"), Raw("null")),
        "interval": SPAN, "timeout": SPAN, "start_period": SPAN, "retries": COUNT, "disable": FLAG,
    }
)  # fmt: skip
LIMIT = mostly(
    either(raw("1024", "0", "-1"), some({"soft": raw("1", "10"), "hard": raw("10", "20")}, 2, ("soft", "hard"))),
    "10",
    {"soft": Raw("1")},
    "x",
    {},
    Raw("1.5"),
    Raw("null"),
)
SERVICE: dict[str, Values] = {
    "command": COMMAND, "entrypoint": COMMAND, "environment": either(PAIRS, PAIRS,
    table(of("NAME", "NOPE", "B"), either(SCALAR, raw("null", "null")), 3)),
    "env_file": mostly(of("a.env", ["a.env", "b.env"], ["b.env"]), [], "none.env", "", Raw("1"), [{"path": "a.env"}],
    {"a": "b"}),
    "labels": PAIRS, "deploy": mostly(DEPLOY, {}, Raw("null"), [], "x"), "networks": NETWORKS,
    "ports": many(PUBLISHED), "volumes": many(MOUNT), "configs": many(REFERENCE, 2), "secrets": many(REFERENCE, 2),
    "healthcheck": mostly(HEALTH, {}, Raw("null"), {"nope": "x"}),
    "hostname": mostly(of("h", "h-{{.Task.Slot}}", "${NAME}"), "", Raw("1"), "a b"),
    "extra_hosts": either(many(mostly(of("a:10.0.0.1", "b:::1", "c:host-gateway"), "x", "a:b", "")),
    table(WORD, ADDRESS, 2)),
    "dns": either(ADDRESS, many(ADDRESS)), "dns_search": either(WORD, many(WORD)),
    "user": mostly(of("root", "1000:1000", "${NAME}"), Raw("1000"), ""),
    "working_dir": mostly(of("/srv", "/a b"), "rel", Raw("1"), ""), "read_only": FLAG, "init": FLAG, "tty": FLAG,
    "stdin_open": FLAG, "stop_signal": mostly(of("SIGTERM", "INT", "9"), Raw("9"), "NOPE", ""),
    "stop_grace_period": SPAN, "cap_add": many(mostly(of("NET_ADMIN", "cap_chown", "ALL", "SYS_TIME"), "", "nope",
    Raw("1"))), "cap_drop": many(of("ALL", "KILL", "CAP_MKNOD")),
    "sysctls": PAIRS, "ulimits": mostly(table(of("nofile", "nproc", "core"), LIMIT, 2), {"no file": Raw("1")}, []),
    "isolation": mostly(of("default", "process", "hyperv"), "x", ""),
    "credential_spec": mostly(either(of({"file": "a.json"}, {"registry": "a"}, {"config": "one"})), {},
    {"file": "a", "registry": "b"}, {"config": "nope"}, {"x": "y"}, Raw("null")),
    "logging": mostly(some({"driver": of("json-file", "none", "syslog"), "options": OPTIONS}, 2), Raw("null"),
    {"driver": Raw("1")}, {"x": "y"}, {"options": {"max-size": Raw("10")}}),
    "restart": mostly(of("no", "always", "on-failure", "unless-stopped", "on-failure:3"), Raw("no"), "never",
    "on-failure:x", "", "always:3"),
    "depends_on": mostly(many(of("web", "db"), 2), ["nope"], {"db": {"condition": "service_started"}}, "db", []),
    "stop": SCALAR, "container_name": WORD, "expose": of(["80"], [Raw("81")], "80"), "privileged": FLAG,
    "links": of(["db"], "db"), "build": of(".", {"context": "."}), "tmpfs": of("/t", ["/t"]),
    "devices": of(["/dev/null:/dev/null"]), "security_opt": of(["a:b"]), "network_mode": of("host", "none"),
    "pid": of("host"), "shm_size": SIZE, "x-note": SCALAR, "domainname": of("a.b"), "userns_mode": of("host"),
    "cpu_quota": raw("5"), "volume_driver": of("local"), "extends": of({"service": "db"}), "mem_limit": of("64M"),
    "platform": of("linux/amd64"), "pull_policy": of("always"), "group_add": of(["a"]), "oom_score_adj": raw("5"),
}  # fmt: skip
RARE = (
    "stop",
    "cpu_quota",
    "volume_driver",
    "extends",
    "mem_limit",
    "platform",
    "pull_policy",
    "group_add",
    "oom_score_adj",
)
USUAL = {key: values for key, values in SERVICE.items() if key not in RARE}
IMAGE = mostly(
    of("busybox", "a/b:1", "repo.example.com:5000/a:${TAG}", "${NAME}", f"a@sha256:{'0' * 64}"),
    "A",
    "a b",
    "",
    Raw("1"),
    Raw("null"),
    "docker.io/library/a",
    "0" * 64,
)
NETWORK = mostly(
    some(
        {
            "name": mostly(of("net-@N@", "${NAME}-@N@"), "net @N@", "", Raw("@N@")),
            "driver": mostly(of("overlay"), "bridge", "weave", "", "Overlay"), "driver_opts": OPTIONS,
            "attachable": FLAG, "internal": FLAG, "labels": PAIRS,
            "ipam": mostly(of({"driver": "default"}, {"config": [{"subnet": "@NET@/28"}]}, {}), {"config": []},
            {"config": [{}]}, {"config": [{"subnet": "x"}]}, {"options": {"a": "b"}},
            {"config": [{"subnet": "@NET@/28", "gateway": "@NET@"}]}),
            "x-note": SCALAR,
        }
    ),
    Raw("null"), {}, [], {"external": Raw("true"), "driver": "overlay"}, {"nope": "x"}, {"enable_ipv6": Raw("true")},
)  # fmt: skip
VOLUME = mostly(
    some({"name": of("vol-@N@", "${NAME}-@N@"), "driver": of("local", "nfs"), "driver_opts": OPTIONS,
    "labels": PAIRS, "x-note": SCALAR}),
    Raw("null"), {}, {"external": Raw("true")}, {"external": {"name": "there"}},
    {"external": Raw("true"), "driver": "local"}, [], {"nope": "x"}, {"external": Raw("false")},
    {"external": Raw("true"), "name": "there"},
    {"external": {"name": "a"}, "name": "b"},
)  # fmt: skip


def held(section: str) -> Values:
    """A config or a secret."""
    own, there = f"{section}-@N@", f"orac-{section}"
    name = of(*(f"{own}-{number}" for number in range(9)))
    return mostly(
    either(
        some({"file": of("one.txt", "two.txt", "./sub/three.bin"), "labels": PAIRS, "name": name,
        "template_driver": of("golang"), "x-note": SCALAR}, 3, ("file",)),
        of({"external": Raw("true"), "name": there}, {"external": {"name": there}}),
    ),
    {}, Raw("null"), {"file": "none.txt"}, {"external": Raw("true")}, {"content": "text"}, {"environment": "NAME"},
    {"file": "one.txt", "external": Raw("true")}, {"file": ""}, {"file": Raw("1")}, {"name": own},
    {"external": Raw("true"), "labels": {"a": "b"}, "name": there}, {"file": "one.txt", "name": "a b"},
    {"file": "one.txt", "external": Raw("false")}, {"file": "empty.txt"},
)  # fmt: skip


SECTIONS = {
    "networks": ("front", "back", "out"),
    "volumes": ("data", "more"),
    "configs": ("one", "two"),
    "secrets": ("one", "two"),
}
KINDS = {"networks": NETWORK, "volumes": VOLUME, "configs": held("config"), "secrets": held("secret")}
VERSION = mostly(of(None, None, None, "3.9", "3.13", "3"), "2", "3.14", Raw("3.9"), Raw("3"), "", "x")
FILES = {
    "a.env": b"A=1\nB= two \n# c\nNAME\nNOPE\nQ='x'\nL=${NAME}\n\nB=again\n", "b.env": b"B=b\n  C=d=e\r\nEMPTY\n",
    "one.txt": b"one\n", "two.txt": b"{{ .Service.Name }}\n",
    "sub/three.bin": bytes(range(256)), "empty.txt": b"",
}  # fmt: skip


def _file(chance: Random, first: bool, version: Any) -> dict[str, Any]:
    """One file of a stack. The first one has all that any may name."""
    file: dict[str, Any] = {} if version is None else {"version": version}
    services = {}
    for name in chance.sample(("web", "db", "UP_1"), chance.randint(1, 2)):
        service = some(SERVICE if chance.randrange(20) == 0 else USUAL, 7)(chance)
        services[name] = service | ({"image": IMAGE(chance)} if first or chance.randrange(6) else {})
    file["services"] = services
    for section, keys in SECTIONS.items():
        desired = keys if first and chance.randrange(40) else chance.sample(keys, chance.randint(0, 1))
        if desired:
            file[section] = {key: KINDS[section](chance) for key in desired}
    if not chance.randrange(30):
        file |= chance.choice(({"x-top": "a"}, {"nope": "x"}, {"name": "a"}, {"include": ["a.yml"]}))
    return file


def generated(first: int, count: int) -> list[Case]:
    """So many cases, each by its seed."""
    return [_case(seed) for seed in range(first, first + count)]


def _case(seed: int) -> Case:
    chance = Random(seed)
    version = VERSION(chance)
    names = ("compose.yml", "more.yml", "last.yml")[: chance.choice((1, 1, 1, 2, 2, 3))]
    files = {name: _own(written(_file(chance, name == "compose.yml", version)), seed).encode() for name in names}
    return Case(f"g{seed}", {**FILES, **files}, names)


def _own(text: str, seed: int) -> str:
    """The text with what belongs to this file alone, of a thousand that follow each other."""
    number = seed % 1000
    text = re.sub("@P([0-9]+)@", lambda port: str(FIRST_PORT + number * PORTS + int(port[1])), text)
    return text.replace("@NET@", f"10.211.{number // 16}.{number % 16 * 16}").replace("@N@", f"{seed}")
