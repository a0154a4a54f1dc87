"""What ssh_config says, read as OpenSSH reads it: the way to a host with the user and port that are in force."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import paramiko
from fabric import Connection
from paramiko.ssh_exception import ConfigParseError

from skep.errors import ConnectError

USUAL = ("~/.ssh/config", "/etc/ssh/ssh_config")
"""Read where the inventory names no file; what the first says holds."""

JUMP, COMMAND = "proxyjump", "proxycommand"

NAMES = {JUMP: "ProxyJump", COMMAND: "ProxyCommand"}

_ADDRESS = re.compile(
    r"(?:(?P<user>[^/]+)@)?(?:\[(?P<ipv6>[^][@/\s]+)\]|(?P<host>[^][@:/\s]+))(?::(?P<port>[0-9]{1,5}))?"
)


class Rules(paramiko.SSHConfig):
    """The settings of one or several files. Ways to a host are left as they are written: paramiko would put
    ssh_config's own user and port into them, which may not be in force."""

    TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012
        key: tokens for key, tokens in paramiko.SSHConfig.TOKENS_BY_CONFIG_KEY.items() if key not in (JUMP, COMMAND)
    }


def rules(file: Path | None) -> Rules:
    """The settings in a file, or in the usual ones that can be read. Raises ``ConnectError``."""
    found = Rules()
    for path in [file] if file else [Path(usual).expanduser() for usual in USUAL]:
        number = 0

        def lines(text: str) -> Iterator[str]:
            nonlocal number
            for line in text.split("\n"):
                number += 1
                yield line

        try:
            found.parse(lines(path.read_text("utf-8", "surrogateescape")))
        except OSError as error:
            if file:
                raise unusable(file, error.strerror or str(error)) from None
        except (ConfigParseError, ValueError):
            raise unusable(f"{path}:{number}", "this line cannot be understood") from None
    return found


def unusable(place: Path | str | None, why: str) -> ConnectError:
    """The failure that names the file."""
    return ConnectError(
        "ssh_config cannot be used",
        step="connect",
        cause=f"{place or ' or '.join(USUAL)}: {why}",
        next_action="mend it, or name another file as ssh.config in the inventory",
    )


def way(connection: Connection, file: Path | None) -> tuple[str, str] | None:
    """The host's ``JUMP`` or ``COMMAND``, whichever stands first, and its value; ``None`` for neither, and for none.

    Raises ``ConnectError`` where the value holds a token that it may not.
    """
    kind = next((key for key in connection.ssh_config if key in (JUMP, COMMAND)), None)
    value = connection.ssh_config[kind] if kind else None
    if kind is None or value is None or value.lower() == "none":
        return None
    tokens: dict[str, str] = {
        "%": "%",
        "h": connection.host,
        "n": connection.original_host,
        "p": str(connection.port),
        "r": str(connection.user),
    }

    def token(found: re.Match[str]) -> str:
        if found[1] not in tokens:
            raise unusable(file, f"{NAMES[kind]} holds {found[0]}; there are %h, %n, %p, %r and %%")
        return tokens[found[1]]

    return kind, re.sub("%(.?)", token, value)


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
