"""A template's text -> pieces: plain text and actions, each action a list of tokens. Source: Go's ``parse/lex.go``."""

from __future__ import annotations

import re

from skep.dataclass import dataclass
from skep.gotemplate.error import TemplateError

LEFT, RIGHT = "{{", "}}"
_SPACE = " \t\r\n"
_COMMENT = re.compile(r"\{\{(- )?\s*/\*.*?\*/\s*?( -)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:\\.[^'\n]*|[^'\\\n])')
    | (?P<declare>:=)
    | (?P<punctuation>[=|(),])
    | (?P<number>[+-]?(?:[0-9]|\.[0-9])[0-9a-zA-Z_.]*(?:(?<=[eEpP])[+-][0-9]+)?)
    | (?P<field>\.[^\W\d]\w*)
    | (?P<dot>\.)
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    """,
    re.VERBOSE,
)
_ENDS = ("space", "declare", "punctuation", "field", "dot")
"""What may stand right behind a word, a field or a variable."""
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9](?:_?[0-9])*)|0[xX](?:_?[0-9a-fA-F])+|0[oO]?(?:_?[0-7])+|0[bB](?:_?[01])+"
    r"|(?:[0-9](?:_?[0-9])*\.(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9]+)?)"
)
_ESCAPE = re.compile(r"""\\(?:[abfnrtv\\'"]|[0-3][0-7]{2}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})""")
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an action; ``kind`` is a group of the pattern above."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Plain text (``tokens`` is ``None``) or an action."""

    text: str = ""
    tokens: tuple[Token, ...] | None = None


def pieces(text: str) -> list[Piece]:
    """The template in pieces, white space trimmed where ``{{-`` and ``-}}`` ask for it."""
    found: list[Piece] = []
    at, trim = 0, False
    while True:
        left = text.find(LEFT, at)
        plain = text[at : len(text) if left < 0 else left]
        if trim:
            plain = plain.lstrip(_SPACE)
        if left < 0:
            return [*found, Piece(plain)] if plain else found
        before = text.startswith("-", left + 2) and text[left + 3 : left + 4] in tuple(_SPACE)
        if before:
            plain = plain.rstrip(_SPACE)
        if plain:
            found.append(Piece(plain))
        begin = left + 2 + (2 if before else 0)
        if text.startswith("/*", begin):
            at, trim = _behind_comment(text, begin)
            continue
        tokens, at, trim = _action(text, begin)
        found.append(Piece(tokens=tuple(tokens)))


def _behind_comment(text: str, begin: int) -> tuple[int, bool]:
    end = text.find("*/", begin + 2)
    if end < 0:
        raise TemplateError("unclosed comment")
    for close, trim in ((RIGHT, False), *((f"{space}-{RIGHT}", True) for space in _SPACE)):
        if text.startswith(close, end + 2):
            return end + 2 + len(close), trim
    raise TemplateError("comment ends before closing delimiter")


def _action(text: str, at: int) -> tuple[list[Token], int, bool]:
    tokens: list[Token] = []
    while True:
        if text[at : at + 1] in tuple(_SPACE) and text.startswith(f"-{RIGHT}", at + 1):
            return tokens, at + 4, True
        if text.startswith(RIGHT, at):
            return tokens, at + 2, False
        match = _TOKEN.match(text, at)
        if match is None or not match[0]:
            raise TemplateError(_stray(text, at))
        kind = str(match.lastgroup)
        _check(kind, match[0], text, match.end(), tokens)
        tokens.append(Token(kind, match[0]))
        at = match.end()


def _stray(text: str, at: int) -> str:
    if at >= len(text):
        return "unclosed action"
    char = text[at]
    if char in "\"'`":
        return {'"': "unterminated quoted string", "'": "unterminated character constant"}.get(
            char, "unterminated raw quoted string"
        )
    return "expected :=" if char == ":" else f"unexpected {char!r} in the action"


def _check(kind: str, token: str, text: str, end: int, tokens: list[Token]) -> None:
    """What Go's lexer looks at around a token."""
    if kind == "number" and not _NUMBER.fullmatch(token):
        raise TemplateError(f"bad number syntax: {token!r}")
    if kind in ("string", "char") and "\\" in _ESCAPE.sub("", token):
        raise TemplateError(f"{token} has an escape that Go does not know")
    if kind == "char" and len(_ESCAPE.sub("x", token)) != 3:
        raise TemplateError(f"malformed character constant: {token}")
    if kind in ("field", "variable", "word") and not _closes(text, end):
        raise TemplateError(f"bad character {text[end]!r} behind {token}")


def _closes(text: str, end: int) -> bool:
    if text.startswith(RIGHT, end) or end >= len(text):
        return True
    return text[end] in f"{_SPACE}.,|:)(="


def unquoted(token: Token) -> str:
    """The text that a string of a template stands for."""
    if token.kind == "raw":
        return token.text[1:-1]
    return _ESCAPE.sub(_unescaped, token.text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    body = match[0][1:]
    if body in _ESCAPED:
        return _ESCAPED[body]
    if body[0] in "xuU":
        return chr(int(body[1:], 16)) if int(body[1:], 16) < 0x110000 else "\ufffd"
    return chr(int(body, 8)) if body.isdigit() else body
