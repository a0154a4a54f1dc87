"""Commands that give configs and secrets: run on the operator's machine, so that sops, pass, vault or a cloud's own
command line can serve."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skep.errors import UsageError
from skep.model import Cluster, Stack
from skep.secret import Secret
from skep.workers import side_by_side

if TYPE_CHECKING:
    from skep.compose import Document

SECONDS = 60.0
LARGEST = 1024 * 1024
AT_ONCE = 4

Words = tuple[str, ...]


def with_outputs(cluster: Cluster) -> Cluster:
    """The cluster with what its stacks' commands print. Costs nothing where no compose file has ``x-skep``."""
    return replace(cluster, stacks=tuple(map(with_outputs_of, cluster.stacks)))


def with_outputs_of(stack: Stack) -> Stack:
    """The stack with what its commands print. Raises ``UsageError`` for one that fails."""
    commands = _commands(stack) if any(b"x-skep" in _content(stack, name) for name in stack.compose) else {}
    if not commands:
        return stack
    printed = side_by_side(lambda words: _run(stack, words, commands[words]), commands, width=AT_ONCE, name="source")
    return replace(stack, outputs=dict(zip(commands, printed, strict=True)))


def _content(stack: Stack, name: str) -> bytes:
    try:
        return stack.files[name]
    except KeyError:  # planning reports it
        return b""


UNTOLD = "what the command prints"


class Untold(Mapping[Words, Secret]):
    """Every command has printed something (``UNTOLD``): so that a document can be read without running any."""

    def __getitem__(self, words: Words) -> Secret:
        return Secret(UNTOLD)

    def __iter__(self) -> object:  # type: ignore[override]
        return iter(())

    def __len__(self) -> int:
        return 0


def _commands(stack: Stack) -> dict[Words, str]:
    """Each command's words and where they stand. Files with errors have none: planning reports those."""
    from skep.compose import ComposeError, document_of

    try:
        document = document_of(replace(stack, outputs=Untold()))
    except ComposeError:
        return {}
    found: dict[Words, str] = {}
    for section, name in commanded(document):
        place = f"{document.where(section, name, 'x-skep')}: {section}.{name}.x-skep.command"
        found.setdefault(tuple(document.section(section)[name]["x-skep"]["command"]), place)
    return found


def commanded(document: Document) -> list[tuple[str, str]]:
    """Section and name of the configs and secrets that commands give."""
    sections = ("configs", "secrets")
    return [(place, name) for place in sections for name, one in document.section(place).items() if "x-skep" in one]


def _run(stack: Stack, words: Sequence[str], place: str) -> Secret:
    folder = stack.directory if Path(stack.directory).is_dir() else "."
    try:
        done = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _failed(words, place, f"took longer than {SECONDS:g} s") from None
    except (OSError, ValueError) as error:
        raise _failed(words, place, getattr(error, "strerror", None) or str(error)) from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise _failed(words, place, f"ended with status {done.returncode}: {''.join(last) or 'no error given'}")
    if len(done.stdout) > LARGEST:
        raise _failed(words, place, f"printed more than {LARGEST // 1024} KiB")
    return Secret(done.stdout.decode(errors="surrogateescape"))


def _failed(words: Sequence[str], place: str, cause: str) -> UsageError:
    return UsageError(
        f"{place}: the command {words[0] if words else ''} gave nothing",
        step="sources",
        cause=cause,
        next_action="run it by hand in the stack's folder; it must print the content and end with status 0",
    )
