"""The engine desired."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from skep.inventory.checks.sections import sections
from skep.inventory.merging import MergedHost
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.swarm.image import parts

_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}([+~-][A-Za-z0-9.+~-]{1,40})?|[0-9]{1,4}(\.[0-9]{1,4}){0,2}\.\*")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}")
_VENDOR_ONLY = ("repository", "fingerprint", "channel", "plugins")
_IN_FOLDER = "has no meaning for package files: put theirs into the folder of engine.packages, and leave it out"
_OFTEN = {
    "docker.com": "https://download.docker.com",
    "www.docker.com": "https://download.docker.com",
    "get.docker.com": "https://download.docker.com",
    "hub.docker.com": "https://download.docker.com",
}


def check_engines(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Check each ``engine`` section where it stands, and whether its keys go together on the hosts it is for."""
    for path, given in sections(file, "engine"):
        _check_version(path, given, findings)
        if "repository" in given:
            problem = _address_problem(given["repository"])
            if problem:
                findings.error((*path, "repository"), problem)
        if "fingerprint" in given:
            _check_fingerprint((*path, "fingerprint"), given["fingerprint"], findings)
        names = given.get("plugins", ())
        for index, name in enumerate(names):
            if name in names[:index]:
                findings.error((*path, "plugins", index), f"{name} is in the list twice")
        if "canary" in given:
            _check_canary((*path, "canary"), given["canary"], [host for host in hosts if reaches(path, host)], findings)
        concerned = [host.engine for host in hosts if reaches(path, host)]
        if concerned:
            _check_together(path, given, concerned, findings)


def _check_together(path: KeyPath, given: Fields, concerned: list[dict[str, Any]], findings: Findings) -> None:
    if not any(engine.get("source") == "vendor" for engine in concerned):
        message = "belongs to Docker's own packages: write engine.source: vendor, or leave it out"
        offline = all(engine.get("source") == "offline" for engine in concerned)
        for key in (key for key in _VENDOR_ONLY if key in given):
            findings.error((*path, key), _IN_FOLDER if offline and key == "plugins" else message)
    if given.get("downgrade") and not any("version" in engine for engine in concerned):
        findings.error((*path, "downgrade"), "has no meaning without engine.version: write the one to go back to")
    if "hold" in given and not any("source" in engine for engine in concerned):
        findings.error((*path, "hold"), "has no meaning without engine.source: write where its packages come from")
    elif "hold" in given and all(engine.get("source") == "static" for engine in concerned):
        findings.error((*path, "hold"), "has no meaning for a tarball, which nothing but skep upgrades: leave it out")


def _check_version(path: KeyPath, given: Fields, findings: Findings) -> None:
    version = given.get("version")
    if version is None or _VERSION.fullmatch(version):
        return
    place = (*path, "version")
    hint = ""
    if version.startswith("v") and _VERSION.fullmatch(version[1:]):
        hint = f": write {version[1:]}"
    elif ":" in version and _VERSION.fullmatch(version.partition(":")[2]):
        hint = f": the packages' epoch is found by itself, write {version.partition(':')[2].split('-')[0]}"
    elif version in ("latest", "any", "*", "stable"):
        hint = ": leave it out where any will do"
    elif "*" in version:
        hint = ": a * stands for all parts from one on, such as 26.1.*"
    elif re.search("[<>=^]", version):
        hint = ": there are no ranges, write its first parts"
    findings.error(place, f"must be a version such as 26.1, not {findings.written(place, version)}{hint}")


def _address_problem(text: str) -> str | None:
    """What is wrong with a base URL. It is not repeated: it might hold a password."""
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in text):
        return "must be a base URL such as https://download.docker.com"
    if url.username is not None or url.password is not None:
        return "must not hold a user or password: every user of the host could read them"
    if url.query or url.fragment:
        return "must not hold a query or fragment: the paths of packages are put behind it"
    if url.hostname in _OFTEN:
        return f"is no repository of packages: write {_OFTEN[url.hostname]}, or leave it out"
    below = re.search(r"/linux(/[^/]*)?/?(gpg|dists.*)?$", url.path)
    if below:
        base = text[: len(text) - len(below.group())]
        return f"must be what /linux/debian and the others lie below: write {base}"
    return None


def _check_canary(path: KeyPath, text: str, concerned: list[MergedHost], findings: Findings) -> None:
    found = parts(text)
    if found is None:
        findings.error(path, f"must be an image such as busybox:1.36, not {findings.written(path, text)}")
    elif found[0] != "docker.io":
        findings.error(path, f"must be an image of Docker Hub, such as busybox:1.36: mirrors have none of {found[0]}")
    elif concerned and not any(host.daemon.get("registry-mirrors") for host in concerned):
        findings.error(path, "has no meaning without daemon.registry-mirrors: name them, or leave it out")


def _check_fingerprint(path: KeyPath, text: str, findings: Findings) -> None:
    plain = "".join(text.split()).removeprefix("0x")
    if _FINGERPRINT.fullmatch("".join(text.split())):
        return
    hint = ""
    if re.fullmatch(r"[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}", plain):
        hint = ", not a key id, which others can have, too"
    findings.error(path, f"must be the whole fingerprint of a key, forty digits of 0-9 and A-F{hint}")


def reaches(path: KeyPath, host: MergedHost) -> bool:
    """Whether what a section says holds for a host, unless another one says otherwise."""
    if len(path) == 1:
        return True
    return path[1] == host.name if path[0] == "hosts" else path[1] in host.groups
