"""The benchmark's section 2: how the engine is set up, by what it says of itself and by its daemon.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from testinfra.host import Host as Remote

from skep.audit.commands import info_of, root_of
from skep.audit.controls import Control
from skep.audit.daemon_json import FILE, daemon_json
from skep.audit.dockerd_flags import LISTS, command_line, flag, flags, given
from skep.audit.marking import in_words, looked, rules
from skep.dataclass import dataclass
from skep.json_types import items, mapping, texts
from skep.model import Host
from skep.shell import quoted
from skep.verify.ask import Ask
from skep.verify.check import Wrong
from skep.verify.plugin import Found

LOCAL_LOGS = ("json-file", "local", "journald", "none", "db")
LOCAL = ("unix://", "fd://", "npipe://")
NO_DEBUG = "take daemon.debug out of the inventory, then: invoke cluster.up"
"""Beside it no level counts."""
DRAINED = "drain the node, then"
"""A restart ends all tasks there, and nobody has them elsewhere before."""
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
    keys: list[str] = field(default_factory=list)
    """Of daemon.json that were looked at."""

    def setting(self, key: str) -> object:
        """What dockerd was started with, or daemon.json has under a key, kept as evidence."""
        self.keys.append(key)
        value = flag(self.words, key)
        if value is not None:
            self.found(
                f"tr '\\0' '\\n' < /proc/$(pidof dockerd)/cmdline | grep -A1 -e {flags(key)[0]}", in_words(value)
            )
            return [*value, *items(self.file.get(key))] if isinstance(value, list) else value
        value = self.file.get(key)
        self.found(f"grep {key} {FILE}", in_words(value))
        return value

    def said(self, name: str, key: str, words: Callable[[object], str] = in_words) -> object:
        """What the engine answers, kept as evidence in words, of what it has under a key of daemon.json."""
        self.keys.append(key)
        value = self.info.get(name)
        self.found(f"docker info --format '{{{{json .{name}}}}}'", words(value))
        return value

    def flags(self, said: str) -> list[str]:
        """The flags that set what was looked at; of those that may stand there several times the ones in ``said``."""
        return [one for key in self.keys for one, value in given(self.words, key) if key not in LISTS or value in said]


@rules("daemon")
def test_daemon(host: Remote, desired: Host, rule: Control, ask: Ask, found: Found) -> None:
    """the engine is set up as it should be"""
    info = mapping(info_of(host, ask))
    root = root_of(host, desired, ask)
    engine = Engine(info, daemon_json(host), host, root, found, command_line(host))
    said = LOOKS[rule.daemon](engine)
    if said:
        by = engine.flags(said)
        shown = f" ({' '.join(by)} of docker.service)" if by else ""
        raise Wrong(f"{said}{shown} on {desired.name}", _remedy(rule, engine, desired, by))


def _remedy(rule: Control, engine: Engine, desired: Host, by: Sequence[str]) -> str:
    """Where a setting stands decides how it is changed: on a command line, in the inventory, or in the file alone, of
    which skep leaves keys that are not the inventory's as they are."""
    remedy = NO_DEBUG if engine.keys == ["debug"] else rule.remedy
    adds = remedy.startswith("write ")
    if by:
        options = " ".join(quoted(one) if " " not in one else one for one in by)
        away = f"take {options} out of docker.service (systemctl cat docker.service shows where it stands)"
        if adds:
            return f"on {desired.name}, {away} and type: systemctl daemon-reload; then {remedy}"
        return f"{away}, {DRAINED}: systemctl daemon-reload && systemctl restart docker"
    foreign = [key for key in engine.keys if key in engine.file and key not in desired.daemon]
    if foreign and not adds:
        return f"take {' and '.join(foreign)} out of {FILE}, {DRAINED}: systemctl restart docker"
    return remedy


def _partition(engine: Engine) -> str:
    mounted = str(engine.host.run("findmnt --noheadings --output TARGET --target %s", engine.root).stdout).strip()
    engine.found(f"findmnt --noheadings --output TARGET --target {engine.root}", mounted)
    return "" if mounted not in ("", "/", "/var") else f"{engine.root} lies on the file system of {mounted or '/'}"


def _sshd(engine: Engine) -> str:
    return "a container runs an sshd" if looked(engine.host, engine.found, SSHD) else ""


def _insecure(engine: Engine) -> str:
    return _without_tls(engine.said("RegistryConfig", "insecure-registries", lambda one: _without_tls(one) or "none"))


def _without_tls(registries: object) -> str:
    known = mapping(mapping(registries).get("IndexConfigs"))
    named = [name for name, one in known.items() if mapping(one).get("Secure") is False]
    ranges = texts(mapping(registries).get("InsecureRegistryCIDRs"))
    found = [*named, *(one for one in ranges if one not in ("127.0.0.0/8", "::1/128"))]
    return f"registries without TLS: {', '.join(found)}" if found else ""


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


def _userns(engine: Engine) -> str:
    options = texts(engine.said("SecurityOptions", "userns-remap"))
    return "" if "name=userns" in options else "root in a container is root on the host"


def _seccomp(engine: Engine) -> str:
    """An engine whose profile is ``unconfined`` lists seccomp all the same."""
    options = texts(engine.said("SecurityOptions", "seccomp-profile"))
    confining = [one for one in options if one.startswith("name=seccomp") and not one.endswith("=unconfined")]
    return "" if confining else "seccomp confines no container"


def _off(key: str, wrong: str) -> Callable[[Engine], str]:
    return lambda engine: "" if engine.setting(key) is False else wrong


def _unset(key: str, wrong: str) -> Callable[[Engine], str]:
    return lambda engine: wrong if engine.setting(key) else ""


def _driver(name: str) -> Callable[[Engine], str]:
    return lambda engine: f"images are kept by {name}" if engine.said("Driver", "storage-driver") == name else ""


def _logs(engine: Engine) -> str:
    driver = engine.said("LoggingDriver", "log-driver")
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
    "userns": _userns,
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
    "seccomp": _seccomp,
    "experimental": lambda engine: (
        "experimental features are on" if engine.said("ExperimentalBuild", "experimental") is True else ""
    ),
}
"""What is wrong, by the name that a control has for it."""
