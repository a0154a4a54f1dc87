"""``test``: what CI runs, in the order of what fails fastest."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from skep import lab
from skep.errors import LabError, SkepError, UsageError
from skep.report import Reporter

BIN = Path(sys.executable).parent
SCRIPTS = sorted(path for folder in ("bench", "roles", "skep") for path in Path(folder).rglob("*.sh"))
STATIC = (
    ("lint", [str(BIN / "ruff"), "check", "."]),
    ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("types", [str(BIN / "mypy")]),
    ("import contracts", [str(BIN / "lint-imports")]),
    ("scripts", [str(BIN / "shellcheck"), "-x", *map(str, SCRIPTS)]),
)
PYTEST = [sys.executable, "-m", "pytest"]
UNIT = ["tests/unit", "tests/roles", "tests/world"]
LABS = {
    "lab": (("stacks against Docker's own CLI", "tests/oracle"), ("lab tests", "tests/lab")),
    "vm": (("a cluster of virtual machines", "tests/vm"),),
}
"""Parts that need hosts of a lab."""
NOTHING_CHOSEN = 5
"""pytest's status when no test has the keyword."""
PARTS = ("static", "unit", "lab")
"""What is run when no part is chosen."""
ASKED_FOR = ("vm",)
"""Run only when chosen: it takes many minutes where machines are emulated."""
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a scheduler's stop, and a terminal that is closed."""


def run(tell: Reporter, *, only: str | None, keyword: str | None) -> None:
    """Run the parts; raise ``SkepError`` for the first that fails, ``UsageError`` if no test has the keyword. The last
    line is pytest's own."""
    if only and only not in (known := (*PARTS, *ASKED_FOR)):
        raise UsageError(f"--only {only} is not one of {', '.join(known)}")
    if only in (None, "static"):
        for name, argv in STATIC:
            _must(tell, name, argv)
    chosen = [_must(tell, name, argv, keyword) for name, argv in _pytests(tell, only)]
    if keyword and only != "static" and not any(chosen):
        raise UsageError(f"no test that can run here is called {keyword}", next_action="see what pytest -k takes")


def write_golden(tell: Reporter, keyword: str | None) -> None:
    """Write the golden texts of all cases anew, or of those with the keyword; ``git diff`` then shows what changed."""
    argv = ["env", "-u", "CI", "SKEP_GOLDEN=write", *PYTEST, "-q", "-m", "golden", *_unit()]
    _must(tell, "golden texts", argv, keyword)


def _unit() -> list[str]:
    return [folder for folder in UNIT if Path(folder).exists()]


def _pytests(tell: Reporter, only: str | None) -> Iterator[tuple[str, list[str]]]:
    if only in (None, "unit"):
        yield "unit tests", [*PYTEST, "-q", "--durations=10", "-n", "auto", *_unit()]
    if only is None or only in LABS:
        reason = lab.unsupported()
        if reason and only:
            raise LabError(f"the {only} tests cannot run here", cause=reason)
        if reason:
            tell.say(f"not run, the lab tests: {reason}")
            return
        for name, folder in LABS[only or "lab"]:
            yield name, [*PYTEST, "-v", "--tb=short", *(["-s"] if only in ASKED_FOR else ["--durations=10"]), folder]


def _must(tell: Reporter, name: str, argv: list[str], keyword: str | None = None) -> bool:
    """Run it; false where no test has the keyword."""
    tell.say(f"── {name}")
    sys.stdout.flush()
    status = _status([*argv, *(["-k", keyword] if keyword else [])])
    if keyword and status == NOTHING_CHOSEN:
        return False
    if status:
        raise SkepError(f"{name} failed", next_action="see above")
    return True


def _status(argv: list[str]) -> int:
    """How a program ended. A stop is passed on to it, once, and then it is waited for until it has cleaned up, however
    often the stop is repeated: in a process group of its own, a terminal's Ctrl-C does not reach it."""
    stops: list[int] = []
    heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: stops.append(number)) for number in heeded}
    try:
        program, passed_on = subprocess.Popen(argv, process_group=0), False
        while (status := program.poll()) is None:
            if stops and not passed_on:
                program.terminate()
                passed_on = True
            time.sleep(0.1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stops:
        raise KeyboardInterrupt
    return status
