"""Numbers of the Engine API as people write them: ``90s``, ``1.5G``, ``0440``, ``0.5 CPUs``. Exact: two numbers that
differ never come out the same, and each text read again is the number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

_TIMES = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_SIZES = {"T": 2**40, "G": 2**30, "M": 2**20, "K": 2**10}
_LARGEST = 9999
"""Of one time unit; beyond, a duration is written in several."""


def in_units(key: str, values: Sequence[object]) -> list[Any]:
    """Values of one key, all in the same unit; what is no number, or of a key that has no unit, stays as it is."""
    numbers = [value for value in values if type(value) is int and value >= 0]
    if key not in _KEYS or not numbers:
        return list(values)
    texts = iter(_KEYS[key](numbers))
    return [next(texts) if type(value) is int and value >= 0 else value for value in values]


def duration_text(nanoseconds: int) -> str:
    """As Go prints a duration: ``1m30s``, ``1.5s``, ``250ms``."""
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 10**3), ("ms", 10**6)):
        if nanoseconds < size * 1000:
            return f"{_decimal(nanoseconds, size)}{unit}"
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 10**9)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def seconds_text(seconds: float) -> str:
    """Seconds as people write durations: ``90`` is ``1m30s``, ``300`` is ``5m``; above a second in whole ones."""
    text = duration_text(math.ceil(seconds) * 10**9 if seconds > 1 else round(seconds * 10**9))
    return re.sub(r"(?<=[hm])0[ms](0s)?$", "", text)


def age(seconds: float) -> str:
    """In one unit, as a person would say it."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def size(number: int) -> str:
    """Bytes in the largest unit of which there are ten, as a person would say it: ``12 GiB``, ``11264 TiB``."""
    left = float(number)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if left < 10 * 1024:
            return f"{left:.0f} {unit}"
        left /= 1024
    return f"{left:.0f} TiB"


def _durations(numbers: Sequence[int]) -> list[str]:
    """Nanoseconds."""
    for unit, size in _TIMES.items():
        if any(numbers) and all(number % size == 0 and number // size <= _LARGEST for number in numbers):
            return [f"{number // size}{unit}" for number in numbers]
    return [_compound(number) for number in numbers]


def _compound(number: int) -> str:
    parts = []
    for unit, size in _TIMES.items():
        count, number = divmod(number, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _sizes(numbers: Sequence[int]) -> list[str]:
    """Bytes; in the largest unit in which all are at least one, with two decimals at most."""
    for unit, size in _SIZES.items():
        if any(numbers) and all(number == 0 or (number >= size and number * 100 % size == 0) for number in numbers):
            return [f"{_decimal(number, size)}{unit}" for number in numbers]
    return [f"{number}b" for number in numbers]


def _cpus(numbers: Sequence[int]) -> list[str]:
    """Billionths of a CPU."""
    return [f"{_decimal(number, 10**9)} CPU{'' if number == 10**9 else 's'}" for number in numbers]


def _modes(numbers: Sequence[int]) -> list[str]:
    """Permissions of a file."""
    return [f"{number:04o}" for number in numbers]


def _decimal(number: int, size: int) -> str:
    """The exact quotient, of which the caller knows that it ends."""
    whole, rest = divmod(number, size)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, size)
        digits += str(digit)
    return f"{whole}.{digits}" if digits else str(whole)


_KEYS: dict[str, Callable[[Sequence[int]], list[str]]] = {
    **dict.fromkeys(
        ("StopGracePeriod", "Interval", "Timeout", "StartPeriod", "StartInterval", "Delay", "Window", "Monitor",
         "HeartbeatPeriod", "NodeCertExpiry"),
        _durations,
    ),
    **dict.fromkeys(("MemoryBytes", "SwapBytes", "SizeBytes"), _sizes),
    "NanoCPUs": _cpus,
    "Mode": _modes,
}  # fmt: skip
"""Keys of the Engine API whose numbers have a unit."""
