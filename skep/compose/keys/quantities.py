"""Durations, byte sizes, CPUs and shell words as Docker's CLI reads them. All raise ``ValueError`` with a reason."""

from __future__ import annotations

import re

_LARGEST = 2**63 - 1
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_SIZE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+) ?([kmgtp]?)(?:(?<=[kmgtp])i?b|b)?", re.IGNORECASE)
_CPUS = re.compile(r"([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][-+]?[0-9]{1,2})?|[0-9]{1,20}/[0-9]{1,20}")
_LONGEST = 100
_NO_DURATION = "must be a duration such as 30s or 1m30s"


class Duration(int):
    """Nanoseconds."""


class Size(int):
    """Bytes."""


def duration(text: str) -> Duration:
    """``1h30m``, ``1.5s``, ``500ms`` … as nanoseconds; Go's ``time.ParseDuration`` without negative ones."""
    if text.lstrip("+") == "0":
        return Duration(0)
    rest, total = text.removeprefix("+")[: _LONGEST + 1], 0
    if rest.startswith("-"):
        raise ValueError("must be 0 or more")
    if not rest or len(rest) > _LONGEST:
        raise ValueError(_NO_DURATION)
    while rest:
        part = _PART.match(rest)
        if part is None or not (part[1] or part[2]):
            unitless = rest.replace(".", "", 1).isdigit()
            raise ValueError(f"must have a unit, such as {rest}s" if unitless else _NO_DURATION)
        unit = _UNITS[part[3]]
        total += int(part[1] or 0) * unit + int(part[2] or 0) * unit // 10 ** len(part[2] or "")
        rest = rest[part.end() :]
    if total > _LARGEST:
        raise ValueError("must be less than 292 years")
    return Duration(total)


def size(text: str) -> Size:
    """``64M``, ``1.5 GiB``, ``1024`` … as bytes; units are powers of 1024, as go-units' ``RAMInBytes``."""
    match = _SIZE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError("must be a size such as 64M or 1.5G")
    power = "kmgtp".index(match[2].lower()) + 1 if match[2] else 0
    number = int(float(match[1]) * 1024**power)
    if number > _LARGEST:
        raise ValueError("must be an amount that a machine can have")
    return Size(number)


def nano_cpus(text: str) -> int:
    """``0.5`` CPUs as billionths."""
    if not _CPUS.fullmatch(text) or re.search(r"/0+$", text):
        raise ValueError("must be a number of CPUs such as 0.5")
    number, _, below = text.partition("/")
    number, _, exponent = number.lower().partition("e")
    whole, _, decimals = number.partition(".")
    power = int(exponent or 0)
    parts: int = int(below or 1) * 10 ** (len(decimals) + max(-power, 0))
    billionths: int = int(whole + decimals or 0) * 10 ** (9 + max(power, 0))
    nano, rest = divmod(billionths, parts)
    if rest:
        raise ValueError("must have at most nine decimals")
    if nano > _LARGEST:
        raise ValueError("must be an amount that a machine can have")
    return nano


_NEXT = {'"': "double", "'": "single", "\\": "escaped"}


def words(text: str) -> list[str]:
    """A command line as a list of words: quotes, backslashes and ``#`` comments, as Google's shlex for Go splits."""
    found: list[str] = []
    word: list[str] | None = None
    state = "plain"
    for char in text:
        if state == "comment":
            state = "plain" if char == "\n" else state
        elif state in ("escaped", "escaped in double"):
            assert word is not None
            word.append(char)
            state = "plain" if state == "escaped" else "double"
        elif state == "single" or (state == "double" and char not in '"\\'):
            assert word is not None
            if state == "single" and char == "'":
                state = "plain"
            else:
                word.append(char)
        elif state == "double":
            state = "plain" if char == '"' else "escaped in double"
        elif char in " \t\r\n":
            if word is not None:
                found.append("".join(word))
            word = None
        elif word is None and char == "#":
            state = "comment"
        else:
            word = [] if word is None else word
            state = _NEXT.get(char, "plain")
            if state == "plain":
                word.append(char)
    if state.startswith("escaped"):
        raise ValueError("ends with a backslash that escapes nothing")
    if state in ("single", "double"):
        raise ValueError("has a quote that is never closed")
    return [*found, "".join(word)] if word is not None else found
