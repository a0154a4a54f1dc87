"""``.env`` beside the file, as Compose reads it. Source: ``dotenv/parser.go`` of compose-spec/compose-go."""

from __future__ import annotations

import re

from skep.compose.template import BadTemplate, fill
from skep.compose.variables import Variables, decoded
from skep.reading.findings import Place

_BLANK = re.compile(r"\s*(?:#[^\n]*\s*)*")
_NAME = re.compile(r"(?:export[ \t]+)?([^\W\d][\w.-]*)[ \t]*[=:][ \t]*")
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}\\]++|\\[\s\S])*+){quote}") for quote in "\"'"}
_REST = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
_LINE = re.compile(r"[^\n]*")
_LITERAL = "in single quotes a $ stays as it is"
"""Nothing of the value is shown: what looks like a variable may be a part of a password."""
_ESCAPES = {**dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)), '"': '"', "\\": "\\", "$": "$$"}


def read_dotenv(file: str, content: bytes, variables: Variables) -> None:
    """Add what the file gives to ``variables.dotenv``, and note what is wrong with it.

    ``NAME=value`` a line, with ``export`` before it or not; ``#`` begins a comment. A value in quotes may go over
    several lines. In single ones it is literal; else variables known so far are filled in, and in double ones a
    backslash and ``n`` are a new line.
    """
    text = decoded(file, content, variables.findings)
    if text is None:
        return
    if "\0" in text:
        variables.findings.error(
            (), "a character that no text can hold", Place(file, text[: text.index("\0")].count("\n") + 1)
        )
        return
    at, line, seen = 0, 1, 0
    while (at := _ended(_BLANK, text, at)) < len(text):
        line, seen = line + text.count("\n", seen, at), at
        at = _entry(text, at, Place(file, line), variables)


def _entry(text: str, at: int, place: Place, variables: Variables) -> int:
    """Read one variable; gives where it ends."""
    named = _NAME.match(text, at)
    if named is None:
        variables.findings.error((), "a line that is not NAME=value", place)
        return _ended(_LINE, text, at)
    name, at = named[1], named.end()
    pattern = _QUOTED.get(text[at : at + 1])
    if pattern is None:
        end = _ended(_LINE, text, at)
        _set(name, text[at:end].split(" #", 1)[0].rstrip(), place, variables)
        return end
    quoted = pattern.match(text, at)
    if quoted is None:
        variables.findings.error((name,), "a quote that is never closed", place)
        return len(text)
    if _REST.match(text, quoted.end()) is None:
        variables.findings.error((name,), "only a comment can follow the closing quote", place)
    elif quoted[0][0] == "'":
        variables.dotenv[name] = (quoted[1].replace("\\'", "'"), place)
    else:
        _set(name, re.sub(r"\\([\s\S])", lambda found: _ESCAPES.get(found[1], found[0]), quoted[1]), place, variables)
    return _ended(_LINE, text, quoted.end())


def _set(name: str, value: str, place: Place, variables: Variables) -> None:
    findings = variables.findings
    try:
        filled = fill(value, variables.lookup, as_cli=False)
    except BadTemplate:
        findings.error((name,), f"its value cannot be filled in: {_LITERAL}", place)
        return
    if filled.unset:
        findings.error((name,), f"a variable in its value is not set: {_LITERAL}", place)
    variables.dotenv[name] = (filled.text, place)


def _ended(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None
    return found.end()
