"""The tokens of one action, read one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skep.gotemplate.error import TemplateError
from skep.gotemplate.lexing import Token, unquoted


def without_space(tokens: Iterable[Token]) -> list[Token]:
    """The tokens from the first that is no space."""
    found = list(tokens)
    while found and found[0].kind == "space":
        found.pop(0)
    return found


class Words:
    """The tokens of one action, read one after the other."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        self.at = 0
        self.bar = False

    def peek(self) -> Token | None:
        """The next token."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> Token | None:
        """The next token; a bar that ended a command counts as taken."""
        if self.bar:
            self.bar = False
            return Token("punctuation", "|")
        token = self.peek()
        self.at += token is not None
        return token

    def skip(self) -> None:
        """Go past spaces."""
        while (token := self.peek()) is not None and token.kind == "space":
            self.at += 1

    @property
    def empty(self) -> bool:
        """Whether nothing but spaces is left."""
        self.skip()
        return self.peek() is None

    def next_word(self) -> str:
        """The next token, if it is a word."""
        self.skip()
        token = self.peek()
        return token.text if token is not None and token.kind == "word" else ""

    def string(self, context: str) -> str:
        """The name in quotes that must come."""
        self.skip()
        token = self.take()
        if token is None or token.kind not in ("string", "raw"):
            raise TemplateError(f"expected a name in quotes in the {context} clause")
        return unquoted(token)

    def close(self, context: str) -> None:
        """Raise ``TemplateError`` where anything follows."""
        if not self.empty:
            raise TemplateError(f"unexpected {self.tokens[self.at].text!r} in {context}")
