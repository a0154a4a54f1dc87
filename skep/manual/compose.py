"""The keys of a compose file: which there are says the loader, what they mean ``compose.yml`` beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skep.manual.entry import ANY, Entry, read

FILE = Path(__file__).with_suffix(".yml")


def entries() -> Iterator[Entry]:
    """All, parents first."""
    meanings = read(FILE)
    for path, refusal in structure():
        key = ".".join(path)
        if refusal is not None:
            yield Entry("compose", path, "", "", refusal, usable=False)
        elif key in meanings:
            type_, meaning, sample = meanings[key]
            yield Entry("compose", path, str(type_), "", str(meaning), sample)


def structure() -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Each key, and why nothing comes of it, or ``None``. The only function that knows how the loader's keys are
    written."""
    from skep.compose.keys.every import compose
    from skep.reading.mapping_kinds import Ignored, ListOf, Record, Refused, Table

    def inside(kind: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
        if isinstance(kind, ListOf):
            yield from inside(kind.kind, path)
        elif isinstance(kind, Table):
            yield (*path, ANY), None
            yield from inside(kind.kind, (*path, ANY))
        elif isinstance(kind, Record):
            for name, one in kind.fields.items():
                why = getattr(one, "why", "")
                because = f": {why}." if why else "."
                if isinstance(one, Ignored):
                    yield (*path, name), f"Ignored by {one.by}, with a warning{because}"
                elif isinstance(one, Refused):
                    yield (*path, name), f"Refused, for Swarm does not support it{because}"
                else:
                    yield (*path, name), None
                    yield from inside(one, (*path, name))

    yield from inside(compose(".", None), ())
