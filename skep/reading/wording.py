"""Small words for messages: the nearest right name, lists, and values shown without giving a secret away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

MAX_SHOWN = 60
MAX_OPTIONS = 300
MANY = 40
"""Names that a hint lists at most."""


def nearest(word: str, options: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The option most like the word, if any is alike by at least ``cutoff`` (0 to 1); ``-`` and ``_`` are the same."""
    from difflib import get_close_matches

    by_fold = {_folded(option): option for option in islice(options, MAX_OPTIONS)}
    found = get_close_matches(_folded(word[:80]), list(by_fold), 1, cutoff)
    return by_fold[found[0]] if found else None


def _folded(word: str) -> str:
    return word.casefold().replace("_", "-")


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when no option is near."""
    return suggested(nearest(word, options))


def suggested(near: str | None) -> str:
    """`` (did you mean 'x'?)`` of what is near, or nothing."""
    return f" (did you mean '{near}'?)" if near else ""


def either(options: Iterable[str]) -> str:
    """``a, b or c``."""
    words = list(options)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def few(names: Sequence[str], most: int) -> str:
    """``a, b and 3 more``: so many names at most."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def quoted(text: str) -> str:
    """A text in quotes on one line, shortened when long."""
    shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    escaped = "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)
    return f"'{escaped}'"
