"""The benchmark's sections 1 and 3: the host, and the engine's files on it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from testinfra.host import Host as Remote

from skep.audit.commands import root_of
from skep.audit.controls import Control
from skep.audit.daemon_json import daemon_json
from skep.audit.dockerd_flags import command_line, flag
from skep.audit.marking import looked, rules
from skep.model import Host
from skep.shell import quoted
from skep.verify.ask import Ask
from skep.verify.check import Wrong
from skep.verify.plugin import Found

LOOSE = 0o777
LINKS = {"/var/run/": "/run/", "/bin/": "/usr/bin/", "/sbin/": "/usr/sbin/", "/lib/": "/usr/lib/"}


@rules("watch")
def test_watched(host: Remote, desired: Host, rule: Control, ask: Ask, found: Found) -> None:
    """auditd records what is done to the engine's files"""
    (path, *_) = _there(host, root_of(host, desired, ask), rule.watch)
    remedy = f"echo '-w {path} -p wa -k docker' >> /etc/audit/rules.d/docker.rules && augenrules --load"
    if not host.exists("auditctl"):
        found("command -v auditctl", "nothing")
        text = f"{desired.name} has no auditd, so nobody records what is done to {path}"
        install = "apt-get install -y auditd" if host.exists("apt-get") else "dnf -y install audit"
        raise Wrong(text, f"{install} && {remedy}")
    watched = looked(host, found, "auditctl -l", may_end=(0, 1, 255))
    if not any(_one_name(path) in map(_one_name, (word, word.partition("=")[2])) for word in watched.split()):
        raise Wrong(f"auditd on {desired.name} has no rule for {path}", remedy)


@rules("owner")
def test_owner(host: Remote, desired: Host, rule: Control, ask: Ask, found: Found) -> None:
    """the engine's files belong to whom they should"""
    wrong = []
    for path in _there(host, root_of(host, desired, ask), rule.path):
        file = host.file(path)
        owner = f"{file.user}:{file.group}"
        found(f"stat --format %U:%G {path}", owner)
        wrong += [path] if owner != rule.owner else []
    if wrong:
        said = f"{', '.join(wrong)} on {desired.name} should belong to {rule.owner}"
        raise Wrong(said, f"chown {rule.owner} {quoted(*wrong)}")


@rules("mode")
def test_mode(host: Remote, desired: Host, rule: Control, ask: Ask, found: Found) -> None:
    """the engine's files can be read and written by no more than they should"""
    most = int(rule.mode, 8)
    wrong: dict[int, list[str]] = {}
    for path in _there(host, root_of(host, desired, ask), rule.path):
        mode = int(host.file(path).mode) & LOOSE
        found(f"stat --format %a {path}", f"{mode:o}")
        if mode & ~most:
            wrong.setdefault(mode & most, []).append(path)
    if wrong:
        named = ", ".join(path for paths in wrong.values() for path in paths)
        raise Wrong(
            f"{named} on {desired.name} should have mode {rule.mode} or less",
            " && ".join(f"chmod {mode:o} {quoted(*paths)}" for mode, paths in wrong.items()),
        )


@rules("show")
def test_shown(host: Remote, rule: Control, found: Found) -> None:
    """a person judges"""
    looked(host, found, rule.show, may_end=range(256))


@rules("why_not")
def test_not_applicable(rule: Control) -> None:
    """it applies to no swarm"""
    pytest.skip(rule.why_not)


def _one_name(path: str) -> str:
    """A file may be named through the folders that distributions keep as links."""
    for link, folder in LINKS.items():
        if path.startswith(link):
            return folder + path.removeprefix(link)
    return path


def _there(host: Remote, root: str, path: str) -> Sequence[str]:
    return _files(host, root, path) or pytest.skip(_missing(*path.partition(":")[::2]))


def _missing(kind: str, name: str) -> str:
    if kind == "daemon":
        return f"neither daemon.json nor the command line of dockerd names a {name}"
    return "there is no folder with the engine's data" if kind == "root" else f"there is no {name or kind}"


def _files(host: Remote, root: str, path: str) -> list[str]:
    """The files that are there."""
    kind, _, name = path.partition(":")
    if kind == "root":
        path = root
    elif kind == "unit":
        path = str(host.service(name).systemd_properties.get("FragmentPath") or "")
    elif kind == "cmd":
        path = str(host.run("command -v %s", name).stdout).strip()
    elif kind == "daemon":
        path = str(flag(command_line(host), name) or daemon_json(host).get(name) or "")
    if "*" in path:
        return sorted(str(host.run(f"ls -d {path} 2>/dev/null").stdout).splitlines())
    return [path] if path and host.file(path).exists else []
