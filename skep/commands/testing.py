"""``test``: what CI runs, in the order of what fails fastest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from skep import lab
from skep.errors import SkepError, UsageError
from skep.report import Reporter

BIN = Path(sys.executable).parent
STATIC = (
    ("lint", [str(BIN / "ruff"), "check", "."]),
    ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("types", [str(BIN / "mypy")]),
    ("import contracts", [str(BIN / "lint-imports")]),
)
UNIT = ["tests/unit", "tests/roles", "tests/world"]
LAB = (("stacks against Docker's own CLI", "tests/oracle"), ("lab tests", "tests/lab"))
NOTHING_CHOSEN = 5
"""pytest's status when no test has the keyword."""
PARTS = ("static", "unit", "lab")


def run(tell: Reporter, *, only: str | None, keyword: str | None) -> None:
    """Run the parts; raise ``SkepError`` for the first that fails. The last line is pytest's own."""
    if only and only not in PARTS:
        raise UsageError(f"--only {only} is not one of {', '.join(PARTS)}")
    if only in (None, "static"):
        for name, argv in STATIC:
            _must(tell, name, argv)
    words = ["-k", keyword] if keyword else []
    if only in (None, "unit"):
        found = [folder for folder in UNIT if Path(folder).exists()]
        _must(tell, "unit tests", [sys.executable, "-m", "pytest", "-q", "-n", "auto", *words, *found])
    if only in (None, "lab"):
        reason = lab.unsupported()
        if reason:
            tell.say(f"not run, the lab tests: {reason}")
            return
        argv = [sys.executable, "-m", "pytest", "-v", "--tb=short", "--durations=15", *words]
        chosen = [_must(tell, name, [*argv, folder], perhaps_none=bool(keyword)) for name, folder in LAB]
        if not any(chosen):
            raise UsageError(f"no lab test is called {keyword}")


def _must(tell: Reporter, name: str, argv: list[str], *, perhaps_none: bool = False) -> bool:
    """Run it; false when nothing was chosen and that may be."""
    tell.say(f"── {name}")
    sys.stdout.flush()
    status = subprocess.run(argv, check=False).returncode
    if perhaps_none and status == NOTHING_CHOSEN:
        return False
    if status:
        raise SkepError(f"{name} failed", next_action="see above")
    return True
