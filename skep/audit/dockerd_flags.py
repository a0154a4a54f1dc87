"""What an engine was started with: settings that are no part of its daemon.json."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from testinfra.host import Host as Remote

from skep.verify.check import NotSeen

SWITCHES = ("debug", "experimental", "icc", "iptables", "no-new-privileges", "tlsverify", "userland-proxy")
LISTS = {
    "authorization-plugins": "--authorization-plugin",
    "default-ulimits": "--default-ulimit",
    "hosts": "--host",
    "insecure-registries": "--insecure-registry",
    "storage-opts": "--storage-opt",
}
"""What daemon.json has as one list is a flag each."""
SHORT = {"debug": "-D", "hosts": "-H", "log-level": "-l", "storage-driver": "-s"}
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


def given(words: Sequence[str], key: str) -> list[tuple[str, str]]:
    """Each flag for a key of daemon.json, as it stands there, with its value."""
    names, short = flags(key), SHORT.get(key, " ")
    found = []
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name in names and (equals or key in SWITCHES):
            found.append((word, value if equals else "true"))
        elif name in names:
            found.append((f"{word} {after}", after))
        elif word.startswith(short):
            found.append((word, word.removeprefix(short)))
    return found


def flag(words: Sequence[str], key: str) -> object:
    """What a key of daemon.json was set to by flags, of the kind it has there; ``None`` where by none."""
    values = [value for _, value in given(words, key)]
    if not values:
        return None
    if key in SWITCHES:
        return values[-1].lower() in TRUE
    return values if key in LISTS else values[-1]
