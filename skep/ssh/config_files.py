"""The lines of ssh_config files, and which of them can be understood without OpenSSH's own ``ssh``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from skep.dataclass import dataclass
from skep.files import user_path

USUAL = ("~/.ssh/config", "/etc/ssh/ssh_config")
"""Read where the inventory names no file; what the first says holds."""

IRRELEVANT = re.compile(
    "host|sendenv|setenv|hashknownhosts|gssapi.*|forward.*|.*forward|addkeystoagent|serveralive.*|tcpkeepalive"
    "|control.*|compression|visualhostkey|loglevel|ipqos|escapechar|permitlocalcommand|localcommand|remotecommand"
    "|requesttty|streamlocal.*|updatehostkeys|batchmode|numberofpasswordprompts|usekeychain|xauthlocation"
)
"""Keywords that change nothing for us: what they are about is not done here, or is the inventory's to say."""

WHOLE = ("proxycommand", "localcommand", "remotecommand", "knownhostscommand")
"""Keywords whose value is the rest of the line: nothing in it is a comment."""

CRITERIA = ("all", "host", "localuser", "originalhost", "user")
"""What ``Match`` may ask for where no ``ssh`` is installed."""

UNKNOWN = ("include", "knownhostscommand", "revokedhostkeys", "canonicalizehostname", "tag")
"""Keywords that nobody but ``ssh`` itself can follow."""

_LINE = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)")
_DEPTH = 16
"""Of files that include files; as OpenSSH has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One setting, its keyword in small letters, without the comment behind it. ``place`` is ``file:line``."""

    place: str
    keyword: str
    value: str


def lines(path: Path, depth: int = 0) -> Iterator[Line]:
    """The settings of a file and of those it includes, in order. Raises ``OSError``, ``ValueError`` with the place."""
    for number, text in enumerate(path.read_text("utf-8", "surrogateescape").split("\n"), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(text.rstrip())
        if not found or depth > _DEPTH:
            raise ValueError(f"{path}:{number}")
        line = Line(f"{path}:{number}", found[1].lower(), found[2])
        if line.keyword not in WHOLE:
            line = Line(line.place, line.keyword, without_comment(line.value))
        words(line)
        yield line
        if line.keyword == "include":
            for included in included_by(line, path):
                yield from lines(included, depth + 1)


def included_by(line: Line, path: Path) -> list[Path]:
    """Files that an ``Include`` names; relative ones lie beside OpenSSH's own files."""
    folder = Path("/etc/ssh") if path.is_relative_to("/etc/ssh") else user_path("~/.ssh")
    patterns = [folder / user_path(word) for word in words(line)]
    return [found for pattern in patterns for found in sorted(Path("/").glob(str(pattern).lstrip("/")))]


def without_comment(value: str) -> str:
    """The value without a ``#`` that begins a word, and what follows it."""
    quote = ""
    for index, sign in enumerate(value):
        if sign == quote:
            quote = ""
        elif not quote and sign in "\"'":
            quote = sign
        elif not quote and sign == "#" and value[:index].rstrip() != value[:index]:
            return value[:index].rstrip()
    return value


def not_understood(line: Line) -> str | None:
    """What of a line only ``ssh`` itself can follow, in words."""
    if line.keyword in UNKNOWN:
        return f"{line.keyword} needs OpenSSH's ssh, which is not installed here"
    if line.keyword != "match":
        return None
    criteria = [word.removeprefix("!").partition("=")[0] for word in words(line)]
    strange: list[str] = []
    while criteria:
        criterion = criteria.pop(0)
        if criterion.lower() not in CRITERIA:
            strange.append(criterion)
        elif criterion.lower() != "all":
            criteria = criteria[1:]
    return f"Match {strange[0]} needs OpenSSH's ssh, which is not installed here" if strange else None


def words(line: Line) -> list[str]:
    """The words of a value. Raises ``ValueError`` with the place where a quote has no end."""
    try:
        return shlex.split(line.value)
    except ValueError:
        raise ValueError(line.place) from None
