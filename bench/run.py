"""``invoke bench``: measures on labs of its own, writes and prints the report."""

from __future__ import annotations

from bench import audit, cold, no_change, report, requests, scale, stacks
from bench.place import Say
from skep import lab
from skep.errors import LabError, UsageError

PARTS = {
    "no-change": no_change.run,
    "cold": cold.run,
    "cold-vendor": cold.run_vendor,
    "scale": scale.run,
    "stacks": stacks.run,
    "requests": requests.run,
    "audit": audit.run,
}


def run(only: str | None, rounds: int, say: Say) -> None:
    """Print the report and leave it in ``bench/report.md``. Raises ``SkepError``; the labs are gone in any case."""
    if only and only not in PARTS:
        raise UsageError(f"--only {only} is not one of {', '.join(PARTS)}")
    if rounds < 1:
        raise UsageError("--rounds must be at least 1")
    reason = lab.unsupported()
    if reason:
        raise LabError(reason, step="bench")
    parts = [report.head(rounds)]
    for name in [only] if only else PARTS:
        say(f"── {name}")
        parts.append(PARTS[name](rounds, say))
    print(report.write(parts))
