"""YAML text -> nodes with lines. Safe and bounded: no tags run code, no alias grows without end."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import yaml

from skep.dataclass import dataclass
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.plain import text_of
from skep.reading.scalars import NULLS, Scalar

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_PLAIN_WORDS = (
    ("'\\t' that cannot start any", "a tab where none may be: indent with spaces"),
    ("cannot start any token", "a special character where none may be: quote the value"),
    ("mapping values are not allowed", "a ':' where none may be: check the indentation, quote a value with ': ' in it"),
    ("could not find expected ':'", "a key without ':'"),
    ("found unexpected end of stream", "a quote that is never closed"),
    ("found undefined alias", "an alias (*name) without an anchor (&name) before it"),
    ("expected ',' or", "a bracket or brace that is never closed, or a missing comma"),
    ("expected <block end>", "the indentation does not fit the lines above"),
    ("special characters are not allowed", "a control character, which YAML does not allow"),
)


@dataclass
class Node:
    """One value of the file. ``content`` is a scalar, a list of nodes, or a list of key and value nodes."""

    line: int
    content: Scalar | list[Node] | list[tuple[Node, Node]]
    is_mapping: bool = False


class Unreadable(Exception):
    """The text cannot be taken as YAML at all; carries the line, and the key path where that is known."""

    def __init__(self, message: str, line: int = 1, path: KeyPath = ()) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.path = path


@dataclass
class _Composer:
    """Builds nodes from the parser's events; anchors are shared nodes, so a bomb stays small here."""

    parser: Any
    form: Form
    anchors: dict[str, Node] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    path: list[str | int] = field(default_factory=list)
    """To the node being built."""

    def document(self) -> Node | None:
        self._next(yaml.StreamStartEvent)
        if self.parser.check_event(yaml.StreamEndEvent):
            return None
        self._next(yaml.DocumentStartEvent)
        root = self._node(0)
        self._next(yaml.DocumentEndEvent)
        while not self.parser.check_event(yaml.StreamEndEvent):
            line = _line(self._next(yaml.DocumentStartEvent))
            if self._node(0).content != "":
                raise Unreadable(f"a second document ('---'): {self.form.single}", line)
            self._next(yaml.DocumentEndEvent)
        return root

    def _next(self, kind: type[object]) -> object:
        event = self.parser.get_event()
        if not isinstance(event, kind):
            raise Unreadable("not valid YAML", _line(event))
        return event

    def _node(self, depth: int) -> Node:
        event = self.parser.get_event()
        line = _line(event)
        if depth > MAX_DEPTH:
            raise Unreadable(f"nested more than {MAX_DEPTH} levels deep", line)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(str(event.anchor), line)
        tag = getattr(event, "tag", None)
        if tag not in _TAGS and tag not in (None, "!"):
            raise Unreadable(f"the YAML tag '{str(tag)[:60]}' is not allowed", line, tuple(self.path))
        anchor = event.anchor
        if anchor:
            self.open_anchors.add(anchor)
        node = self._filled(event, line, depth)
        if anchor:
            self.open_anchors.discard(anchor)
            self.anchors[anchor] = node
        return node

    def _aliased(self, anchor: str, line: int) -> Node:
        if anchor in self.open_anchors:
            raise Unreadable(f"the alias *{anchor} stands inside what it refers to", line)
        if anchor not in self.anchors:
            raise Unreadable(f"not valid YAML: the alias *{anchor} has no anchor (&{anchor}) before it", line)
        return self.anchors[anchor]

    def _filled(self, event: object, line: int, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in event.value):
                raise Unreadable("a value with a character that no text can hold", line)
            unquoted = event.style in (None, "") and event.tag in (None, *(_TAGS - {"tag:yaml.org,2002:str"}))
            return Node(line, Scalar.written(event.value, unquoted=unquoted))
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not self.parser.check_event(yaml.SequenceEndEvent):
                items.append(self._below(len(items), depth))
            self.parser.get_event()
            return Node(line, items)
        pairs: list[tuple[Node, Node]] = []
        while not self.parser.check_event(yaml.MappingEndEvent):
            key = self._node(depth + 1)
            pairs.append((key, self._below(str(key.content) if isinstance(key.content, Scalar) else "?", depth)))
        self.parser.get_event()
        return Node(line, pairs, is_mapping=True)

    def _below(self, part: str | int, depth: int) -> Node:
        self.path.append(part)
        node = self._node(depth + 1)
        self.path.pop()
        return node


@dataclass(frozen=True)
class Form:
    """What a file is, for messages about its whole."""

    empty: str
    """What to write into an empty one."""
    key: str
    """A key of its top level."""
    single: str
    """Why one file is one document."""


def read(content: bytes, file: str, form: Form, findings: Findings) -> Node | None:
    """The root node, a mapping, of a file's content; ``None`` after noting why it cannot be read."""
    try:
        node = _composed(_text(content), form)
        if node is None or (isinstance(node.content, Scalar) and node.content.unquoted and node.content in NULLS):
            raise Unreadable(f"the file is empty: {form.empty}")
        if not node.is_mapping:
            kind = "a list" if isinstance(node.content, list) else "a single value"
            raise Unreadable(f"the file must be a mapping of keys such as '{form.key}', not {kind}", node.line)
    except Unreadable as problem:
        findings.error(problem.path, problem.message, Place(file, problem.line))
        return None
    return node


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Unreadable(f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        return text_of(content)
    except UnicodeDecodeError as error:
        raise Unreadable("the file is not UTF-8 text", content[: error.start].count(b"\n") + 1) from None


def _composed(text: str, form: Form) -> Node | None:
    """Compose by the fast parser where it is built in; what that refuses is explained by the one in Python."""
    fast = getattr(yaml, "CSafeLoader", None)
    if fast is not None:
        try:
            return _Composer(fast(text), form).document()
        except yaml.YAMLError:
            pass
    try:
        return _Composer(yaml.SafeLoader(text), form).document()
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise Unreadable("not valid YAML: a control character, which YAML does not allow", line) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"not valid YAML: {_said(error)}", _error_line(error)) from None


def _said(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or "it cannot be parsed")
    words = next((words for part, words in _PLAIN_WORDS if part in problem), problem)
    context = getattr(error, "context_mark", None)
    begins = int(context.line) + 1 if context else 0
    return words if begins in (0, _error_line(error)) else f"{words} (it begins in line {begins})"


def _error_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.line) + 1 if mark else 1


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
