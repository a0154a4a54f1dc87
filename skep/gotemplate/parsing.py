"""Pieces of a template -> a tree. Source: Go's ``parse/parse.go``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from skep.dataclass import dataclass
from skep.gotemplate.error import TemplateError
from skep.gotemplate.lexing import Piece, Token, pieces, unquoted
from skep.gotemplate.tokens import Words, without_space

_CONSTANTS = {"true": True, "false": False}
DEEPEST = 100
"""Actions and brackets within each other; Go takes some more."""


@dataclass(frozen=True)
class Command:
    """A function, field or value with its arguments: ``words`` are ``(kind, value)``."""

    words: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Pipe:
    """Commands, each fed by the one before; ``names`` are variables that get the value, declared or set."""

    commands: tuple[Command, ...]
    names: tuple[str, ...] = ()
    declares: bool = False


@dataclass(frozen=True)
class Node:
    """``kind`` is text, action, if, with, range, template, break or continue."""

    kind: str
    text: str = ""
    pipe: Pipe | None = None
    body: tuple[Node, ...] = ()
    other: tuple[Node, ...] = ()


@dataclass
class Tree:
    """A parsed template: its nodes, and those of each ``define``."""

    nodes: tuple[Node, ...] = ()
    defined: dict[str, tuple[Node, ...]] = field(default_factory=dict)


def tree_of(text: str, functions: Iterable[str]) -> Tree:
    """Raises ``TemplateError`` where Go's parser would refuse."""
    return _Parser(pieces(text), frozenset(functions)).tree()


class _Parser:
    """One pass over the pieces."""

    def __init__(self, given: Sequence[Piece], functions: frozenset[str]) -> None:
        self.given = list(given)
        self.at = 0
        self.functions = functions
        self.variables = ["$"]
        self.loops = 0
        self.depth = 0
        self.found = Tree()

    def tree(self) -> Tree:
        nodes, ended = self._list(top=True)
        if ended:
            raise TemplateError(f"unexpected {{{{{ended}}}}}")
        self.found.nodes = nodes
        return self.found

    def _list(self, *, top: bool = False) -> tuple[tuple[Node, ...], str]:
        """Nodes up to ``end`` or ``else`` (the word, and what follows an ``else`` stays in the piece)."""
        nodes: list[Node] = []
        while self.at < len(self.given):
            piece = self.given[self.at]
            if piece.tokens is None:
                nodes.append(Node("text", piece.text))
                self.at += 1
                continue
            words = list(piece.tokens)
            while words and words[0].kind == "space":
                words.pop(0)
            first = words[0].text if words and words[0].kind == "word" else ""
            if first in ("end", "else"):
                return tuple(nodes), first
            self.at += 1
            if first == "define":
                if not top:
                    raise TemplateError("unexpected {{define}}")
                self._define(Words(words[1:]))
            else:
                nodes.append(self._node(first, words))
        return tuple(nodes), ""

    def _node(self, first: str, tokens: list[Token]) -> Node:
        if first in ("if", "with", "range"):
            return self._branch(first, Words(tokens[1:]))
        if first in ("break", "continue") and self.loops:
            Words(tokens[1:]).close(first)
            return Node(first)
        if first in ("template", "block"):
            return self._template(first, Words(tokens[1:]))
        words = Words(tokens)
        return Node("action", pipe=self._pipe(words, "command"))

    def _branch(self, kind: str, words: Words) -> Node:
        held = len(self.variables)
        self._deeper()
        pipe = self._pipe(words, kind)
        self.loops += kind == "range"
        body, ended = self._list()
        self.loops -= kind == "range"
        other: tuple[Node, ...] = ()
        if ended == "else":
            other = self._else(kind)
        elif not ended:
            raise TemplateError(f"unexpected EOF: no {{{{end}}}} for {{{{{kind}}}}}")
        else:
            self._end()
        del self.variables[held:]
        self.depth -= 1
        return Node(kind, pipe=pipe, body=body, other=other)

    def _else(self, kind: str) -> tuple[Node, ...]:
        rest = Words(without_space(self.given[self.at].tokens or ())[1:])
        if rest.next_word() == "if" and kind == "if":
            self.at += 1
            rest.take()
            return (self._branch("if", rest),)
        rest.close("else")
        self.at += 1
        other, ended = self._list()
        if ended != "end":
            raise TemplateError("expected end; found {{else}}" if ended else "unexpected EOF")
        self._end()
        return other

    def _end(self) -> None:
        Words(without_space(self.given[self.at].tokens or ())[1:]).close("end")
        self.at += 1

    def _define(self, words: Words) -> None:
        name = words.string("define")
        words.close("define")
        held, self.variables = self.variables, ["$"]
        body, ended = self._list()
        if ended != "end":
            raise TemplateError(f"unexpected {{{{{ended or 'EOF'}}}}} in define clause")
        self._end()
        self.variables = held
        self.found.defined[name] = body

    def _template(self, kind: str, words: Words) -> Node:
        name = words.string(kind)
        pipe = None if words.empty else self._pipe(words, kind)
        if kind == "block":
            if pipe is None:
                raise TemplateError("missing value for block clause")
            held, self.variables = self.variables, ["$"]
            body, ended = self._list()
            if ended != "end":
                raise TemplateError(f"unexpected {{{{{ended or 'EOF'}}}}} in block clause")
            self._end()
            self.variables = held
            self.found.defined[name] = body
        return Node("template", name, pipe)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise TemplateError("too deeply nested")

    def _pipe(self, words: Words, context: str, close: str = "") -> Pipe:
        self._deeper()
        names, declares = self._names(words, context)
        commands: list[Command] = []
        while True:
            words.skip()
            command = self._command(words)
            commands.append(command)
            token = words.take()
            if token is None or token.text == ")":
                if (token is None) == bool(close):
                    raise TemplateError("unclosed left paren" if close else "unexpected right paren")
                break
        if not all(command.words for command in commands):
            raise TemplateError(f"missing value for {context}" if len(commands) == 1 else "missing value for command")
        for stage, command in enumerate(commands[1:], 2):
            if command.words[0][0] in ("constant", "dot", "nil"):
                raise TemplateError(f"non executable command in pipeline stage {stage}")
        self.depth -= 1
        return Pipe(tuple(commands), names, declares)

    def _names(self, words: Words, context: str) -> tuple[tuple[str, ...], bool]:
        words.skip()
        kept = words.at
        names: list[str] = []
        while (token := words.peek()) is not None and token.kind == "variable":
            words.take()
            words.skip()
            names.append(token.text)
            sign = words.peek()
            if sign is not None and sign.text in (":=", "="):
                words.take()
                self.variables += names if sign.text == ":=" else []
                return tuple(names), sign.text == ":="
            if not (sign is not None and sign.text == "," and context == "range" and len(names) == 1):
                break
            words.take()
            words.skip()
        words.at = kept
        return (), False

    def _known(self, name: str) -> None:
        if name not in self.variables:
            raise TemplateError(f"undefined variable {name!r}")

    def _command(self, words: Words) -> Command:
        found: list[tuple[str, object]] = []
        while True:
            token = words.peek()
            if token is None or token.text == ")":
                break
            if token.kind == "space":
                words.take()
                continue
            if token.text == "|":
                if not found:
                    raise TemplateError("missing value for command")
                words.take()
                words.bar = True
                return Command(tuple(found))
            found.append(self._operand(words))
            behind = words.peek()
            if behind is not None and behind.kind != "space" and behind.text not in ("|", ")"):
                raise TemplateError(f"unexpected {behind.text!r} in operand")
        return Command(tuple(found))

    def _operand(self, words: Words) -> tuple[str, object]:
        kind, value = self._term(words)
        chain: list[str] = []
        while (token := words.peek()) is not None and token.kind == "field":
            words.take()
            chain.append(token.text[1:])
        if not chain:
            return kind, value
        if kind in ("constant", "nil"):
            raise TemplateError("unexpected . after term")
        if kind == "dot":
            raise TemplateError('unexpected . after term "."')
        if kind in ("field", "variable"):
            return kind, (*value, *chain)
        return "chain", ((kind, value), tuple(chain))

    def _term(self, words: Words) -> tuple[str, Any]:
        token = words.take()
        assert token is not None
        if token.kind == "word":
            if token.text in _CONSTANTS:
                return "constant", _CONSTANTS[token.text]
            if token.text == "nil":
                return "nil", None
            if token.text not in self.functions:
                raise TemplateError(f"function {token.text!r} not defined")
            return "function", token.text
        if token.kind == "variable":
            self._known(token.text)
            return "variable", (token.text,)
        if token.kind == "field":
            return "field", (token.text[1:],)
        if token.kind == "dot":
            return "dot", None
        if token.kind in ("string", "raw"):
            return "constant", unquoted(token)
        if token.kind == "char":
            return "constant", ord(unquoted(token))
        if token.kind == "number":
            return "constant", _number(token.text)
        if token.text == "(":
            return "pipe", self._pipe(words, "parenthesized pipeline", close=")")
        raise TemplateError(f"unexpected {token.text!r} in operand")


def _number(text: str) -> int | float:
    bare = text.replace("_", "")
    octal = bare.lstrip("+-")
    try:
        return int(bare, 8 if len(octal) > 1 and octal.isdigit() and octal[0] == "0" else 0)
    except ValueError:
        if octal.isdigit():
            raise TemplateError(f"integer overflow: {text!r}") from None
        return float(bare)
