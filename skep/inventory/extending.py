"""``extends:``: files that environments share, put under an environment's own before anything is understood of it.

Mappings are merged key by key; anything else replaces what the base has; the word ``null`` takes a key away. Values
keep the file and line they came from, and references are resolved in what is left: one that was replaced needs no
value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar

from skep.dataclass import dataclass
from skep.inventory.dialect import Dialect
from skep.inventory.value_references import Surroundings, located
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import Scalar, setting
from skep.reading.source import Form
from skep.reading.tree import Entry, Leaf, Pairs, Reading
from skep.reading.wording import quoted

KEY = "extends"
MOST = 32
"""Files that one environment extends, directly or not."""


@dataclass(frozen=True)
class AsWritten:
    """Scalars as they stand in the file; nothing is resolved."""

    form: ClassVar[Form] = Dialect.form

    def key(self, scalar: Scalar, place: Place, path: KeyPath) -> str | None:
        """Nothing is wrong with any key."""
        return None

    def leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        """The scalar itself as the text."""
        return Leaf(scalar, setting(scalar) if scalar.unquoted else str(scalar))


@dataclass
class Extending:
    """Reads a file with all that it extends. ``content`` gives a file's bytes and raises ``OSError``, ``short`` its
    name for messages."""

    findings: Findings
    surroundings: Surroundings
    content: Callable[[Path], bytes]
    short: Callable[[Path], str]
    files: list[str] = field(default_factory=list)
    """Names of all that were read, the environment's first."""

    def merged(self, path: Path, content: bytes) -> Pairs | None:
        """The top level of the file merged over what it extends, as written; ``None`` after saying what is wrong."""
        reading = Reading(self.findings, AsWritten())
        return self._over(reading, path, content, ())

    def resolved(self, pairs: Pairs) -> Pairs:
        """The same with references resolved, and places of what is left alone."""
        dialect = Dialect(self.findings, self.surroundings)
        self.findings.places.clear()

        def entry(one: Entry, path: KeyPath) -> Entry:
            if path:
                self.findings.places.setdefault(path, one.place)
            if isinstance(one.content, Leaf):
                assert isinstance(one.content.text, Scalar)
                return Entry(one.place, dialect.leaf(one.content.text, one.place, path))
            if isinstance(one.content, list):
                return Entry(one.place, [entry(item, (*path, number)) for number, item in enumerate(one.content)])
            return Entry(one.place, {key: (place, entry(Entry(place, inner.content), (*path, key)))
                                     for key, (place, inner) in one.content.items()})  # fmt: skip

        content = entry(Entry(Place("", 1), pairs), ()).content
        assert isinstance(content, dict)
        return content

    def _over(self, reading: Reading, path: Path, content: bytes, below: tuple[Path, ...]) -> Pairs | None:
        name = self.short(path)
        self.files.append(name)
        own = reading.file(name, content)
        if own is None:
            return None
        merged: Pairs = {}
        fine = True
        for place, said in _named(own):
            found = self._base(reading, path, place, said, (*below, path.resolve()))
            fine = fine and found is not None
            merged = self._merge(merged, found or {}, ())
        if KEY in own and fine:
            merged = self._merge(merged, {key: pair for key, pair in own.items() if key != KEY}, (), strict=True)
        else:
            merged = own
        if not below and KEY in own:
            merged = {KEY: own[KEY], **merged}
        elif below:
            merged.pop(KEY, None)
        return merged if fine else None

    def _base(self, reading: Reading, path: Path, place: Place, said: str, below: tuple[Path, ...]) -> Pairs | None:
        """What a file extends, with what that extends itself."""
        base = located(said, replace(self.surroundings, folder=path.absolute().parent))
        wrong = ""
        if "${" in said:
            wrong = "must be a path as it is: no reference is resolved here"
        elif base.resolve() in below:
            chain = [*below[below.index(base.resolve()) :], base]
            wrong = "is a circle: " + " extends ".join(self.short(one) for one in chain)
        elif len(self.files) > MOST:
            wrong = f"more than {MOST} files extend each other"
        else:
            try:
                return self._over(reading, base, self.content(base), below)
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
                others = base.parent.glob("*.y*ml") if base.parent.is_dir() else ()
                beside = [one.name for one in others if one.name != base.name]
                wrong = f"cannot read {quoted(said)}: {why}{self.findings.hint(base.name, beside)}"
        self.findings.error((KEY,), wrong, place)
        return None

    def _merge(self, base: Pairs, own: Pairs, path: KeyPath, *, strict: bool = False) -> Pairs:
        """Put one mapping over another. ``strict``: a key that is taken away must exist."""
        merged = dict(base)
        for key, (place, entry) in own.items():
            here = (*path, key)
            below = base.get(key)
            if entry.is_null and isinstance(entry.content, Leaf) and entry.content.text:
                if below is not None:
                    del merged[key]
                elif strict and not any(str(part).startswith("x-") for part in here):
                    hint = self.findings.hint(key, base)
                    self.findings.error(here, f"null takes away what no file it extends has{hint}", place)
                else:
                    merged[key] = (place, entry)
            elif below is None:
                merged[key] = (place, entry)
            elif isinstance(below[1].content, dict) and isinstance(entry.content, dict):
                inner = self._merge(below[1].content, entry.content, here, strict=strict)
                merged[key] = (place, Entry(place, inner))
            elif not entry.is_null:  # nothing written adds nothing
                merged[key] = (place, entry)
        return merged


def _named(own: Pairs) -> list[tuple[Place, str]]:
    """What ``extends`` names, earlier ones first; what it must be stands in the schema."""
    if KEY not in own:
        return []
    entry = own[KEY][1]
    items = entry.content if isinstance(entry.content, list) else [entry]
    named = [one for one in items if isinstance(one.content, Leaf) and not one.is_null]
    return [(one.place, one.content.text) for one in named if isinstance(one.content, Leaf) and one.content.text]
