"""Golden texts: what a case of a YAML file must give, in the very words. ``./inv test --golden`` writes them anew into
the files, in place, so that a review sees what changed; everywhere else they are compared."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, lists of long words in the width of this repository's files."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def golden(path: Path, place: int, case: Mapping[str, Any], key: str, found: Any) -> Any:
    """What the case at that place of the file (from 0) says under ``key``; while golden texts are written, ``found``,
    which then stands in the file. Cases that are known to fail, with ``fails``, stay as they are.

    Raises ``AssertionError`` where the case has no such key, and ``ValueError`` for what only a hand can write.
    """
    if os.environ.get("SKEP_GOLDEN") == "write" and os.environ.get("CI") != "true" and "fails" not in case:
        if not _same(case.get(key), found):
            path.write_text(rewritten(path.read_text(), place, key, found))
        return found
    assert key in case, f"{path.name}: the case has no {key!r}: ./inv test --golden writes it"
    return case[key]


def _same(one: Any, other: Any) -> bool:
    """Whether nothing differs but line ends behind the last line."""
    return (one.rstrip("\n") == other.rstrip("\n")) if isinstance(one, str) else bool(one == other)


def rewritten(text: str, place: int, key: str, value: Any) -> str:
    """The file's text with another value under the key of the case at that place; all else stays as it is."""
    documents = list(yaml.compose_all(text, yaml.SafeLoader))
    cases = documents[0].value if isinstance(documents[0], yaml.SequenceNode) else documents
    node = cases[place]
    names = [(name, old) for name, old in node.value if name.value == key]
    indent = node.value[0][0].start_mark.column
    block = yaml.dump({key: value}, Dumper=_Dumper, width=WIDTH - indent, allow_unicode=True, sort_keys=False)
    lines = [f"{' ' * indent}{line}".rstrip() + "\n" for line in block.splitlines()]
    new = "".join(lines)[indent:]
    if not names:
        end = _end(text, node.value[-1][1], indent)
        return f"{text[:end]}{' ' * indent}{new}{text[end:]}"
    [(name, old)] = names
    start = name.start_mark.index
    if old.start_mark.index < start:
        raise ValueError(f"case {place}: {key} is an alias of another case's")
    return text[:start] + new + text[_end(text, old, indent) :]


def _end(text: str, node: yaml.Node, indent: int) -> int:
    """Where the node's last line ends: its mark stands behind the empty lines and comments that follow."""
    start = node.start_mark.index
    lines = text[start : node.end_mark.index].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or _comments(lines[-1], indent)):
        lines.pop()
    end = start + sum(map(len, lines))
    return end if text[:end].endswith("\n") else text.find("\n", end) + 1 or len(text)


def _comments(line: str, indent: int) -> bool:
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= indent
