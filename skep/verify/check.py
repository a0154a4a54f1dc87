"""One statement about the cluster, and whether it holds."""

from __future__ import annotations

from typing import Literal

from skep.dataclass import dataclass

Outcome = Literal["passed", "failed", "skipped", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """What a test of a ``verify.py`` gave.

    ``host`` is ``None`` where it concerns the whole cluster. ``name`` is the test's docstring, ``message`` why it
    did not pass. ``failed`` means the state is wrong, ``error`` that it could not be looked at, ``skipped`` that
    there was nothing to look at.
    """

    role: str
    host: str | None
    name: str
    outcome: Outcome
    message: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return self.outcome in ("passed", "skipped")
