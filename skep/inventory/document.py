"""Nodes -> plain data: aliases and merge keys expanded, references resolved, the line of every key noted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from skep.inventory.findings import Findings, KeyPath
from skep.inventory.references import BadReference, Surroundings
from skep.inventory.scalars import Scalar, plain
from skep.inventory.source import MAX_DEPTH, Node

MAX_VALUES = 200_000

_MERGE = "<<"


class TooMuch(Exception):
    """Aliases make the file grow beyond all measure."""


@dataclass
class Document:
    """A file's data: mappings, lists and ``Scalar``. Extensions (``x-*``) are taken out, as written."""

    data: dict[str, object]
    extensions: dict[str, Any] = field(default_factory=dict)
    host_extensions: dict[str, dict[str, Any]] = field(default_factory=dict)


def expand(root: Node, surroundings: Surroundings, findings: Findings) -> Document | None:
    """The document under a root mapping; ``None`` after noting that it is too large."""
    builder = _Builder(surroundings, findings)
    try:
        data = builder.mapping(root, ())
    except TooMuch:
        message = f"more than {MAX_VALUES} values or {MAX_DEPTH} levels: do aliases (*name) multiply each other?"
        findings.error((), message, broken=True)
        return None
    document = Document(data, _take_extensions(data))
    hosts = data.get("hosts")
    if isinstance(hosts, dict):
        for name, host in hosts.items():
            taken = _take_extensions(host) if isinstance(host, dict) else {}
            if taken:
                document.host_extensions[name] = taken
    return document


def _take_extensions(mapping: dict[str, object]) -> dict[str, object]:
    keys = [key for key in mapping if key.startswith("x-")]
    return {key: plain(mapping.pop(key)) for key in keys}


def _is_raw(path: KeyPath) -> bool:
    """Whether a path is in an extension, where nothing is resolved."""
    at_host = path[2:3] if path[:1] == ("hosts",) else ()
    return any(str(key).startswith("x-") for key in (*path[:1], *at_host))


@dataclass
class _Builder:
    surroundings: Surroundings
    findings: Findings
    count: int = 0

    def value(self, node: Node, path: KeyPath) -> object:
        self._count()
        if len(path) > MAX_DEPTH:
            raise TooMuch
        self.findings.lines.setdefault(path, node.line)
        if isinstance(node.content, Scalar):
            return self._scalar(node.content, path)
        if node.is_mapping:
            return self.mapping(node, path)
        items: list[Any] = node.content
        return [self.value(item, (*path, index)) for index, item in enumerate(items)]

    def mapping(self, node: Node, path: KeyPath) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, (line, value) in self._pairs(node, path).items():
            self.findings.lines.setdefault((*path, key), line)
            result[key] = self.value(value, (*path, key))
        return result

    def _pairs(self, node: Node, path: KeyPath, depth: int = 0) -> dict[str, tuple[int, Node]]:
        """The mapping's own keys, then those of the mappings its merge keys name; the first to come holds."""
        if depth > MAX_DEPTH:
            raise TooMuch
        own: dict[str, tuple[int, Node]] = {}
        merged: list[Node] = []
        pairs: Any = node.content
        for key, value in pairs:
            self._count()
            if not isinstance(key.content, Scalar):
                self.findings.error(path, "a key must be a single word, not a list or mapping", line=key.line)
            elif key.content == _MERGE:
                merged += self._merged(key, value, path)
            elif not key.content:
                self.findings.error(path, "an empty key", line=key.line)
            elif key.content in own:
                first = own[str(key.content)][0]
                message = f"the same key twice, first in line {first}"
                self.findings.error((*path, str(key.content)), message, line=key.line)
            else:
                own[str(key.content)] = (key.line, value)
        for source in merged:
            own = self._pairs(source, path, depth + 1) | own
        return own

    def _merged(self, key: Node, value: Node, path: KeyPath) -> list[Node]:
        content: object = value.content
        sources = content if isinstance(content, list) and not value.is_mapping else [value]
        if all(source.is_mapping for source in sources):
            return list(sources)
        self.findings.error(path, "'<<' takes an alias to a mapping, or a list of them", line=key.line)
        return []

    def _count(self) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise TooMuch

    def _scalar(self, scalar: Scalar, path: KeyPath) -> Scalar | None:
        if scalar.value is None:
            return None
        if "${" not in scalar or _is_raw(path):
            return scalar
        try:
            resolved = self.surroundings.resolve(str(scalar))
        except BadReference as problem:
            self.findings.error(path, str(problem), broken=True)
            return Scalar.written(scalar, plain=False, origin=str(scalar), failed=True)
        origin = str(scalar) if resolved.referenced else None
        if origin is not None:
            self.findings.origins[path] = origin
        return Scalar.written(resolved.text, plain=scalar.unquoted, origin=origin, pure=resolved.pure)
