"""A document -> YAML, as ``docker stack config`` prints it; values of secrets as stars."""

from __future__ import annotations

import re

import yaml

from skep.compose.loading import Document
from skep.hidden import masked
from skep.visible import visible


def render(document: Document) -> str:
    """The merged compose files, every value in its long form; a ``$`` as ``$$``, so that read again it is one."""
    data = _escaped(masked(document.record.dump(document.data), document.hidden))
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


class _Dumper(yaml.SafeDumper):
    """Two spaces before list items, no anchors, and quotes around what is no text to Docker's CLI either."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """In double quotes where an escape has to stand for something that cannot be seen: elsewhere YAML knows none."""
    hides = any(visible(line) != line for line in text.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if hides else None)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:bool",
    re.compile(
        r"(?:[yYnN]|[-+]?0o[0-7_]+|[-+]?0b[01_]+|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
    list("yYnN+-.0123456789"),
)
"""PyYAML writes these without quotes, and go-yaml reads them as booleans and numbers."""


def _escaped(value: object) -> object:
    """Variables are filled in in values, not in keys."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value
