"""One run of a program measured, and many put into words."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import BinaryIO

from skep.errors import SkepError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: its start (seconds since 1970), seconds from start to end, CPU seconds it used on this side, its peak
    memory in bytes, what it printed to stdout and to stderr."""

    start: float
    wall: float
    cpu: float
    peak: int
    out: str
    err: str


def measured(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, ends: int = 0) -> Sample:
    """Run a program to its end. Raises ``SkepError`` if its status is not ``ends``; ends it with us if we end."""
    words = [str(word) for word in argv]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start, since = time.time(), time.monotonic()
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=_environment(env or {}), cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        wall = time.monotonic() - since
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [_text(file) for file in (out, err)]
    if process.returncode != ends:
        raise SkepError(
            f"{Path(words[0]).name} ended with status {process.returncode}",
            cause="\n".join(" ".join(texts).strip().splitlines()[-15:]),
            next_action=f"try it by hand: {' '.join(words)}",
        )
    return Sample(start, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, *texts)


def in_turn(rounds: int, *acts: Callable[[], Sample]) -> list[tuple[Sample, ...]]:
    """A B A B …: neighbours share what else the machine was doing."""
    return [tuple(act() for act in acts) for _ in range(rounds)]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Pair by pair, as text."""
    return ", ".join(f"{one / other:.2f}" for one, other in zip(ours, theirs, strict=True))


def middle(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios pair by pair."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def spread(values: Sequence[float], digits: int = 2) -> tuple[str, str]:
    """The median, and least to most."""
    return f"{median(values):.{digits}f}", f"{min(values):.{digits}f}–{max(values):.{digits}f}"


def verdict(value: float, limit: float, unit: str = "") -> str:
    """A value against its criterion."""
    return f"{value:.2f}{unit} ≤ {limit:g}{unit}: {'met' if value <= limit else '**not met**'}"


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, but that Python keeps what it compiles: nobody should be measured compiling."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
