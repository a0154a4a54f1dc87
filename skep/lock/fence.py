"""The number of a run's lock, by which hosts refuse what an older run still sends.

Each host keeps the highest number it has seen in ``/var/lib/skep/fence``, and whose that is. See decision 0016.
"""

from __future__ import annotations

from skep.holder import Holder, read_holder
from skep.shell import quoted

PRIVATE = "umask 077; mkdir -p /var/lib/skep && chmod 700 /var/lib/skep && cd /var/lib/skep || exit 70"
"""sh; goes to the folder of what this tool keeps on a host. Only root may look into it."""

GUARDED = f"{PRIVATE}\nexec 9>lock.guard && flock -w 10 9 || exit 70"
"""sh; the same, with nobody else at its lock or number for as long as the shell lives."""

SEEN = "read -r seen _ 2>/dev/null <fence; case $seen in ''|*[!0-9]*) seen=0;; esac"
"""sh; the highest number that this host has seen, as ``$seen``."""

REFUSED = 176
"""Status of a script that a host refuses, for it has seen a higher number; its stderr says whose."""


def raised(number: int, holder: Holder) -> str:
    """sh, for ``GUARDED``: this number is the highest now; or ends with ``REFUSED``."""
    kept = quoted(f"{number} {holder.line}")
    return f"""{SEEN}
if [ "$seen" -gt {number} ]; then cat fence >&2; exit {REFUSED}; fi
[ "$seen" -eq {number} ] || {{ printf '%s\\n' {kept} >fence.new && mv -f fence.new fence; }} || exit 70"""


def fenced(number: int, holder: Holder, script: str) -> str:
    """The script, unless the host has seen a higher number: then it ends with ``REFUSED`` before it does anything."""
    return f"(\n{GUARDED}\n{raised(number, holder)}\n) || exit $?\n{script}"


def read_fence(text: str) -> tuple[int, Holder | None]:
    """The number and its holder out of what a host keeps; 0 where nothing can be read."""
    number, _, line = text.strip().partition(" ")
    return (int(number), read_holder(line)) if number.isascii() and number.isdecimal() else (0, None)
