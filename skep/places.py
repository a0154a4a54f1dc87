"""What probes share, found out once: which process is a host's engine, where it keeps its data, and the host's
addresses. POSIX sh, which starts nothing that stays."""

from __future__ import annotations

from skep.shell import exported, script

FILES = ("skep/places.sh", "skep/interfaces.sh")
HOST = "".join(map(script, FILES))
"""What every probe may use: it stands once before all of them."""


def probe(name: str, **variables: str | int) -> str:
    """The probe in that file, to be run after ``HOST``, with these variables."""
    return exported(variables) + script(name, *FILES)
