"""A template's tree with swarmkit's data -> text. Source: Go's ``text/template/exec.go`` and ``funcs.go``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from skep.dataclass import dataclass
from skep.gotemplate.error import TemplateError
from skep.gotemplate.functions import FUNCTIONS, Struct, shown, truth, type_name
from skep.gotemplate.lexing import LEFT
from skep.gotemplate.parsing import Command, Node, Pipe, Tree, tree_of

DUMMY = Struct(
    "template.Context",
    {
        "Service": Struct("struct", {"ID": "serviceid", "Name": "servicename", "Labels": MappingProxyType({})}),
        "Node": Struct(
            "struct",
            {
                "ID": "nodeid",
                "Hostname": "nodeHostname",
                "Platform": Struct("template.Platform", {"Architecture": "architecture", "OS": "os"}),
            },
        ),
        "Task": Struct("struct", {"ID": "", "Name": "taskname", "Slot": "1"}),
    },
)
"""What swarmkit's ``validateContainerSpec`` expands templates with. Labels are nil there, whatever the service has."""
PAYLOAD_FUNCTIONS = ("secret", "config", "env")
"""What the content of a config or secret may call besides."""
_TEMPLATES = 100


class _Leave(Exception):
    """``break`` or ``continue``."""


@lru_cache(maxsize=1024)
def expanded(text: str) -> str:
    """What swarmkit makes of a template when it looks at a service. Raises ``TemplateError``."""
    return _Run(tree(text)).text()


def tree(text: str, more: Sequence[str] = ()) -> Tree:
    """The template as a tree; ``more`` are further functions. Raises ``TemplateError``."""
    try:
        return tree_of(text, (*FUNCTIONS, *more))
    except RecursionError:
        raise TemplateError("too deeply nested") from None


def payload(text: str, targets: Mapping[str, Collection[str]]) -> None:
    """Expand what a config or secret holds, as a node would for a task that has ``secret`` and ``config`` at these
    ``targets``. Raises ``TemplateError``. What labels and variables the task has is not looked at."""

    def found(kind: str) -> tuple[int, int, Callable[[list[object]], object]]:
        def value(arguments: list[object]) -> object:
            if arguments[0] not in targets[kind]:
                raise TemplateError(f"{kind} target {shown(arguments[0])} not found")
            return ""

        return 1, 1, value

    own = {kind: found(kind) for kind in targets} | {"env": (1, 1, lambda arguments: "")}
    with suppress(_NoEntry):
        _Run(tree(text, PAYLOAD_FUNCTIONS), functions={**FUNCTIONS, **own}).text()


class _NoEntry(TemplateError):
    """A map that lacks a key, as labels do while nobody knows them."""


@dataclass
class _Run:
    """One expansion."""

    tree: Tree
    functions: Mapping[str, Any] = field(default_factory=lambda: FUNCTIONS)
    variables: list[tuple[str, object]] = field(default_factory=lambda: [("$", DUMMY)])
    depth: int = 0

    def text(self) -> str:
        try:
            return "".join(self._walk(self.tree.nodes, DUMMY))
        except RecursionError:
            raise TemplateError("too deeply nested") from None

    def _walk(self, nodes: Sequence[Node], dot: object) -> Iterator[str]:
        for node in nodes:
            if node.kind == "text":
                yield node.text
            elif node.kind == "action":
                assert node.pipe is not None
                value = self._pipe(node.pipe, dot)
                if not node.pipe.names:
                    yield shown(value)
            elif node.kind in ("if", "with"):
                yield from self._branch(node, dot)
            elif node.kind == "range":
                yield from self._range(node, dot)
            elif node.kind == "template":
                yield from self._template(node, dot)
            else:
                raise _Leave(node.kind)

    def _branch(self, node: Node, dot: object) -> Iterator[str]:
        assert node.pipe is not None
        held = len(self.variables)
        value = self._pipe(node.pipe, dot)
        if truth(value):
            yield from self._walk(node.body, value if node.kind == "with" else dot)
        else:
            yield from self._walk(node.other, dot)
        del self.variables[held:]

    def _range(self, node: Node, dot: object) -> Iterator[str]:
        """Over labels only, and those are none when swarmkit looks."""
        assert node.pipe is not None
        held = len(self.variables)
        value = self._pipe(node.pipe, dot)
        if not isinstance(value, Mapping):
            raise TemplateError(f"range can't iterate over {shown(value)}")
        yield from self._walk(node.other, dot)
        del self.variables[held:]

    def _template(self, node: Node, dot: object) -> Iterator[str]:
        if node.text not in self.tree.defined:
            raise TemplateError(f'template "{node.text}" not defined')
        if self.depth >= _TEMPLATES:
            raise TemplateError("exceeded maximum template depth")
        data = self._pipe(node.pipe, dot) if node.pipe else None
        held, self.variables = self.variables, [("$", data)]
        self.depth += 1
        yield from self._walk(self.tree.defined[node.text], data)
        self.depth -= 1
        self.variables = held

    def _pipe(self, pipe: Pipe, dot: object) -> object:
        value: object = None
        for number, command in enumerate(pipe.commands):
            value = self._command(command, dot, [value] if number else [])
        for name in pipe.names:
            if pipe.declares:
                self.variables.append((name, value))
            else:
                self._variable(name)
                index = max(i for i, (known, _) in enumerate(self.variables) if known == name)
                self.variables[index] = (name, value)
        return value

    def _command(self, command: Command, dot: object, final: list[object]) -> object:
        (kind, value), rest = command.words[0], command.words[1:]
        if kind == "function" and value in ("and", "or"):
            return self._until(value == "or", rest, dot, final)
        if kind == "function":
            return self._call(value, [*self._values(rest, dot), *final])
        if kind in ("field", "variable", "chain"):
            arguments = [*self._values(rest, dot), *final]
            return self._access(kind, value, dot, arguments)
        if rest or final:
            raise TemplateError("can't give argument to a value that is no function")
        if kind == "nil":
            raise TemplateError("nil is not a command")
        return self._value(kind, value, dot)

    def _values(self, words: Sequence[tuple[str, object]], dot: object) -> list[object]:
        return [self._value(kind, value, dot) for kind, value in words]

    def _until(self, holds: bool, words: Sequence[tuple[str, object]], dot: object, final: list[object]) -> object:
        """``and`` and ``or``: what comes behind the value that settles it is not looked at."""
        for kind, value in (*words, *(("constant", one) for one in final)):
            found = self._value(kind, value, dot)
            if truth(found) is holds:
                return found
        if not words and not final:
            raise TemplateError(f"wrong number of args for {'or' if holds else 'and'}: 0")
        return found

    def _value(self, kind: str, value: Any, dot: object) -> object:
        if kind in ("field", "variable", "chain"):
            return self._access(kind, value, dot, [])
        if kind == "function":
            return self._call(value, [])
        if kind == "pipe":
            return self._pipe(value, dot)
        return dot if kind == "dot" else value

    def _access(self, kind: str, value: Any, dot: object, arguments: list[object]) -> object:
        if kind == "field":
            at, chain = dot, value
        elif kind == "variable":
            at, chain = self._variable(value[0]), value[1:]
        else:
            at, chain = self._value(value[0][0], value[0][1], dot), value[1]
        if not chain and arguments:
            raise TemplateError("can't give argument to a value that is no function")
        for number, name in enumerate(chain):
            at = self._field(at, name, arguments if number == len(chain) - 1 else [])
        return at

    def _variable(self, desired: str) -> object:
        for name, value in reversed(self.variables):
            if name == desired:
                return value
        raise TemplateError(f"undefined variable: {desired}")

    def _field(self, at: object, name: str, arguments: list[object]) -> object:
        if at is DUMMY and name == "Expand":
            if len(arguments) != 1 or not isinstance(arguments[0], str):
                raise TemplateError("wrong arguments for Expand: want a text")
            return expanded(arguments[0]) if LEFT in arguments[0] else arguments[0]
        if isinstance(at, Struct) and name in at.fields:
            if arguments:
                raise TemplateError(f"{name} has arguments but cannot be invoked as function")
            return at.fields[name]
        if isinstance(at, Mapping):
            raise _NoEntry(f'map has no entry for key "{name}"')
        if at is None:
            raise TemplateError(f"nil data; no entry for key {name!r}")
        raise TemplateError(f"can't evaluate field {name} in type {type_name(at)}")

    def _call(self, name: str, arguments: list[object]) -> object:
        low, high, function = self.functions[name]
        if len(arguments) < low or (high is not None and len(arguments) > high):
            raise TemplateError(f"wrong number of args for {name}: {len(arguments)}")
        return function(arguments)
