"""Everything said about files: each finding with its file, line and key path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field

from skep.dataclass import dataclass
from skep.kinds import Kind
from skep.model import Secret
from skep.reading.wording import nearest, quoted, suggested

KeyPath = tuple[str | int, ...]

MAX_SHOWN = 1000
MAX_HINTS = 100
_HIDDEN = "***"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands: a file's name and a line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


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


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning about a file that is right: ``file:line: key.path: message``, and what kind of thing it says."""

    text: str
    kind: Kind
    path: KeyPath = ()

    def __str__(self) -> str:
        return f"{self.text} [{self.kind.id}]"


_Key = tuple[Place, KeyPath, str, Kind | None]
_Found = dict[_Key, dict[str, None]]
"""Place, keys without numbers, message and kind → the texts, which differ in numbers only."""


@dataclass
class Findings:
    """Collects errors and warnings; ``order`` are the files, as given. No secret gets into a text.

    ``once``: nothing is said about a value that cannot be used, nor about anything inside it, after the first word.
    ``discreet``: what stands where a mapping or a list must be is not shown; it may be a password out of its place.
    """

    order: tuple[str, ...]
    secrets: set[str] = field(default_factory=set)
    """Values that must not be shown."""
    once: bool = False
    discreet: bool = False
    places: dict[KeyPath, Place] = field(default_factory=dict)
    """Where each key path stands, for those who find something wrong without the value at hand."""
    origins: dict[KeyPath, str] = field(default_factory=dict)
    """The text as written, where a value came from a reference: what it gave is never shown."""
    reasons: dict[KeyPath, str] = field(default_factory=dict)
    """Why a value may be wrong, for the errors about it: such as a variable in it that is not set."""
    _errors: _Found = field(default_factory=dict)
    _warnings: _Found = field(default_factory=dict)
    _wrong: set[KeyPath] = field(default_factory=set)
    _unusable: set[KeyPath] = field(default_factory=set)
    _around: set[KeyPath] = field(default_factory=set)
    _hints: int = 0

    def hide(self, secret: Secret) -> None:
        """Never show this value."""
        if secret.reveal():
            self.secrets.add(secret.reveal())

    def error(self, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Note an error."""
        if not self._hushed(path):
            self._wrong.add(path)
            reason = f" ({self.reasons[path]})" if path in self.reasons else ""
            self._note(self._errors, place or self.place(path), path, f"{message}{reason}", None)

    def unusable(self, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Note an error that leaves no value to go on with."""
        self.error(path, message, place)
        self.give_up(path)

    def warn(self, kind: Kind, path: KeyPath, message: str, place: Place | None = None) -> None:
        """Note a warning."""
        if not self._hushed(path):
            self._note(self._warnings, place or self.place(path), path, message, kind)

    def give_up(self, path: KeyPath) -> None:
        """Say no more of what is there, or is missing there: another key was meant for it."""
        self._wrong.add(path)
        if self.once:
            self._unusable.add(path)
            self._around.update(path[:length] for length in range(len(path)))

    def is_broken(self, path: KeyPath) -> bool:
        """Whether the value at a path is wrong, because of itself, what is around it or a part of it."""
        return path in self._wrong or path in self._around or self._hushed(path)

    def place(self, path: KeyPath) -> Place:
        """The place of a path, or of the nearest around it that has one."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path) or Place(self.order[0] if self.order else "", 1)

    def children(self, *path: str) -> list[str]:
        """The keys written under a mapping, whether usable or not."""
        depth = len(path)
        return [str(at[-1]) for at in self.places if len(at) == depth + 1 and at[:depth] == path]

    def value(self, text: str) -> str:
        """A text in quotes for a message, or stars where a secret is in it."""
        return f"'{_HIDDEN}'" if self.holds_secret(text) else quoted(text)

    def written(self, path: KeyPath, text: str) -> str:
        """The value at a path for a message: where it came from a reference, that is named instead."""
        origin = self.origins.get(path)
        return self.value(text) if origin is None else f"what {quoted(origin)} gives"

    def holds_secret(self, text: str) -> bool:
        """Whether a secret is in a text."""
        return any(secret in text for secret in self.secrets)

    def nearest(self, word: str, options: Iterable[str]) -> str | None:
        """The option most like a word, for the first hundred words asked: after that nobody reads on."""
        self._hints += 1
        return None if self._hints > MAX_HINTS or self.holds_secret(word) else nearest(word, options)

    def hint(self, word: str, options: Iterable[str]) -> str:
        """`` (did you mean 'x'?)``, or nothing without a near one."""
        return suggested(self.nearest(word, options))

    @property
    def errors(self) -> list[str]:
        """The errors as text, in the order of files and lines; of more than a thousand the first, and a count."""
        ordered = self._ordered(self._errors)
        texts = [self._line(self._errors, key) for key in ordered[:MAX_SHOWN]]
        left = len(ordered) - MAX_SHOWN
        return texts if left <= 0 else [*texts, f"{ordered[0][0].file}: and {left} errors more"]

    @property
    def remarks(self) -> list[Remark]:
        """The warnings, in the order of files and lines; of more than a thousand the first."""
        ordered = self._ordered(self._warnings)[:MAX_SHOWN]
        return [Remark(self._line(self._warnings, key), key[3], key[1]) for key in ordered if key[3] is not None]

    def _hushed(self, path: KeyPath) -> bool:
        return bool(self._unusable) and any(path[:length] in self._unusable for length in range(len(path) + 1))

    def _text(self, path: KeyPath, message: str) -> str:
        safe = tuple(_HIDDEN if isinstance(part, str) and self.holds_secret(part) else part for part in path)
        return f"{shown(safe)}: {message}" if safe else message

    def _note(self, found: _Found, place: Place, path: KeyPath, message: str, kind: Kind | None) -> None:
        """What is the same but for the place in a list counts as one."""
        key = (place, tuple(part for part in path if isinstance(part, str)), message, kind)
        found.setdefault(key, {})[self._text(path, message)] = None

    def _ordered(self, found: _Found) -> list[_Key]:
        rank = {file: number for number, file in enumerate(self.order)}
        return sorted(found, key=lambda key: (rank.get(key[0].file, len(rank)), key[0].file, key[0].line))

    def _line(self, found: _Found, key: _Key) -> str:
        return f"{key[0]}: {next(iter(found[key]))}{_times(len(found[key]))}"


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
