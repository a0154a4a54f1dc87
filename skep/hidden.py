"""Texts that must not be seen, wherever they are in data."""

from __future__ import annotations

from typing import Any

from skep.secret import STARS

SENSITIVE = ("pass", "secret", "token", "key", "credential", "auth", "private")
"""Words in a variable's name that make the plan keep its values to itself."""
_SHORTEST = 3


def masked(value: object, hidden: frozenset[str]) -> Any:
    """The data with stars in place of these texts, and of the words of each; plain types only."""
    if not hidden:
        return _plain(value)
    words = {word for secret in hidden for word in (secret, *secret.split()) if len(word) >= _SHORTEST}
    return _masked(value, sorted(words, key=len, reverse=True), hidden)


def holds(value: object, hidden: frozenset[str]) -> bool:
    """Whether one of the hidden texts is anywhere in data."""
    return bool(masked(value, hidden) != masked(value, frozenset()))


def _masked(value: object, words: list[str], hidden: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {str(_masked(key, words, hidden)): _masked(inner, words, hidden) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(item, words, hidden) for item in value]
    if isinstance(value, str):
        if value in hidden:
            return STARS
        for word in words:
            value = value.replace(word, STARS)
    elif str(value) in hidden:
        return STARS
    return value


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
