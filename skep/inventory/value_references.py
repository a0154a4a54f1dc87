"""``${env:NAME}``, ``${env:NAME:-default}`` and ``${file:path}`` inside values; ``$${`` is a literal ``${``."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from skep.dataclass import dataclass
from skep.files import user_path

MAX_FILE_BYTES = 64 * 1024

_TOKEN = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


MAX_TOTAL = 4 * 1024 * 1024


class BadReference(Exception):
    """A reference that cannot be resolved; its text says why and never holds a value."""


@dataclass(frozen=True)
class Resolved:
    """A text with its references replaced. ``pure``: it was one whole reference without a default."""

    text: str
    referenced: bool
    pure: bool


@dataclass
class Surroundings:
    """Where references are looked up: the environment, and the folder file names are relative to."""

    environ: Mapping[str, str]
    folder: Path
    used: dict[str, str] = field(default_factory=dict)
    """What references gave, by how they are written without the braces."""
    files: set[Path] = field(default_factory=set)
    """What it names on this machine: files, and folders that stacks may read from."""
    given: int = 0
    """Characters that references gave so far; together at most 4 MiB."""

    @property
    def stacks(self) -> Path:
        """The folder of all stacks, beside the inventory's."""
        return self.folder.parent / "stacks"

    def resolve(self, text: str) -> Resolved:
        """The text with every reference replaced. Raises ``BadReference``."""
        parts: list[str] = []
        end = 0
        references: list[str] = []
        for match in _TOKEN.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            if match.group() == "$${":
                parts.append("${")
                continue
            if match.group(1) is None:
                raise BadReference("'${' without a closing '}' (write '$${' for a literal '${')")
            references.append(match.group(1))
            parts.append(self._value(match.group(1)))
            self.used[match.group(1)] = parts[-1]
            self.given += len(parts[-1])
            if self.given > MAX_TOTAL:
                raise BadReference(f"the references give more than {MAX_TOTAL // 1024} KiB together")
        parts.append(text[end:])
        whole = len(references) == 1 and text == f"${{{references[0]}}}"
        return Resolved("".join(parts), bool(references), whole and not _default(references[0]))

    def _value(self, reference: str) -> str:
        kind, colon, rest = reference.partition(":")
        if kind == "env" and colon:
            return self._from_environment(rest)
        if kind == "file" and colon and rest:
            return self._from_file(rest)
        if not colon and _NAME.fullmatch(kind):
            raise BadReference(f"unknown reference '${{{kind[:40]}}}' (did you mean '${{env:{kind[:40]}}}'?)")
        raise BadReference(
            f"unknown reference '${{{kind[:40]}…}}': write ${{env:NAME}}, ${{env:NAME:-default}} or ${{file:path}}"
            " ('$${' for a literal '${')"
        )

    def _from_environment(self, rest: str) -> str:
        name, has_default, default = rest.partition(":-")
        if not _NAME.fullmatch(name):
            raise BadReference("not the name of an environment variable in ${env:…}: letters, digits and _ only")
        value = self.environ.get(name)
        if value is None:
            value = _credential(f"env.{name}")
        if has_default:
            return value or default
        if value is None:
            raise BadReference(f"the environment variable {name} is not set")
        return value

    def _from_file(self, rest: str) -> str:
        path = located(rest, self)
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise BadReference(f"{path} is not a regular file")
            with path.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
            raise BadReference(f"cannot read {path}: {why}") from None
        if len(content) > MAX_FILE_BYTES:
            raise BadReference(f"{path} is larger than {MAX_FILE_BYTES // 1024} KiB")
        try:
            return content.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise BadReference(f"{path} is not UTF-8 text") from None


def _credential(name: str) -> str | None:
    """What a unit of systemd was given in place of a variable."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        return Path(folder, name).read_text(encoding="utf-8") if folder else None
    except (OSError, ValueError):
        return None


def located(text: str, surroundings: Surroundings) -> Path:
    """A path from the file: ``~`` is the home folder, a relative one starts at the inventory's folder."""
    path = _path(text, surroundings)
    surroundings.files.add(path)
    return path


def _path(text: str, surroundings: Surroundings) -> Path:
    home = surroundings.environ.get("HOME")
    if home and (text == "~" or text.startswith("~/")):
        return Path(home) / text[2:]
    path = user_path(text)
    return path if path.is_absolute() else surroundings.folder / path


def _default(reference: str) -> str:
    return reference.partition(":-")[2] if reference.startswith("env:") else ""
