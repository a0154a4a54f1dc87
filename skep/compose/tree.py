"""A compose file's bytes -> entries with places: merge keys laid open, variables filled in. Bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skep.compose.problems import Place, Problems
from skep.compose.scalars import Meaning, as_text, is_date, meaning
from skep.compose.template import BadTemplate, fill
from skep.compose.variables import Variables
from skep.inventory.findings import KeyPath
from skep.inventory.scalars import Scalar
from skep.inventory.source import Node, Unreadable, _composed, _text

MAX_ENTRIES = 200_000
MAX_DEPTH = 32
_TOO_MUCH = f"more than {MAX_ENTRIES} values or {MAX_DEPTH} levels: do aliases (*name) multiply each other?"
_VARIABLE = re.compile(r"(?<!\$)\$(\{|[A-Za-z_])")
_EMPTY = "the file is empty: describe services under 'services:'"
_KINDS = {bool: "a true or false", int: "a number", float: "a number", type(None): "an empty value"}


class TooMuch(Exception):
    """The files hold more than is read."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value: its text, and what it means where it stood unquoted and had no variable in it.

    ``template`` is the text as written, where variables were filled in; a message shows that and no value.
    ``digits`` is a number as written, such as ``0440``.
    """

    text: str
    value: Meaning
    template: str | None = None
    failed: bool = False
    digits: str | None = None

    @property
    def filled(self) -> bool:
        """Whether the text came from variables."""
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


@dataclass
class Reading:
    """What all files of one load share: findings, variables, and how much may still come."""

    problems: Problems
    variables: Variables
    left: int = MAX_ENTRIES

    def file(self, name: str, content: bytes) -> Pairs | None:
        """The top level of a file; ``None`` after saying why it cannot be read."""
        try:
            root = _composed(_text(content))
            if root is None or (isinstance(root.content, Scalar) and meaning(root.content) is None):
                raise Unreadable(_EMPTY)
            if not root.is_mapping:
                kind = "a list" if isinstance(root.content, list) else "a single value"
                raise Unreadable(f"the file must be a mapping of keys such as 'services:', not {kind}", root.line)
            content_of_root = _Opening(self, name).entry(root, (), 0).content
        except Unreadable as problem:
            message = problem.message.replace("an inventory is one document", "Docker reads one document a file")
            self.problems.error(Place(name, problem.line), problem.path, message)
            return None
        except TooMuch:
            self.problems.error(Place(name, 1), (), _TOO_MUCH)
            return None
        assert isinstance(content_of_root, dict)
        return content_of_root


@dataclass
class _Opening:
    """Lays one file open."""

    reading: Reading
    file: str

    def entry(self, node: Node, path: KeyPath, depth: int) -> Entry:
        self.reading.left -= 1
        if self.reading.left < 0 or depth > MAX_DEPTH:
            raise TooMuch
        place = Place(self.file, node.line)
        if isinstance(node.content, Scalar):
            return Entry(place, self._leaf(node.content, place, path))
        if node.is_mapping:
            pairs = {}
            for key, (line, value) in self._pairs(node, path, depth).items():
                key_place = Place(self.file, line)
                inner = self.entry(value, (*path, key), depth + 1)
                pairs[key] = (key_place, Entry(key_place, inner.content))
            return Entry(place, pairs)
        return Entry(place, [self.entry(item, (*path, index), depth + 1) for index, item in enumerate(_items(node))])

    def _pairs(self, node: Node, path: KeyPath, depth: int) -> dict[str, tuple[int, Node]]:
        """Keys with their lines and values; a mapping's own keys win over merged ones, earlier merged over later."""
        self.reading.left -= 1
        if self.reading.left < 0 or depth > MAX_DEPTH:
            raise TooMuch
        own: dict[str, tuple[int, Node]] = {}
        merged: list[Node] = []
        for key, value in _key_values(node):
            if isinstance(key.content, Scalar) and key.content == "<<" and key.content.unquoted:
                merged.append(value)
                continue
            name = self._key(key, path)
            if name is None:
                continue
            if name in own:
                message = f"the same key twice, first in line {own[name][0]}"
                self.reading.problems.error(Place(self.file, key.line), (*path, name), message)
            else:
                own[name] = (key.line, value)
        for value in merged:
            for source in [value] if value.is_mapping else _items(value) or [value]:
                if not source.is_mapping:
                    message = "'<<' takes an alias to a mapping, or a list of them"
                    self.reading.problems.error(Place(self.file, value.line), path, message)
                    continue
                for name, found in self._pairs(source, path, depth + 1).items():
                    self.reading.left -= 1
                    own.setdefault(name, found)
        return own

    def _key(self, key: Node, path: KeyPath) -> str | None:
        said: str | None = None
        if not isinstance(key.content, Scalar):
            said = "a key must be a single word, not a list or mapping"
        elif not key.content:
            said = "an empty key"
        elif key.content.unquoted and not isinstance(meaning(key.content), str):
            kind = _KINDS[type(meaning(key.content))]
            said = f"the key {self.reading.problems.value(key.content)} is {kind} to YAML: quote it"
        if said is not None:
            self.reading.problems.error(Place(self.file, key.line), path, said)
            return None
        name = str(key.content)
        if _VARIABLE.search(name) and not any(str(part).startswith("x-") for part in (*path, name)):
            told = "variables are filled in in values, not in keys: this key keeps its '$'"
            self.reading.problems.warn(Place(self.file, key.line), (*path, name), told)
        return name

    def _leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        value = meaning(scalar) if scalar.unquoted else str(scalar)
        if scalar.unquoted and is_date(scalar) and not any(str(part).startswith("x-") for part in path):
            told = "is a date to Docker's CLI, which writes it with a time and UTC; here it stays as it is: quote it"
            self.reading.problems.warn(place, path, told)
        text = str(scalar) if isinstance(value, str) else as_text(value)
        if not isinstance(value, str) or "$" not in text:
            return Leaf(text, value, digits=str(scalar) if type(value) is int else None)
        problems = self.reading.problems
        try:
            filled = fill(text, self.reading.variables.lookup)
        except BadTemplate as problem:
            for one in problem.args:
                problems.error(place, path, f"{one} (in {problems.value(text)})")
            return Leaf(text, text, text, failed=True)
        for name in dict.fromkeys(filled.unset):
            problems.warn(place, path, f"the variable {name} is not set: nothing is put in its place")
        for remark in filled.remarks:
            problems.warn(place, path, remark)
        return Leaf(filled.text, filled.text, text)


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
