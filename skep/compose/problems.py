"""Everything said about compose files: each finding with its file, line and key path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice

from skep.errors import SkepError
from skep.inventory.findings import KeyPath, shown
from skep.inventory.wording import quoted
from skep.model import Secret

MAX_SHOWN = 1000
MAX_HINTS = 100
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands: a file's name and a line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ComposeError(SkepError):
    """Compose files are wrong; carries every problem at once, each ``file:line: key.path: message``."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        super().__init__(f"the compose files have {count} error{'s' if count != 1 else ''}")

    def lines(self) -> list[str]:
        return [*self.problems, self.message]


_Found = dict[tuple[Place, KeyPath, str], dict[str, None]]
"""Place, keys without numbers and message → the texts, which differ in numbers only."""


@dataclass
class Problems:
    """Collects errors and warnings; ``order`` are the files, as given. No secret gets into a text."""

    order: tuple[str, ...]
    secrets: set[str] = field(default_factory=set)
    """Values that must not be shown."""
    _errors: _Found = field(default_factory=dict)
    _warnings: _Found = field(default_factory=dict)
    _broken: set[KeyPath] = field(default_factory=set)
    _hints: int = 0

    def hide(self, secret: Secret) -> None:
        """Never show this value."""
        if secret.reveal():
            self.secrets.add(secret.reveal())

    def error(self, place: Place, path: KeyPath, message: str) -> None:
        """Note an error."""
        self._broken.add(path)
        self._note(self._errors, place, path, message)

    def warn(self, place: Place, path: KeyPath, message: str) -> None:
        """Note a warning."""
        self._note(self._warnings, place, path, message)

    def give_up(self, path: KeyPath) -> None:
        """Say no more of what is missing there: another key was meant for it."""
        self._broken.add(path)

    def is_broken(self, path: KeyPath) -> bool:
        """Whether an error was noted for this very path."""
        return path in self._broken

    def value(self, text: str) -> str:
        """A text in quotes for a message, or stars where a secret is in it."""
        return f"'{_HIDDEN}'" if self.tells(text) else quoted(text)

    def tells(self, text: str) -> bool:
        """Whether a secret is in a text."""
        return any(secret in text for secret in self.secrets)

    def nearest(self, word: str, options: Iterable[str]) -> str | None:
        """The option most like a word, for the first hundred words asked."""
        self._hints += 1
        if self._hints > MAX_HINTS or self.tells(word):
            return None
        near = get_close_matches(word[:80].casefold(), list(islice(options, 300)), 1)
        return near[0] if near else None

    def hint(self, word: str, options: Iterable[str]) -> str:
        """`` (did you mean 'x'?)``, or nothing without a near one."""
        near = self.nearest(word, options)
        return f" (did you mean '{near}'?)" if near else ""

    @property
    def errors(self) -> list[str]:
        """The errors as text, in the order of files and lines; of more than a thousand the first, and a count."""
        return self._texts(self._errors, "errors")

    @property
    def warnings(self) -> list[str]:
        """The warnings as text, as the errors."""
        return self._texts(self._warnings, "warnings")

    def _text(self, path: KeyPath, message: str) -> str:
        safe = tuple(_HIDDEN if isinstance(part, str) and self.tells(part) else part for part in path)
        return f"{shown(safe)}: {message}" if safe else message

    def _note(self, found: _Found, place: Place, path: KeyPath, message: str) -> None:
        """What is the same but for the place in a list counts as one."""
        key = (place, tuple(part for part in path if isinstance(part, str)), message)
        found.setdefault(key, {})[self._text(path, message)] = None

    def _texts(self, found: _Found, what: str) -> list[str]:
        rank = {file: number for number, file in enumerate(self.order)}
        ordered = sorted(found, key=lambda key: (rank.get(key[0].file, len(rank)), key[0].file, key[0].line))
        texts = [f"{key[0]}: {next(iter(found[key]))}{_times(len(found[key]))}" for key in ordered[:MAX_SHOWN]]
        left = len(ordered) - MAX_SHOWN
        return texts if left <= 0 else [*texts, f"{ordered[0][0].file}: and {left} {what} more"]


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
