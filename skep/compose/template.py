"""``${VAR}`` in values: all forms of the Compose Specification, nested ones too.

``$VAR`` and ``${VAR}``; ``-`` and ``:-`` give a default, ``+`` and ``:+`` an alternative, ``?`` and ``:?`` an
error; the form with a colon takes an empty value for none. ``$$`` is a plain ``$``.

One habit of Docker's CLI is kept (``template.go`` there): an operator right after an unbraced ``$VAR`` counts,
up to the next ``}``. Another is not: it takes a default as it stands, with its ``$``, and here variables in it are
filled in. Where a default does not read as a template of variables that there are, as a password hash does not, it is
taken as it stands here, too. All of these are warned of. A default or alternative that is not used is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field

from skep.dataclass import dataclass

MAX_GIVEN = 4 * 1024 * 1024
"""Characters that all variables of a load may give together."""
MAX_NESTED = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-+?]")
_UNBRACED = re.compile(r":?[-?]")
_PLAIN = re.compile(r"[^$]+")
_BRACE = re.compile(r"\$\$|\$\{|\}")

Lookup = Callable[[str], str | None]


class BadTemplate(Exception):
    """A text that cannot be filled in; each of its ``args`` says something that is wrong, and holds no value."""


class _NoTemplate(BadTemplate):
    """It is not written as a template is."""


@dataclass
class Filled:
    """The text with its variables, those that had no value, and remarks."""

    text: str
    unset: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    loose: bool = False
    """Whether one of those without a value stands there without braces."""
    needed: list[str] = field(default_factory=list)
    """What is wrong where a variable must have a value and has none."""


@dataclass
class _Scan:
    """One pass over a text that is nested ``depth`` levels deep."""

    text: str
    lookup: Lookup
    filled: Filled
    as_cli: bool
    depth: int = 0
    at: int = 0

    def filled_in(self) -> Filled:
        """The text with its variables replaced."""
        if self.depth > MAX_NESTED:
            raise BadTemplate(f"variables nested more than {MAX_NESTED} deep")
        parts: list[str] = []
        while self.at < len(self.text):
            run = _PLAIN.match(self.text, self.at)
            if run:
                self.at = run.end()
                parts.append(run.group())
            else:
                parts.append(self._variable())
        self.filled.text = "".join(parts)
        return self.filled

    def _inner(self) -> str:
        """What stands from here to the brace that closes; goes behind that."""
        start, depth = self.at, 0
        while found := _BRACE.search(self.text, self.at):
            self.at = found.end()
            depth += {"${": 1, "}": -1}.get(found.group(), 0)
            if depth < 0:
                return self.text[start : found.start()]
        raise _NoTemplate("'${' without a closing '}'")

    def _variable(self) -> str:
        if self.text.startswith("$$", self.at):
            self.at += 2
            return "$"
        braced = self.text.startswith("${", self.at)
        name = _NAME.match(self.text, self.at + (2 if braced else 1))
        if name is None:
            raise _NoTemplate("a '$' that no variable's name follows: write $$ for a plain $")
        self.at = name.end()
        if not braced:
            return self._unbraced(name.group())
        if self.text.startswith("}", self.at):
            self.at += 1
            return self._value(name.group())
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            shown = "'${' without a closing '}'" if self.at >= len(self.text) else "'${VAR' may be followed by"
            raise _NoTemplate(shown if self.at >= len(self.text) else f"{shown} }}, -, :-, +, :+, ? or :? only")
        self.at = operator.end()
        return self._chosen(name.group(), operator.group(), self._inner())

    def _unbraced(self, name: str) -> str:
        operator = _UNBRACED.match(self.text, self.at) if self.as_cli else None
        if operator is None:
            value = self.lookup(name)
            self.filled.loose |= value is None
            return self._noted(name, value)
        end = self.text.find("}", operator.end())
        end = len(self.text) if end < 0 else end
        rest = self.text[operator.end() : end]
        self.at = end
        self.filled.remarks.append(
            f"Docker takes what follows ${name} for its {'default' if '-' in operator.group() else 'error'}:"
            f" write ${{{name}}} if that is not meant"
        )
        value = self.lookup(name)
        missing = value is None or (not value and operator.group().startswith(":"))
        if missing and "?" in operator.group():
            self.filled.needed.append(_required(name, rest))
            return ""
        return rest if missing else value or ""

    def _chosen(self, name: str, operator: str, inner: str) -> str:
        value = self.lookup(name)
        missing = value is None or (not value and operator.startswith(":"))
        if operator.endswith("?") and missing:
            self.filled.needed.append(_required(name, inner))
        if operator.endswith("+"):
            return "" if missing else self._nested(inner).text
        return self._default(name, inner) if missing and operator.endswith("-") else value or ""

    def _default(self, name: str, inner: str) -> str:
        said = (self.filled.unset, self.filled.remarks, self.filled.needed)
        before = [len(texts) for texts in said]
        try:
            filled = self._nested(inner)
            if not filled.loose:
                if "$" in inner:
                    cli = f"Docker's CLI takes the default of ${{{name}}} as it stands"
                    self.filled.remarks.append(f"{cli}, with its '$'; here it is filled in")
                return filled.text
        except _NoTemplate:
            pass
        for texts, count in zip(said, before, strict=True):
            del texts[count:]
        self.filled.remarks.append(
            f"the default of ${{{name}}} is taken as it stands, as Docker's CLI does: not every '$' in it begins a"
            " variable that is set; write $$ for a plain $"
        )
        return inner

    def _nested(self, inner: str) -> Filled:
        """An inner text filled in; its remarks become remarks of this one."""
        own = Filled(inner, self.filled.unset, self.filled.remarks, needed=self.filled.needed)
        return _Scan(inner, self.lookup, own, self.as_cli, self.depth + 1).filled_in()

    def _value(self, name: str) -> str:
        return self._noted(name, self.lookup(name))

    def _noted(self, name: str, value: str | None) -> str:
        if value is None:
            self.filled.unset.append(name)
        return value or ""


def _required(name: str, message: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in message[:200]).strip()
    return f"the variable {name} is needed" + (f": {text}" if text else "")


def fill(text: str, lookup: Lookup, *, as_cli: bool = True) -> Filled:
    """The text with all variables replaced. ``lookup`` gives a value or ``None``. Raises ``BadTemplate``.

    ``as_cli``: with the habit of Docker's CLI.
    """
    filled = Filled(text)
    if "$" in text:
        _Scan(text, lookup, filled, as_cli).filled_in()
    if filled.needed:
        raise BadTemplate(*dict.fromkeys(filled.needed))
    return filled
