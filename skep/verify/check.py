"""One statement about the cluster, and whether it holds."""

from __future__ import annotations

from typing import Literal

from skep.dataclass import dataclass
from skep.errors import SkepError
from skep.kinds.audits import Severity

Outcome = Literal["passed", "failed", "skipped", "error"]
STACKS = "stacks/"
"""Before the name of a stack, in the name of the file with its own tests."""
UNREACHABLE = "host-unreachable"
"""The check that stands for all of a host that does not answer."""
OWN = ("audit/", STACKS)
"""How names of files begin that are the site's own."""


class Wrong(AssertionError):
    """What a test found, with the ``remedy`` that its marker cannot know."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


class NotSeen(SkepError):
    """What keeps a test from looking: that is no finding."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a test of a ``verify.py`` gave.

    ``host`` is ``None`` where it concerns the whole cluster. ``name`` is the test's docstring, ``message`` why it
    did not pass. ``failed`` means the state is wrong, ``error`` that it could not be looked at, ``skipped`` that
    there was nothing to look at.

    ``id`` never changes. ``evidence`` are commands and what they gave. ``remedy`` is what to type where it failed.
    """

    role: str
    host: str | None
    name: str
    outcome: Outcome
    message: str
    seconds: float
    id: str = ""
    stack: str | None = None
    severity: Severity = "high"
    remedy: str = ""
    evidence: tuple[tuple[str, str], ...] = ()

    @property
    def good(self) -> bool:
        """Whether the check found nothing wrong."""
        return self.outcome in ("passed", "skipped")
