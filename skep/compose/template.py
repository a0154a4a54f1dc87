"""``${VAR}`` in values: all forms of the Compose Specification, nested ones too.

``$VAR`` and ``${VAR}``; ``-`` and ``:-`` give a default, ``+`` and ``:+`` an alternative, ``?`` and ``:?`` an
error; the form with a colon takes an empty value for none. ``$$`` is a plain ``$``.

One habit of Docker's CLI is kept (``template.go`` there): an operator right after an unbraced ``$VAR`` counts,
up to the next ``}``. Another is not: it takes a default as it stands, with its ``$``. Both are warned of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_GIVEN = 4 * 1024 * 1024
"""Characters that all variables of a load may give together."""
MAX_NESTED = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-+?]")
_UNBRACED = re.compile(r":?[-?]")
_PLAIN = re.compile(r"[^$]+")
_PLAIN_IN_BRACES = re.compile(r"[^$}]+")

Lookup = Callable[[str], str | None]


class BadTemplate(Exception):
    """A text that cannot be filled in; its text says why and holds no value."""


@dataclass
class Filled:
    """The text with its variables, those that had no value, and remarks."""

    text: str
    unset: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Scan:
    """One pass over a text. What is not ``live`` is a branch that is not taken: nothing is looked up there."""

    text: str
    lookup: Lookup
    filled: Filled
    as_cli: bool
    at: int = 0

    def until(self, *, inside: bool, live: bool, depth: int) -> str:
        """The text from here to its end, or, ``inside`` braces, to the one that closes."""
        parts: list[str] = []
        plain = _PLAIN_IN_BRACES if inside else _PLAIN
        while self.at < len(self.text):
            run = plain.match(self.text, self.at)
            if run:
                self.at = run.end()
                parts.append(run.group())
            elif self.text[self.at] == "}":
                self.at += 1
                return "".join(parts)
            else:
                parts.append(self._variable(live=live, depth=depth))
        if inside:
            raise BadTemplate("'${' without a closing '}'")
        return "".join(parts)

    def _variable(self, *, live: bool, depth: int) -> str:
        if depth > MAX_NESTED:
            raise BadTemplate(f"variables nested more than {MAX_NESTED} deep")
        if self.text.startswith("$$", self.at):
            self.at += 2
            return "$"
        braced = self.text.startswith("${", self.at)
        name = _NAME.match(self.text, self.at + (2 if braced else 1))
        if name is None:
            raise BadTemplate("a '$' that no variable's name follows: write $$ for a plain $")
        self.at = name.end()
        if not braced:
            return self._unbraced(name.group(), live=live)
        if self.text.startswith("}", self.at):
            self.at += 1
            return self._value(name.group(), live=live)
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            shown = "'${' without a closing '}'" if self.at >= len(self.text) else "'${VAR' may be followed by"
            raise BadTemplate(shown if self.at >= len(self.text) else f"{shown} }}, -, :-, +, :+, ? or :? only")
        self.at = operator.end()
        return self._chosen(name.group(), operator.group(), live=live, depth=depth)

    def _unbraced(self, name: str, *, live: bool) -> str:
        operator = _UNBRACED.match(self.text, self.at) if self.as_cli else None
        if operator is None:
            return self._value(name, live=live)
        end = self.text.find("}", operator.end())
        end = len(self.text) if end < 0 else end
        rest = self.text[operator.end() : end]
        self.at = end
        self.filled.remarks.append(
            f"Docker takes what follows ${name} for its {'default' if '-' in operator.group() else 'error'}:"
            f" write ${{{name}}} if that is not meant"
        )
        value = self.lookup(name) if live else None
        missing = value is None or (not value and operator.group().startswith(":"))
        if missing and live and "?" in operator.group():
            raise BadTemplate(_required(name, rest))
        return rest if missing else value or ""

    def _chosen(self, name: str, operator: str, *, live: bool, depth: int) -> str:
        value = self.lookup(name) if live else None
        missing = value is None or (not value and operator.startswith(":"))
        start = self.at
        if operator.endswith("?"):
            self.until(inside=True, live=False, depth=depth + 1)
            if missing and live:
                raise BadTemplate(_required(name, self.text[start : self.at - 1]))
            return value or ""
        taken = live and missing == operator.endswith("-")
        other = self.until(inside=True, live=taken, depth=depth + 1)
        if operator.endswith("-") and "$" in self.text[start : self.at - 1]:
            self.filled.remarks.append(
                f"Docker's CLI takes the default of ${{{name}}} as it stands, with its '$'; here it is filled in"
            )
        if operator.endswith("+"):
            return other if taken else ""
        return other if taken else value or ""

    def _value(self, name: str, *, live: bool) -> str:
        value = self.lookup(name) if live else ""
        if value is None:
            self.filled.unset.append(name)
        return value or ""


def _required(name: str, message: str) -> str:
    told = "".join(char if char.isprintable() else " " for char in message[:200]).strip()
    return f"the variable {name} is needed" + (f": {told}" if told else "")


def fill(text: str, lookup: Lookup, *, as_cli: bool = True) -> Filled:
    """The text with all variables replaced. ``lookup`` gives a value or ``None``. Raises ``BadTemplate``.

    ``as_cli``: with the habit of Docker's CLI.
    """
    filled = Filled(text)
    if "$" in text:
        filled.text = _Scan(text, lookup, filled, as_cli).until(inside=False, live=True, depth=0)
    return filled
