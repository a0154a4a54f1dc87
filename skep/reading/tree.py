"""A file's bytes -> entries with places: aliases and merge keys laid open, scalars understood. Bounded."""

from __future__ import annotations

from typing import Protocol

from skep.dataclass import dataclass
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import Meaning, Scalar
from skep.reading.source import MAX_DEPTH, Form, Node, read

MAX_ENTRIES = 200_000
_TOO_MUCH = f"more than {MAX_ENTRIES} values or {MAX_DEPTH} levels: do aliases (*name) multiply each other?"


class TooMuch(Exception):
    """The files hold more than is read."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value: its text, and what it means where it stood unquoted.

    ``template`` is the text as written, where variables or references were filled in; a message shows that and no
    value. ``pure`` says that it is one whole reference. ``digits`` is a number as written, such as ``1.10``.
    """

    text: str
    value: Meaning
    template: str | None = None
    failed: bool = False
    digits: str | None = None
    pure: bool = False

    @property
    def filled(self) -> bool:
        """Whether the text came from variables or references."""
        return self.template is not None


Items = list["Entry"]
Pairs = dict[str, tuple[Place, "Entry"]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a file and where it stands."""

    place: Place
    content: Leaf | Items | Pairs

    @property
    def is_null(self) -> bool:
        """Whether nothing is written there."""
        return isinstance(self.content, Leaf) and self.content.value is None and not self.content.filled


class Dialect(Protocol):
    """How the scalars and keys of one kind of file are understood."""

    @property
    def form(self) -> Form:
        """What the file is."""

    def leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        """What a scalar means; notes what is wrong with it."""

    def key(self, scalar: Scalar, place: Place, path: KeyPath) -> str | None:
        """What is wrong with a key, if anything is; ``path`` is its mapping's."""


@dataclass
class Reading:
    """What all files of one load share: findings, dialect, and how much may still come."""

    findings: Findings
    dialect: Dialect
    left: int = MAX_ENTRIES

    def file(self, name: str, content: bytes) -> Pairs | None:
        """The top level of a file; ``None`` after saying why it cannot be read."""
        root = read(content, name, self.dialect.form, self.findings)
        if root is None:
            return None
        try:
            pairs = _Opening(self, name).entry(root, (), 0).content
        except TooMuch:
            self.findings.unusable((), _TOO_MUCH, Place(name, 1))
            return None
        assert isinstance(pairs, dict)
        return pairs


@dataclass
class _Opening:
    """Lays one file open."""

    reading: Reading
    file: str

    def entry(self, node: Node, path: KeyPath, depth: int) -> Entry:
        self._count(depth)
        place = Place(self.file, node.line)
        places = self.reading.findings.places
        if isinstance(node.content, Scalar):
            return Entry(place, self.reading.dialect.leaf(node.content, place, path))
        if node.is_mapping:
            pairs = {}
            for key, (line, value) in self._pairs(node, path, depth).items():
                key_place = Place(self.file, line)
                places.setdefault((*path, key), key_place)
                inner = self.entry(value, (*path, key), depth + 1)
                pairs[key] = (key_place, Entry(key_place, inner.content))
            return Entry(place, pairs)
        items = []
        for index, item in enumerate(_items(node)):
            places.setdefault((*path, index), Place(self.file, item.line))
            items.append(self.entry(item, (*path, index), depth + 1))
        return Entry(place, items)

    def _count(self, depth: int) -> None:
        self.reading.left -= 1
        if self.reading.left < 0 or depth > MAX_DEPTH:
            raise TooMuch

    def _pairs(self, node: Node, path: KeyPath, depth: int) -> dict[str, tuple[int, Node]]:
        """Keys with their lines and values; a mapping's own keys win over merged ones, earlier merged over later."""
        self._count(depth)
        own: dict[str, tuple[int, Node]] = {}
        merged: list[Node] = []
        findings = self.reading.findings
        for key, value in _key_values(node):
            if isinstance(key.content, Scalar) and key.content == "<<" and key.content.unquoted:
                merged.append(value)
                continue
            name = self._key(key, path)
            if name is None:
                continue
            if name in own:
                message = f"the same key twice, first in line {own[name][0]}"
                findings.error((*path, name), message, Place(self.file, key.line))
            else:
                own[name] = (key.line, value)
        for value in merged:
            for source in [value] if value.is_mapping else _items(value) or [value]:
                if not source.is_mapping:
                    message = "'<<' takes an alias to a mapping, or a list of them"
                    findings.error(path, message, Place(self.file, value.line))
                    continue
                for name, found in self._pairs(source, path, depth + 1).items():
                    self.reading.left -= 1
                    own.setdefault(name, found)
        return own

    def _key(self, key: Node, path: KeyPath) -> str | None:
        place = Place(self.file, key.line)
        if not isinstance(key.content, Scalar):
            hint = ": a text that begins with '{{' needs quotes" if key.is_mapping else ""
            wrong: str | None = f"a key must be a single word, not a list or mapping{hint}"
        elif not key.content:
            wrong = "an empty key"
        else:
            wrong = self.reading.dialect.key(key.content, place, path)
        if wrong is not None:
            self.reading.findings.error(path, wrong, place)
            return None
        return str(key.content)


def _items(node: Node) -> list[Node]:
    return [item for item in node.content if isinstance(item, Node)] if isinstance(node.content, list) else []


def _key_values(node: Node) -> list[tuple[Node, Node]]:
    assert isinstance(node.content, list)
    return [pair for pair in node.content if isinstance(pair, tuple)]


def bare(entry: Entry) -> object:
    """The entry as plain data: for extensions, which nobody reads."""
    if isinstance(entry.content, Leaf):
        return entry.content.value
    if isinstance(entry.content, list):
        return [bare(item) for item in entry.content]
    return {key: bare(inner) for key, (_, inner) in entry.content.items()}
