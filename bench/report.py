"""The report: Markdown, written to ``bench/report.md`` and printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

PATH = Path(__file__).parent / "report.md"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|--:" * (len(columns) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def head(rounds: int) -> str:
    """When, on what, and how busy it was before the first round."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return "\n".join(
        [
            "# How fast skep is",
            "",
            "Made by `invoke bench`. Seconds depend on the machine and on what else it does; ratios are of neighbours",
            "in one run, and only they are judged.",
            "",
            f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {rounds} rounds",
            f"- {os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}, Python {platform.python_version()}",
            f"- load average at the start {load}: the hosts of the lab are on the same cores",
        ]
    )


def write(parts: Sequence[str]) -> str:
    """Write the report; returns its text."""
    text = "\n\n".join(parts) + "\n"
    PATH.write_text(text)
    return text
