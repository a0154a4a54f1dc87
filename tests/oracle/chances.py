"""What grammars are made of: values by chance, and how a compose file holds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

Values = Callable[[Random], Any]
"""Makes a value by chance."""
ODD = 70
"""Of so many values one is not right."""


class Raw(NamedTuple):
    """What stands in a file as it is, without quotes."""

    text: str


def of(*choices: Any) -> Values:
    """One of these."""
    return lambda chance: chance.choice(choices)


def raw(*choices: str) -> Values:
    """One of these, without quotes."""
    return of(*map(Raw, choices))


def either(*kinds: Values) -> Values:
    """One of these kinds."""
    return lambda chance: chance.choice(kinds)(chance)


def mostly(right: Values, *odd: Any) -> Values:
    """The right ones, and now and then one of the others."""
    return lambda chance: right(chance) if chance.randrange(ODD) else chance.choice(odd)


def some(keys: Mapping[str, Values], most: int = 4, always: tuple[str, ...] = ()) -> Values:
    """A mapping of some of these keys."""

    def made(chance: Random) -> dict[str, Any]:
        chosen = chance.sample(list(keys), min(len(keys), chance.randint(0, most)))
        return {key: keys[key](chance) for key in dict.fromkeys((*always, *chosen))}

    return made


def many(one: Values, most: int = 3) -> Values:
    """A list of them, none twice but by chance."""

    def made(chance: Random) -> list[Any]:
        found = [one(chance) for _ in range(chance.randint(0, most))]
        return found if not chance.randrange(ODD) else list({repr(item): item for item in found}.values())

    return made


def table(names: Values, one: Values, most: int = 3) -> Values:
    """A mapping of any names."""
    return lambda chance: {names(chance): one(chance) for _ in range(chance.randint(0, most))}


def written(value: Any) -> str:
    """Data as a file holds it."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {written(inner)}" for key, inner in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
