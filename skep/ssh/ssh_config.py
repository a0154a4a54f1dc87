"""What ssh_config says of a host. OpenSSH's own ``ssh -G`` is asked; where it is not installed, the files are read
here, and what cannot be understood is refused."""

from __future__ import annotations

import getpass
import os
import pwd
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

import paramiko
from paramiko.ssh_exception import ConfigParseError

from skep.dataclass import dataclass
from skep.files import user_path
from skep.model import Access
from skep.ssh.config_files import IRRELEVANT, USUAL, Line, lines, not_understood
from skep.ssh.programs import ask, unusable

JUMP, COMMAND = "proxyjump", "proxycommand"

NAMES = {JUMP: "ProxyJump", COMMAND: "ProxyCommand"}

KEYS = ("id_rsa", "id_ecdsa", "id_ed25519")
"""Files in ~/.ssh that are tried where ssh_config names none."""

_ADDRESS = re.compile(
    r"(?:(?P<user>[^/]+)@)?(?:\[(?P<ipv6>[^][@/\s]+)\]|(?P<host>[^][@:/\s]+))(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force for one address: the inventory's word, then ssh_config's, then OpenSSH's defaults."""

    address: str
    """As the inventory has it."""
    host: str
    """Where that leads (``HostName``)."""
    port: int
    user: str
    identity_files: tuple[str, ...]
    identities_only: bool = False
    identity_agent: str | None = None
    """Socket of the agent, ``none`` for no agent; ``None`` for the one in ``SSH_AUTH_SOCK``."""
    way: tuple[str, str] | None = None
    """``JUMP`` or ``COMMAND``, and its value with its tokens replaced."""
    host_key_alias: str | None = None
    host_key_algorithms: tuple[str, ...] = ()
    """Names in the order they are asked for; none for the usual ones."""
    user_known_hosts: tuple[str, ...] = ()
    global_known_hosts: tuple[str, ...] = ()
    revoked_host_keys: tuple[str, ...] = ()
    check_host_ip: bool = False
    known_hosts_command: str | None = None
    tokens: tuple[tuple[str, str], ...] = ()
    """What stands for ``%h`` and its like in that command."""


def settings(address: str, access: Access) -> Settings:
    """What is in force for an address. Raises ``AccessError`` where ssh_config cannot be used."""
    return _settings(address, access.user, access.port, access.config, _stamp(access.config))


def _files(file: Path | None) -> list[Path]:
    return [file] if file else [Path(usual.replace("~", home(), 1)) for usual in USUAL]


def _stamp(file: Path | None) -> tuple[tuple[int, int], ...]:
    """What changes with the files."""
    found = []
    for path in _files(file):
        with suppress(OSError):
            found.append((path.stat().st_mtime_ns, path.stat().st_size))
    return tuple(found)


@lru_cache(maxsize=4096)
def _settings(
    address: str, user: str | None, port: int | None, file: Path | None, _stamp: tuple[tuple[int, int], ...]
) -> Settings:
    given = _resolved(address, user, port, file, _stamp)

    def one(key: str, default: str) -> str:
        return given[key][0] if given.get(key) else default

    def expanded(key: str) -> tuple[str, ...]:
        return tuple(_expanded(word, tokens, file, key) for word in given.get(key, ()) if word.lower() != "none")

    host = one("hostname", address).replace("%h", address)
    try:
        number = port or int(one("port", "22"))
    except ValueError:
        raise unusable(file, f"for {address}: Port {one('port', '')!r} is not a number") from None
    name = user or one("user", getpass.getuser())
    tokens = _tokens(address, host, number, name, one("hostkeyalias", ""))
    algorithms, command = one("hostkeyalgorithms", ""), one("knownhostscommand", "none")
    if one("proxyusefdpass", "no") == "yes":
        raise unusable(file, f"for {address}: ProxyUseFdpass is not possible here")
    return Settings(
        address=address,
        host=host,
        port=number,
        user=name,
        identity_files=expanded("identityfile"),
        identities_only=one("identitiesonly", "no") == "yes",
        identity_agent=_agent(one("identityagent", "SSH_AUTH_SOCK"), tokens, file),
        way=_way(given, tokens, file),
        host_key_alias=one("hostkeyalias", "").lower() or None,
        host_key_algorithms=tuple(algorithms.split(",")) if algorithms[:1].isalnum() else (),
        user_known_hosts=expanded("userknownhostsfile"),
        global_known_hosts=expanded("globalknownhostsfile"),
        revoked_host_keys=expanded("revokedhostkeys"),
        check_host_ip=one("checkhostip", "no") == "yes",
        known_hosts_command=None if command.lower() == "none" else command,
        tokens=tuple(tokens.items()),
    )


def _resolved(
    address: str, user: str | None, port: int | None, file: Path | None, stamp: tuple[tuple[int, int], ...]
) -> Mapping[str, Sequence[str]]:
    """Values by keyword in small letters."""
    found, problem = _written(file, stamp)
    if not problem and all(line.keyword == "include" or IRRELEVANT.fullmatch(line.keyword) for line in found):
        return _DEFAULTS
    if ssh := shutil.which("ssh"):
        return {**_DEFAULTS, **_asked(ssh, address, user, port, file)}
    if problem:
        raise unusable(*problem)
    for line in found:
        if why := not_understood(line):
            raise unusable(line.place, why)
    return {**_DEFAULTS, **_read(found, address, user, port, file)}


@lru_cache(maxsize=64)
def _written(file: Path | None, _stamp: tuple[tuple[int, int], ...]) -> tuple[tuple[Line, ...], tuple[str, str] | None]:
    """The lines of the files in force, and where and why they cannot be read here, if so. Raises ``AccessError`` where
    the inventory's own file cannot be read at all."""
    found: list[Line] = []
    for path in _files(file):
        try:
            found += lines(path) if file or path.exists() else ()
        except OSError as error:
            if error.filename == str(file):
                raise unusable(file, error.strerror or str(error)) from None
            return (), (str(error.filename), error.strerror or str(error))
        except ValueError as error:
            return (), (str(error), "this line cannot be understood")
    return tuple(found), None


_DEFAULTS: Mapping[str, Sequence[str]] = {
    "identityfile": [f"~/.ssh/{name}" for name in KEYS],
    "userknownhostsfile": ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"],
    "globalknownhostsfile": ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
}

_LISTS = ("userknownhostsfile", "globalknownhostsfile", "revokedhostkeys")


def _asked(ssh: str, address: str, user: str | None, port: int | None, file: Path | None) -> dict[str, list[str]]:
    """What ``ssh -G`` says."""
    words = [ssh, "-G", "-T"]
    words += ["-F", str(file)] if file else []
    words += ["-l", user] if user else []
    words += ["-p", str(port)] if port else []
    done = ask([*words, "--", address], f"ssh -G {address}, perhaps a Match exec in it,")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[0] if said else f"ssh -G {address} ended with status {done.returncode}"
        raise unusable(None if " line " in why else file or " or ".join(USUAL), why)
    found: dict[str, list[str]] = {}
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key.lower(), []).extend(value.split() if key in _LISTS else [value])
    return found


class _Rules(paramiko.SSHConfig):
    """Settings whose tokens are left as they are written: Paramiko would put ssh_config's own user and port into
    them, which may not be in force."""

    TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012
        key: tokens for key, tokens in paramiko.SSHConfig.TOKENS_BY_CONFIG_KEY.items() if key.startswith("match")
    }


def _read(
    found: Sequence[Line], address: str, user: str | None, port: int | None, file: Path | None
) -> dict[str, list[str]]:
    """What Paramiko reads in the files. As in OpenSSH the first value holds: the inventory's own."""
    rules = _Rules()
    own = [f"user {user}"] * bool(user) + [f"port {port}"] * bool(port)
    try:
        rules.parse([*own, *(f"{line.keyword} {line.value}" for line in found)])
        known = rules.lookup(address)
    except (ConfigParseError, ValueError, LookupError, paramiko.SSHException) as error:
        raise unusable(file, f"for {address}: {error}") from None
    values = {key: value if isinstance(value, list) else [value or "none"] for key, value in known.items()}
    return {
        key: [word for text in texts for word in (text.split() if key in _LISTS else [text])]
        for key, texts in values.items()
    }


def _way(given: Mapping[str, Sequence[str]], tokens: Mapping[str, str], file: Path | None) -> tuple[str, str] | None:
    """The host's way; ``None`` without one, and for none."""
    kind = next((key for key in given if key in (JUMP, COMMAND)), None)
    value = given[kind][0] if kind else "none"
    if kind is None or value.lower() == "none":
        return None
    allowed = {key: tokens[key] for key in "%hnpr"}
    return kind, _replaced(value, allowed, file, NAMES[kind])


def _tokens(address: str, host: str, port: int, user: str, alias: str) -> dict[str, str]:
    here = os.uname().nodename
    return {
        "%": "%", "h": host, "n": address, "p": str(port), "r": user, "k": alias or address,
        "d": home(), "u": getpass.getuser(), "i": str(os.getuid()), "l": here, "L": here.partition(".")[0],
    }  # fmt: skip


def home() -> str:
    """The home folder as OpenSSH sees it, whatever ``HOME`` says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return str(Path.home())


def _expanded(text: str, tokens: Mapping[str, str], file: Path | None, key: str) -> str:
    """A file's name: with ``~``, ``${NAME}`` and ``%h`` and its like replaced."""
    text = re.sub(r"\$\{(\w+)\}", lambda found: os.environ.get(found[1], ""), text)
    text = _replaced(text, tokens, file, key)
    return home() + text[1:] if text.startswith("~/") else str(user_path(text))


def _replaced(text: str, tokens: Mapping[str, str], file: Path | None, key: str) -> str:
    def token(found: re.Match[str]) -> str:
        if found[1] not in tokens:
            known = ", ".join(f"%{name}" for name in sorted(tokens))
            raise unusable(file, f"{key} holds {found[0]}; there are {known}")
        return tokens[found[1]]

    return re.sub("%(.?)", token, text)


def _agent(text: str, tokens: Mapping[str, str], file: Path | None) -> str | None:
    if text == "SSH_AUTH_SOCK":
        return None
    if text.startswith("$") and not text.startswith("${"):
        return os.environ.get(text[1:], "none")
    return text if text == "none" else _expanded(text, tokens, file, "identityagent")


def address(text: str) -> tuple[str | None, str, int | None] | None:
    """User, host and port that ``user@host:port`` or an ``ssh://`` URI names; an IPv6 stands in brackets.

    ``None`` for a text that is neither.
    """
    is_uri = text.startswith("ssh://")
    found = _ADDRESS.fullmatch(text.removeprefix("ssh://").removesuffix("/") if is_uri else text)
    port = int(found["port"]) if found and found["port"] else None
    if not found or (port is not None and not 1 <= port <= 65535):
        return None
    user = unquote(found["user"]) if is_uri and found["user"] else found["user"]
    return user, found["ipv6"] or found["host"], port
