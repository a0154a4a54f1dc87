"""``test``: what CI runs, in the order of what fails fastest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

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
WORKERS = 1 + (os.cpu_count() or 1)
"""Processes for the unit tests: one more than there are processors, since many a test waits for another process."""
SHARED, BESIDE = "cluster", "beside"
"""The marks of lab tests that share a cluster, and of those that share a second one."""
LABS = {
    "lab": (
        "lab tests, and beside them stacks against Docker's own CLI",
        [
            ["tests/lab", "-m", SHARED],
            ["tests/lab", "-m", BESIDE],
            ["tests/lab", "tests/oracle", "-m", f"not {SHARED} and not {BESIDE}"],
        ],
    ),
    "vm": ("a cluster of virtual machines", [["tests/vm"]]),
}
"""Parts that need hosts of a lab, as what is run side by side: it waits for hosts most of the time."""
ONE_TRY = ["-p", "no:rerunfailures"]
SECOND_TRY = ["-p", "rerunfailures", "--reruns", "1"]
"""In CI, whose machines are shared, a test that failed is tried once more, one of the lab on hosts that were fixed or
are new; how it failed is printed all the same."""
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
        _static(tell)
    chosen = [_must(tell, name, argvs, keyword) for name, argvs in _pytests(tell, only)]
    if keyword and only != "static" and not any(chosen):
        raise UsageError(f"no test that can run here is called {keyword}", next_action="see what pytest -k takes")


def write_golden(tell: Reporter, keyword: str | None) -> None:
    """Write the golden texts of all cases anew, or of those with the keyword; ``git diff`` then shows what changed."""
    argv = ["env", "-u", "CI", "SKEP_GOLDEN=write", *PYTEST, "-q", "-m", "golden", *_unit()]
    _must(tell, "golden texts", [argv], keyword)


def _static(tell: Reporter) -> None:
    """Run all that only read the code side by side: types take as long as the rest together. Raise ``SkepError`` that
    names those that failed."""
    tell.say(f"── {', '.join(name for name, _ in STATIC)}")
    sys.stdout.flush()
    statuses = _statuses([argv for _, argv in STATIC])
    failed = [name for (name, _), status in zip(STATIC, statuses, strict=True) if status]
    if failed:
        raise SkepError(f"{', '.join(failed)} failed", next_action="see above")


def _tries() -> list[str]:
    return SECOND_TRY if os.environ.get("CI") == "true" else ONE_TRY


def _unit() -> list[str]:
    return [folder for folder in UNIT if Path(folder).exists()]


def _pytests(tell: Reporter, only: str | None) -> Iterator[tuple[str, list[list[str]]]]:
    if only in (None, "unit"):
        yield (
            "unit tests",
            [[*PYTEST, "-q", "--durations=10", *_tries(), "-n", f"{WORKERS}", "--dist", "worksteal", *_unit()]],
        )
    if only is None or only in LABS:
        reason = lab.unsupported()
        if reason and only:
            raise LabError(f"the {only} tests cannot run here", cause=reason)
        if reason:
            tell.say(f"not run, the lab tests: {reason}")
            return
        name, runs = LABS[only or "lab"]
        options = ["-v", "--tb=short", "-s" if only in ASKED_FOR else "--durations=10", *_tries()]
        yield name, [[*PYTEST, *options, *words] for words in runs]


def _must(tell: Reporter, name: str, argvs: list[list[str]], keyword: str | None = None) -> bool:
    """Run them side by side; false where no test has the keyword."""
    tell.say(f"── {name}")
    sys.stdout.flush()
    statuses = _statuses([[*argv, *(["-k", keyword] if keyword else [])] for argv in argvs])
    passed = [status == 0 or (bool(keyword) and status == NOTHING_CHOSEN) for status in statuses]
    if not all(passed):
        raise SkepError(f"{name} failed", next_action="see above")
    return 0 in statuses


def _statuses(argvs: list[list[str]]) -> list[int]:
    """How programs ended that run side by side. A stop is passed on to them, once, and then they are waited for until
    they have cleaned up, however often it is repeated: in process groups of their own, a terminal's Ctrl-C does not
    reach them."""
    stops: list[int] = []
    heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: stops.append(number)) for number in heeded}
    output = None if len(argvs) == 1 else subprocess.PIPE
    programs: list[subprocess.Popen[str]] = []
    try:
        programs += [subprocess.Popen(argv, process_group=0, stdout=output, text=True) for argv in argvs]
        printers = [threading.Thread(target=_print, args=(program.stdout,), daemon=True) for program in programs]
        for printer in printers:
            printer.start()
        passed_on = False
        while any(program.poll() is None for program in programs):
            if stops and not passed_on:
                for program in programs:
                    program.terminate()
                passed_on = True
            time.sleep(0.1)
        for printer in printers:
            printer.join(timeout=10)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stops:
        raise KeyboardInterrupt
    return [program.returncode for program in programs]


def _print(lines: IO[str] | None) -> None:
    """Whole lines, so that those of several programs do not mix."""
    if lines is None:
        return
    with lines, suppress(BrokenPipeError):  # nobody reads: the program sees that when it writes on
        for line in lines:
            print(line, end="", flush=True)
