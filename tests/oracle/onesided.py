"""Files that only one of the two takes, Docker's CLI or skep; and the lines of docs/stacks.md that tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "one_sided.yml").read_text())
HEADS = {"cli": "Taken by Docker's CLI and refused by skep, with file, line and key:", "skep": "Taken by skep only:"}


def block() -> str:
    """The list as the docs have it."""
    lists = []
    for by, head in HEADS.items():
        lines = [f"- {case['what']}" for case in CASES if case["by"] == by]
        lists.append("\n".join([head, "", *lines]))
    return "\n\n".join(lists)
