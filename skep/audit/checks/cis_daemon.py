"""The benchmark's section 2: how the engine is set up, by what it says of itself and by its daemon.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from testinfra.host import Host as Remote

from skep.audit.controls import Control
from skep.audit.daemon_json import FILE, daemon_json
from skep.audit.marking import asked, rules
from skep.dataclass import dataclass
from skep.json_types import items, mapping, texts
from skep.model import Host
from skep.verify.ask import Ask
from skep.verify.plugin import Found

INFO = "timeout 20 docker info --format '{{json .}}'"
LOCAL_LOGS = ("json-file", "local", "journald", "none", "db")
LISTENS = "tr '\\0' '\\n' < /proc/$(pidof dockerd)/cmdline | grep -E -A1 '^(-H|--host|--tls)'"
SSHD = "ps -eo comm=,cgroup= | awk '$1 == \"sshd\" && /docker/'"


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of one: its ``info``, its daemon.json, and the host."""

    info: Mapping[str, object]
    file: Mapping[str, object]
    host: Remote
    root: str
    found: Found

    def setting(self, key: str) -> object:
        """What daemon.json has under a key, kept as evidence."""
        value = self.file.get(key)
        self.found(f"grep {key} {FILE}", "not set" if value is None else json.dumps(value))
        return value

    def said(self, key: str) -> object:
        """What the engine answers, kept as evidence."""
        value = self.info.get(key)
        self.found(f"docker info --format '{{{{json .{key}}}}}'", json.dumps(value))
        return value


@rules("daemon")
def test_daemon(host: Remote, desired: Host, rule: Control, ask: Ask, found: Found) -> None:
    """the engine is set up as it should be"""
    (info,) = asked(ask, host, lambda *_: None, INFO)
    said = LOOKS[rule.daemon](Engine(mapping(info), daemon_json(host), host, desired.data_root, found))
    assert not said, f"{said} on {desired.name}"


def _partition(engine: Engine) -> str:
    mounted = str(engine.host.run("findmnt --noheadings --output TARGET --target %s", engine.root).stdout).strip()
    engine.found(f"findmnt --noheadings --output TARGET --target {engine.root}", mounted)
    return "" if mounted not in ("", "/", "/var") else f"{engine.root} lies on the file system of {mounted or '/'}"


def _sshd(engine: Engine) -> str:
    text = str(engine.host.run(SSHD).stdout).strip()
    engine.found(SSHD, text)
    return "a container runs an sshd" if text else ""


def _insecure(engine: Engine) -> str:
    registries = mapping(engine.said("RegistryConfig"))
    known = mapping(registries.get("IndexConfigs"))
    named = [name for name, one in known.items() if mapping(one).get("Secure") is False]
    ranges = [one for one in texts(registries.get("InsecureRegistryCIDRs")) if one not in ("127.0.0.0/8", "::1/128")]
    return f"registries without TLS: {', '.join([*named, *ranges])}" if named or ranges else ""


def _tls(engine: Engine) -> str:
    unit = engine.host.service("docker.service").systemd_properties
    text = str(engine.host.run("cat %s", f"/proc/{unit.get('MainPID')}/cmdline").stdout)
    command = text.replace("\0", " ").strip()
    engine.found(LISTENS, _listens(text.split("\0")))
    words = [*command.split(), *texts(engine.setting("hosts"))]
    open_to = [word for word in words if "tcp://" in word]
    checked = "--tlsverify" in command or engine.setting("tlsverify") is True
    return f"{', '.join(open_to)} is open to anybody, who is root then" if open_to and not checked else ""


def _listens(words: Sequence[str]) -> str:
    """Where it listens and how it checks who comes: other words may hold passwords."""
    shown = [
        word
        for before, word in pairwise(["", *words])
        if word.startswith(("-H", "--host", "--tls")) or before in ("-H", "--host")
    ]
    return " ".join(shown)


def _ulimits(engine: Engine) -> str:
    engine.setting("default-ulimits")
    return ""


def _security(word: str, wrong: str, *, missing: bool) -> Callable[[Engine], str]:
    def look(engine: Engine) -> str:
        options = texts(engine.said("SecurityOptions"))
        return wrong if any(word in option for option in options) is not missing else ""

    return look


def _off(key: str, wrong: str) -> Callable[[Engine], str]:
    return lambda engine: "" if engine.setting(key) is False else wrong


def _unset(key: str, wrong: str) -> Callable[[Engine], str]:
    return lambda engine: wrong if engine.setting(key) else ""


def _driver(name: str) -> Callable[[Engine], str]:
    return lambda engine: f"images are kept by {name}" if engine.said("Driver") == name else ""


def _logs(engine: Engine) -> str:
    driver = engine.said("LoggingDriver")
    return f"logs stay on the host ({driver})" if driver in LOCAL_LOGS else ""


def _base_size(engine: Engine) -> str:
    changed = [str(one) for one in items(engine.setting("storage-opts")) if "basesize" in str(one)]
    return ", ".join(changed)


LOOKS: Mapping[str, Callable[[Engine], str]] = {
    "partition": _partition,
    "sshd": _sshd,
    "icc": _off("icc", "containers in the default bridge reach each other"),
    "log-level": lambda engine: (
        "" if (level := engine.setting("log-level")) in (None, "info") else f"the engine logs at level {level}"
    ),
    "iptables": lambda engine: "the engine writes no rules" if engine.setting("iptables") is False else "",
    "insecure": _insecure,
    "aufs": _driver("aufs"),
    "devicemapper": _driver("devicemapper"),
    "tls": _tls,
    "ulimits": _ulimits,
    "userns": _security("name=userns", "root in a container is root on the host", missing=True),
    "cgroup": _unset("cgroup-parent", "containers are in another cgroup than the default"),
    "basesize": _base_size,
    "authorization": lambda engine: (
        "" if engine.setting("authorization-plugins") else "whoever reaches the engine may do everything"
    ),
    "logs": _logs,
    "no-new-privileges": lambda engine: (
        "" if engine.setting("no-new-privileges") is True else "containers may gain new privileges"
    ),
    "userland-proxy": _off("userland-proxy", "a proxy process carries each published port"),
    "seccomp": _security("name=seccomp", "seccomp confines no container", missing=True),
    "experimental": lambda engine: "experimental features are on" if engine.said("ExperimentalBuild") is True else "",
}
"""What is wrong, by the name that a control has for it."""
