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
        _must(tell, "unit tests", [sys.executable, "-m", "pytest", "-q", *words, *found])
    if only in (None, "lab"):
        reason = lab.unsupported()
        if reason:
            tell.say(f"not run, the lab tests: {reason}")
            return
        _must(tell, "lab tests", [sys.executable, "-m", "pytest", "-v", "--tb=short", *words, "tests/lab"])


def _must(tell: Reporter, name: str, argv: list[str]) -> None:
    tell.say(f"── {name}")
    sys.stdout.flush()
    if subprocess.run(argv, check=False).returncode:
        raise SkepError(f"{name} failed", next_action="see above")
