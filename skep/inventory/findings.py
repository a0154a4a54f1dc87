"""Everything found wrong with one file, each finding with its line and key path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from skep.inventory.wording import nearest, quoted

KeyPath = tuple[str | int, ...]

MAX_ERRORS = 1000
MAX_HINTS = 100

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def shown(path: KeyPath) -> str:
    """A key path as text: ``hosts.m1.groups[0]``; a key with dots or spaces is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        printable = "".join(char if char.isprintable() else "?" for char in part[:200])
        key = part if _PLAIN_KEY.fullmatch(part) else f'"{printable}"'
        text += f".{key}" if text else key
    return text


@dataclass(frozen=True)
class Finding:
    """One thing wrong: where and what."""

    line: int
    path: KeyPath
    message: str


@dataclass
class Findings:
    """Collects errors and warnings on one file, named ``file`` in their texts.

    ``lines`` maps each key path to its line, counted from 1.
    """

    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    """The text as written, where a value came from a reference: what it gave is never shown."""
    _errors: dict[Finding, None] = field(default_factory=dict)
    _warnings: dict[Finding, None] = field(default_factory=dict)
    _broken: set[KeyPath] = field(default_factory=set)
    _around_broken: set[KeyPath] = field(default_factory=set)
    _hints: int = 0

    def error(self, path: KeyPath, message: str, *, line: int | None = None, broken: bool = False) -> None:
        """Note an error. ``broken`` says the value is unusable: nothing more is said about it or inside it."""
        if self._inside_broken(path):
            return
        if broken:
            self.give_up(path)
        self._errors[Finding(line or self.line(path), path, message)] = None

    def give_up(self, path: KeyPath) -> None:
        """Say nothing (more) about a value or anything inside it."""
        self._broken.add(path)
        self._around_broken.update(path[:length] for length in range(len(path)))

    def warn(self, path: KeyPath, message: str) -> None:
        """Note a warning."""
        if not self._inside_broken(path):
            self._warnings[Finding(self.line(path), path, message)] = None

    def is_broken(self, *path: str | int) -> bool:
        """Whether the value at a path cannot be used as it is, because of itself, its parent or a part of it."""
        return self._inside_broken(path) or path in self._around_broken

    def value(self, path: KeyPath, text: str) -> str:
        """A value for a message."""
        origin = self.origins.get(path)
        return quoted(text) if origin is None else f"what {quoted(origin)} gives"

    def hint(self, word: str, options: Iterable[str]) -> str:
        """`` (did you mean 'x'?)``, for the first hundred words asked: after that nobody reads on."""
        near = self.nearest(word, options)
        return f" (did you mean '{near}'?)" if near else ""

    def nearest(self, word: str, options: Iterable[str]) -> str | None:
        """The option most like the word, with the same limit as ``hint``."""
        self._hints += 1
        return nearest(word, options) if self._hints <= MAX_HINTS else None

    def children(self, *path: str) -> list[str]:
        """The keys written under a mapping, whether usable or not."""
        depth = len(path)
        return [str(at[-1]) for at in self.lines if len(at) == depth + 1 and at[:depth] == path]

    def line(self, path: KeyPath) -> int:
        """The line of a path, or of the nearest parent that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    @property
    def errors(self) -> list[str]:
        """The errors as text, in the file's order; of more than a thousand only the first, and a count."""
        texts = self._texts(self._errors)
        left = len(texts) - MAX_ERRORS
        return texts if left <= 0 else [*texts[:MAX_ERRORS], f"{self.file}: and {left} errors more"]

    @property
    def warnings(self) -> list[str]:
        """All warnings as text, in the file's order."""
        return self._texts(self._warnings)

    def _inside_broken(self, path: KeyPath) -> bool:
        return any(path[:length] in self._broken for length in range(len(path) + 1))

    def _texts(self, findings: Iterable[Finding]) -> list[str]:
        ordered = sorted(findings, key=lambda finding: finding.line)
        return [
            f"{self.file}:{item.line}: {shown(item.path)}{': ' if item.path else ''}{item.message}" for item in ordered
        ]
