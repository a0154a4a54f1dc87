"""How to log in: users, keys, gateways."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from skep.inventory.checks.addresses import address_problem
from skep.inventory.checks.sections import sections
from skep.inventory.gateways import MOST, jumps
from skep.inventory.merging import MergedHost
from skep.inventory.value_references import Surroundings, located
from skep.kinds.files import SETTING_WITHOUT_EFFECT
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?")
_SETTING = re.compile(r"(\w+)(?:\s*=\s*|\s+)(.+)")
_GATEWAY = re.compile(r"((?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:]*)(:(?P<port>[0-9]+))?")


def is_user(text: str) -> bool:
    """Whether a text can be the name of a login user, also one of a domain."""
    return bool(_USER.fullmatch(text))


def check_ssh(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note unusable users, keys and gateways, and gateways that lead round in a circle."""
    for path, given in sections(file, "ssh"):
        _check_section(path, given, findings)
    chains = {host.name: host.ssh.get("gateway", []) for host in hosts}
    for host in hosts:
        if jumps(host.name, chains) is None:
            place: KeyPath = ("hosts", host.name, "ssh", "gateway")
            if place not in findings.places:
                place = ("hosts", host.name)
            message = f"the way to '{host.name}' through its gateways goes round in a circle, or over more than {MOST}"
            findings.error(place, message)


def check_ssh_files(file: Fields, findings: Findings, surroundings: Surroundings) -> None:
    """Note an ssh_config that is not there or malformed, and known host keys that cannot be read."""
    for path, given in sections(file, "ssh"):
        for name in ("config", "known-hosts"):
            if given.get(name):
                place = (*path, name)
                problem = _file_problem(name, located(given[name], surroundings))
                if problem:
                    findings.error(place, f"{findings.written(place, given[name])} cannot be used: {problem}")


def _file_problem(name: str, file: Path) -> str | None:
    """What is wrong with it. A file of known host keys is made where it is missing; all its lines are optional."""
    try:
        text = file.read_text("utf-8", "surrogateescape")
    except FileNotFoundError as error:
        return error.strerror if name == "config" else None
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "not a usable path"
    wrong = (number for number, line in enumerate(text.split("\n"), 1) if not _is_setting(line.strip()))
    line = next(wrong, None) if name == "config" else None
    return f"its line {line} cannot be understood" if line else None


def _is_setting(line: str) -> bool:
    """Whether a line may stand in ssh_config. What one holds is not repeated: the file might be another."""
    if not line or line.startswith("#"):
        return True
    found = _SETTING.match(line)
    try:
        return found is not None and bool(shlex.split(found[2], comments=True))
    except ValueError:
        return False


def _check_section(path: KeyPath, given: Fields, findings: Findings) -> None:
    user = given.get("user")
    if user is not None and not is_user(user):
        place = (*path, "user")
        findings.error(place, f"{findings.written(place, user)} is not a user name")
    if given.get("key", "").endswith(".pub"):
        findings.error((*path, "key"), "this is the public key: name the private one, without .pub")
    for name in ("key", "config", "known-hosts"):
        if given.get(name) == "":
            findings.error((*path, name), "is empty: name a file")
    if given.get("connect-timeout") == 0:
        findings.error((*path, "connect-timeout"), "must be more than 0")
    if given.get("sudo") is False and "sudo-password" in given:
        findings.warn(SETTING_WITHOUT_EFFECT, (*path, "sudo-password"), "has no effect where sudo is false")
    for index, gateway in enumerate(given.get("gateway", ())):
        place = (*path, "gateway", index)
        if place not in findings.places:
            place = (*path, "gateway")
        problem = _gateway_problem(gateway)
        if problem:
            findings.error(place, problem)


def _gateway_problem(gateway: str) -> str | None:
    """What is wrong with ``user@host:port``. The text is not repeated: it might hold a password."""
    match = _GATEWAY.fullmatch(gateway)
    user = match.group("user") if match else None
    if user is not None and ":" in user:
        return "a gateway's password does not belong in the file: use a key, the agent or ssh_config"
    if not match or (user is not None and not is_user(user)):
        return "must be user@host:port, or the name of a host of this file"
    host = match.group("host")
    problem = address_problem(host[1:-1] if host.startswith("[") else host)
    if problem:
        return f"the gateway's address {problem}"
    port = match.group("port")
    if port is not None and not 1 <= int(port[:6]) <= 65535:
        return "the gateway's port must be from 1 to 65535"
    return None
