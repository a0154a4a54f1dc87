"""The benchmark's section 2: how the engine is set up, by what it says of itself and by its daemon.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from testinfra.host import Host as Remote

from skep.audit.commands import info_of
from skep.audit.controls import Control
from skep.audit.daemon_json import FILE, daemon_json
from skep.audit.dockerd_flags import command_line, flag, flags
from skep.audit.marking import looked, rules
from skep.dataclass import dataclass
from skep.json_types import items, mapping, texts
from skep.model import Host
from skep.verify.ask import Ask
from skep.verify.plugin import Found

LOCAL_LOGS = ("json-file", "local", "journald", "none", "db")
LOCAL = ("unix://", "fd://", "npipe://")
SSHD = "all=$(ps -eo comm=,cgroup=) && printf '%s\\n' \"$all\" | awk '$1 == \"sshd\" && /docker/'"


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of one: its ``info``, its daemon.json, and the host."""

    info: Mapping[str, object]
    file: Mapping[str, object]
    host: Remote
    root: str
    found: Found
    words: Sequence[str]
    """Of the command line that it was started with. Never evidence as a whole: words may hold passwords."""

    def setting(self, key: str) -> object:
        """What dockerd was started with, or daemon.json has under a key, kept as evidence."""
        given = flag(self.words, key)
        if given is not None:
            self.found(
                f"tr '\\0' '\\n' < /proc/$(pidof dockerd)/cmdline | grep -A1 -e {flags(key)[0]}", json.dumps(given)
            )
            return [*given, *items(self.file.get(key))] if isinstance(given, list) else given
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
    info = mapping(info_of(host, ask))
    engine = Engine(info, daemon_json(host), host, desired.data_root, found, command_line(host))
    said = LOOKS[rule.daemon](engine)
    assert not said, f"{said} on {desired.name}"


def _partition(engine: Engine) -> str:
    mounted = str(engine.host.run("findmnt --noheadings --output TARGET --target %s", engine.root).stdout).strip()
    engine.found(f"findmnt --noheadings --output TARGET --target {engine.root}", mounted)
    return "" if mounted not in ("", "/", "/var") else f"{engine.root} lies on the file system of {mounted or '/'}"


def _sshd(engine: Engine) -> str:
    return "a container runs an sshd" if looked(engine.host, engine.found, SSHD) else ""


def _insecure(engine: Engine) -> str:
    registries = mapping(engine.said("RegistryConfig"))
    known = mapping(registries.get("IndexConfigs"))
    named = [name for name, one in known.items() if mapping(one).get("Secure") is False]
    ranges = [one for one in texts(registries.get("InsecureRegistryCIDRs")) if one not in ("127.0.0.0/8", "::1/128")]
    return f"registries without TLS: {', '.join([*named, *ranges])}" if named or ranges else ""


def _tls(engine: Engine) -> str:
    """An address without a scheme is one of TCP; ``--tlsverify=false`` is TLS that checks nobody."""
    open_to = [one for one in texts(engine.setting("hosts")) if not one.startswith(LOCAL)]
    checked = engine.setting("tlsverify") is True
    return f"{', '.join(open_to)} is open to anybody, who is root then" if open_to and not checked else ""


def _log_level(engine: Engine) -> str:
    level = "debug" if engine.setting("debug") is True else engine.setting("log-level")
    return "" if level in (None, "info") else f"the engine logs at level {level}"


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
    "log-level": _log_level,
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
