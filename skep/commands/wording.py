"""Times as a user gives them, and how a result is worded."""

from __future__ import annotations

from skep.compose.keys.quantities import duration
from skep.errors import UsageError
from skep.plan import Plan


def seconds_of(option: str, text: str | None) -> float | None:
    """What an option such as ``--timeout`` gives: ``90s``, ``5m`` or seconds. Raises ``UsageError``."""
    try:
        return duration(f"{text}s" if text.isdigit() else text) / 1e9 if text else None
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def but_for(planned: Plan) -> str:
    """An addition to "as described" where something does not run as described."""
    count = len(planned.unwell)
    return f", but for {count} warning{'s' if count > 1 else ''} above" if count else ""
