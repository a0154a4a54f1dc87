"""Values that must not be seen: how they are kept, found in what carries them, and taken out of what is shown."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import overload

STARS = "***"

SHORTEST = 4
"""Characters a value must have to be looked for in texts: a secret ``2`` would take every 2 out of an error."""

MARK = "skep:sha256:"


class Secret:
    """A value that never shows itself: it prints as ``***`` wherever it ends up. ``reveal()`` gives it.

    Not a dataclass, so that ``dataclasses.asdict`` of what holds one does not show it either.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Secret cannot be changed ({name})")

    def __deepcopy__(self, _: object) -> Secret:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return STARS

    def __str__(self) -> str:
        return STARS

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    @property
    def mark(self) -> str:
        """A hash that stands for the value where it is only to be compared."""
        import hashlib  # with OpenSSL's library, which a look at names does not need

        return f"{MARK}{hashlib.sha256(self._value.encode(errors='surrogateescape')).hexdigest()}"


def reveal(value: str | Secret) -> str:
    """The plain text of a value that may be a secret."""
    return value.reveal() if isinstance(value, Secret) else value


@overload
def revealed(value: Mapping[str, object]) -> dict[str, object]: ...
@overload
def revealed(value: object) -> object: ...
def revealed(value: object) -> object:
    """Data with every secret in it as plain text, for the one place that sends or compares it."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: revealed(inner) for key, inner in value.items()}
    return [revealed(inner) for inner in value] if isinstance(value, list | tuple) else value


@overload
def marked(value: Mapping[str, object]) -> dict[str, object]: ...
@overload
def marked(value: object) -> object: ...
def marked(value: object) -> object:
    """Data with every secret in it as its ``mark``: can be kept, compared, and known to have held a secret."""
    if isinstance(value, Secret):
        return value.mark
    if isinstance(value, Mapping):
        return {key: marked(inner) for key, inner in value.items()}
    return [marked(inner) for inner in value] if isinstance(value, list | tuple) else value


@overload
def unmarked(value: Mapping[str, object]) -> dict[str, object]: ...
@overload
def unmarked(value: object) -> object: ...
def unmarked(value: object) -> object:
    """What ``marked`` gave, with a secret (of no known value) at each mark."""
    if isinstance(value, str):
        return Secret("") if value.startswith(MARK) else value
    if isinstance(value, Mapping):
        return {key: unmarked(inner) for key, inner in value.items()}
    return [unmarked(inner) for inner in value] if isinstance(value, list | tuple) else value


def secrets_in(value: object) -> Iterator[Secret]:
    """Every secret in data or dataclasses, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from secrets_in(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from secrets_in(inner)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from secrets_in(getattr(value, field.name))


def veiled(value: object, like: object) -> object:
    """Foreign data (read from a host, say) with a secret wherever ``like`` has one; what cannot be matched with the
    shape of ``like`` is a secret as a whole."""
    if value is None or not any(True for _ in secrets_in(like)):
        return value
    if isinstance(like, Mapping) and isinstance(value, Mapping):
        return {key: veiled(inner, like.get(key)) for key, inner in value.items()}
    if isinstance(like, list | tuple) and isinstance(value, list | tuple):
        plain = [inner for inner in like if not any(True for _ in secrets_in(inner))]
        return [inner if inner in plain else _sealed(inner) for inner in value]
    return _sealed(value)


def _sealed(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    return Secret(value if isinstance(value, str) else json.dumps(revealed(value), sort_keys=True))


class Redaction:
    """Takes known secrets out of texts, as they are and in the forms in which programs tell them. Thread-safe."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[Secret] = set()
        self._forms: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Take these out as well from now on."""
        with self._lock:
            new = set(secrets) - self._known
            if new:
                self._known |= new
                forms = {form for secret in new for form in _forms(secret.reveal())}
                self._forms = sorted(forms.union(self._forms), key=lambda form: (-len(form), form))

    def clean(self, text: str) -> str:
        """The text with ``***`` for each secret, each line of one that has several, and what encodes it."""
        with self._lock:
            forms = self._forms
        for form in forms:
            text = text.replace(form, STARS)
        return text


def _forms(value: str) -> Iterator[str]:
    """The value and its lines, as they are and as JSON, Go and Python quote them; and what all base64 around them has
    in common."""
    for part in {value, value.strip(), *map(str.strip, value.splitlines())}:
        if len(part) < SHORTEST:
            continue
        yield from (part, repr(part)[1:-1], json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
        yield from _encoded(part.encode(errors="surrogateescape"))


def _encoded(data: bytes) -> Iterator[str]:
    """The characters of base64 that depend on the data alone, for each way it may lie in the bytes around it."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        first = (before * 8 + 5) // 6
        last = (before + len(data)) * 8 // 6
        core = text[first:last]
        if len(core) >= 2 * SHORTEST:
            yield core
            if re.search(r"[+/]", core):
                yield core.replace("+", "-").replace("/", "_")
