"""Files that only one of the two takes, Docker's CLI or skep; and the lines of docs/stacks.md that tell of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from cases import Case

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "one_sided.yml").read_text())
HEADS = {"cli": "Taken by Docker's CLI and refused by skep, with file, line and key:", "skep": "Taken by skep only:"}


def known(by: str, said: str, *, old: bool) -> bool:
    """Whether the words of a refusal are those of a case that the other takes, ``by`` the one who does. ``old``: the
    CLI is not the newest, or a file names a version of the format."""
    fits = (case for case in CASES if case["by"] == by and (old or not case.get("old")))
    return any(re.search(case["says"], said, re.DOTALL) for case in fits)


def cases() -> list[Case]:
    """The files, each as a stack."""
    return [Case(f"one{number}", {"compose.yml": case["compose"].encode()}) for number, case in enumerate(CASES)]


def block() -> str:
    """The list as the docs have it."""
    lists = []
    for by, head in HEADS.items():
        lines = [f"- {case['what']}" for case in CASES if case["by"] == by]
        lists.append("\n".join([head, "", *lines]))
    return "\n\n".join(lists)
