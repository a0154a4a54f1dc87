"""What an engine was started with: settings that are no part of its daemon.json."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from testinfra.host import Host as Remote

from skep.verify.check import NotSeen

SWITCHES = ("debug", "icc", "iptables", "no-new-privileges", "tlsverify", "userland-proxy")
LISTS = {
    "authorization-plugins": "--authorization-plugin",
    "default-ulimits": "--default-ulimit",
    "hosts": "--host",
    "storage-opts": "--storage-opt",
}
"""What daemon.json has as one list is a flag each."""
SHORT = {"debug": "-D", "hosts": "-H", "log-level": "-l"}
TRUE = ("1", "t", "true")


def command_line(host: Remote) -> list[str]:
    """The words that dockerd was started with. Raises ``NotSeen`` where it does not run."""
    main = host.service("docker.service").systemd_properties.get("MainPID")
    read = host.run("cat %s", f"/proc/{main}/cmdline")
    if read.rc or not read.stdout:
        raise NotSeen(f"cat /proc/{main}/cmdline: {str(read.stderr).strip() or 'nothing'}")
    return str(read.stdout).strip("\0").split("\0")


def flags(key: str) -> list[str]:
    """Names of the flag for a key of daemon.json."""
    return [LISTS.get(key, f"--{key}"), *([SHORT[key]] if key in SHORT else [])]


def flag(words: Sequence[str], key: str) -> object:
    """What a key of daemon.json was set to by flags, of the kind it has there; ``None`` where by none."""
    names, short = flags(key), SHORT.get(key, " ")
    values = []
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name in names:
            values.append(value if equals else "true" if key in SWITCHES else after)
        elif word.startswith(short):
            values.append(word.removeprefix(short))
    if not values:
        return None
    if key in SWITCHES:
        return values[-1].lower() in TRUE
    return values if key in LISTS else values[-1]
