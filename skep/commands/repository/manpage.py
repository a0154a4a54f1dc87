"""The man page ``skep.1``, made from the tasks and their options. A page is ASCII, so that every ``man`` shows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from skep.cli.described import Described, Rows, common_options
from skep.cli.spelling import spelled

ENVIRONMENT = (
    ("SKEP_INVENTORY", "The inventory where -i is not given: a name in inventory/ or a file."),
    ("SKEP_SITE", "The folder with inventory/, stacks/ and invoke.yaml; else the one you are in."),
    ("NO_COLOR", "Set to anything, it switches colours off."),
    ("COLUMNS", "Width of the terminal, where it is not what the terminal says."),
)
FILES = (
    ("inventory/NAME.yml", "One environment: hosts, engine, swarm, networks, stacks."),
    ("stacks/NAME/compose.yml", "A stack, with the files it mounts beside it."),
    ("invoke.yaml", "Settings, such as skep.inventory: the environment taken where none is named."),
    ("/var/lib/skep", "On the hosts: the lock, the history, and what skep owns of daemon.json. Root's alone."),
)
WIDTH = 62
"""Columns of a line in the page's source; escapes come on top."""
UNBROKEN: Mapping[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
SIGNS = {"→": "->", "…": "...", "–": "-", "—": "-", "’": "'", "×": "x", "✓": "+"}


def man_page(tasks: Iterable[Described], exit_codes: Rows) -> str:
    """The page in man(7)'s macros. Options that several tasks have are explained once."""
    listed = list(tasks)
    common = common_options(listed)
    lines = [
        '.\\" Made by `./inv manual` from the tasks. Do not edit.',
        '.TH SKEP 1 "" skep "User Commands"',
        ".nh",
        ".ad l",
        ".SH NAME",
        r"skep \- infrastructure as code for Docker Swarm",
        ".SH SYNOPSIS",
        r".B skep",
        r"\fITASK\fR [\fIWORD\fR ...] [\fIoptions\fR]",
        ".br",
        r".B skep help",
        r"[\fITASK\fR]",
        ".br",
        r".B skep docs",
        r"[\fIKEY\fR]",
        ".SH DESCRIPTION",
        _text(
            "skep makes hosts a Docker Swarm cluster, and keeps them one. A YAML inventory says what is desired; "
            "cluster.plan shows what differs, cluster.up changes that and nothing else. It works over SSH from your "
            "machine, and needs no agent and no Python on the hosts."
        ),
        ".PP",
        _text(
            "Words follow their task, and options stand behind it in any order. Several tasks in one line run in turn."
        ),
        ".SH OPTIONS OF SEVERAL TASKS",
        *_rows((written, text) for written, text in common.items()),
        ".SH TASKS",
    ]
    for one in listed:
        lines += _task(one, common)
    lines += [".SH EXIT STATUS", *_rows(exit_codes)]
    lines += [".SH ENVIRONMENT", *_rows(ENVIRONMENT), ".SH FILES", *_rows(FILES)]
    lines += [".SH SEE ALSO", ".BR docker (1),", ".BR ssh_config (5),", ".BR invoke (1)"]
    return "\n".join(lines) + "\n"


def _task(one: Described, common: Mapping[str, str]) -> Iterator[str]:
    yield f".SS {_escaped(one.name)}"
    yield f".B {_escaped('skep ' + one.usage)}"
    for part in one.text.split("\n\n"):
        yield ".PP"
        yield _text(part)
    yield from _rows((*one.words, *one.own(common)))
    yield ".PP"
    yield _text(f"Also: {', '.join(one.shared(common))}.")
    yield ".PP"
    yield _text(f"Example: {one.example}")


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for written, text in rows:
        yield ".TP"
        yield f".B {_escaped(written)}"
        yield _text(text)


def _text(text: str) -> str:
    """A paragraph: a sentence a line, as roff wants it, with commands as they are typed."""
    flat = " ".join(spelled(text.replace("`", ""), "skep").split())
    lines = [line for one in re.split(r"(?<=[.:;]) (?=[A-Z])", flat) for line in textwrap.wrap(one, WIDTH, **UNBROKEN)]
    return "\n".join(_guarded(_escaped(line)) for line in lines)


def _escaped(text: str) -> str:
    shown = "".join(SIGNS.get(sign, sign) for sign in text)
    return shown.replace("\\", "\\e").replace("-", "\\-").encode("ascii", "replace").decode()


def _guarded(line: str) -> str:
    """A line that would begin with a request of roff's does not."""
    return f"\\&{line}" if line[:1] in (".", "'") else line
