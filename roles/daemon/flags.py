"""What docker.service passes to dockerd: an option that stands there and in daemon.json keeps the engine from starting.

Source: moby, daemon/config: findConfigurationConflicts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

_SHORT = {
    "-D": "--debug", "-G": "--group", "-H": "--host", "-b": "--bridge", "-l": "--log-level", "-p": "--pidfile",
    "-s": "--storage-driver",
}  # fmt: skip
_LISTS = {
    "--host": "hosts", "--label": "labels", "--registry-mirror": "registry-mirrors",
    "--insecure-registry": "insecure-registries", "--dns-opt": "dns-opts", "--exec-opt": "exec-opts",
    "--log-opt": "log-opts", "--storage-opt": "storage-opts", "--authorization-plugin": "authorization-plugins",
    "--default-ulimit": "default-ulimits", "--node-generic-resource": "node-generic-resources",
    "--cdi-spec-dir": "cdi-spec-dirs", "--feature": "features", "--default-network-opt": "default-network-opts",
}  # fmt: skip
"""Options whose key of daemon.json has another name."""
_BOTH = ("config-file", "add-runtime", "default-address-pool")
"""Options that dockerd takes beside the file's."""
CONFIG_FILE = "--config-file"


def read(lines: Iterable[str]) -> tuple[dict[str, str], str | None]:
    """From what ``probe.sh`` prints: key of daemon.json → the option as it stands in the unit; and the file that
    dockerd is to read, where one is named."""
    words: list[str] = []
    variables: dict[str, str] = {}
    for line in lines:
        kind, _, text = line.removeprefix("-- ").partition(" ")
        if kind == "flags":
            words = text.split()
        elif kind == "env":
            name, _, value = text.partition(" ")
            variables[name] = value
    return _options(_expanded(words, variables))


def _expanded(words: Iterable[str], variables: Mapping[str, str]) -> list[str]:
    """As systemd does: ``$NAME`` becomes words of its own."""
    found: list[str] = []
    for word in words:
        name = re.fullmatch(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", word)
        if name is None:
            found.append(word)
            continue
        value = variables.get(name.group(1), "")
        try:
            found += [part for one in shlex.split(value) for part in one.split()]
        except ValueError:
            found += value.split()
    return found[1:]


def _options(words: list[str]) -> tuple[dict[str, str], str | None]:
    keys: dict[str, str] = {}
    config = None
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if not word.startswith("-") or word == "-":
            continue
        option, given, value = word.partition("=")
        if not word.startswith("--"):
            option, given, value = word[:2], word[2:], word[2:].lstrip("=")
        full = _SHORT.get(option, option)
        if full == CONFIG_FILE:
            config = value if given else following
        elif full.removeprefix("--") not in _BOTH:
            keys[_LISTS.get(full, full.removeprefix("--"))] = option
    return keys, config


def in_both(flags: Mapping[str, str], file: Mapping[str, object]) -> list[str]:
    """The keys of daemon.json, sorted, that the unit passes, too."""
    proxies = file.get("proxies")
    nested = set(proxies) if isinstance(proxies, Mapping) else set()
    return sorted(set(flags) & ({*file} | nested))
