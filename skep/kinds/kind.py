"""What a kind of finding is."""

from __future__ import annotations

from skep.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    id: str
    """A few words with hyphens; it never changes."""
    meaning: str
    """What is so, and what comes of it, in a sentence."""
    fix: str
    """What ends it, where somebody wants to end it."""
