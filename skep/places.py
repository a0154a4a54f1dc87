"""Which process is a host's engine, and where it keeps its data: POSIX sh that probes share, which starts nothing."""

from __future__ import annotations

from skep.shell import exported, script

FILE = "skep/places.sh"
HOST = script(FILE)
"""What every probe may use: it stands once before all of them."""


def probe(name: str, **variables: str | int) -> str:
    """The probe in that file, to be run after ``HOST``, with these variables."""
    return exported(variables) + script(name, FILE)
