"""What a start costs beside another one, in CPU seconds: for tests that hold a ratio of both on any machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

AT_LEAST, AT_MOST = 7, 40
"""Rounds. Other work on the machine only adds to what a process costs: the least of many is what it costs by itself."""


def beside(ours: Sequence[str], floor: Sequence[str], *, cwd: Path, bound: float) -> float:
    """How many times the CPU seconds of ``floor`` ours takes, both words for Python: the least of one over the least of
    the other, run in turn until that is below the bound. Compiled modules are kept below the folder."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"PYTHONPYCACHEPREFIX": str(cwd / "compiled"), "PYTHONPATH": str(Path(__file__).parents[1])}
    least = [float("inf"), float("inf")]
    for number in range(AT_MOST):
        for place, words in enumerate((ours, floor)):
            cost = _cost(words, cwd, environ)
            if number:  # the first compiles
                least[place] = min(least[place], cost)
        if number >= AT_LEAST and least[0] < bound * least[1]:
            break
    return least[0] / least[1]


def _cost(words: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=cwd, env=environ)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
