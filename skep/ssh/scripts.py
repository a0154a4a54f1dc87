"""What is sent to a host's shell around a script, so that it ends as it should when the connection does not last."""

from __future__ import annotations

import re

RUNNING = "-- skep --"
"""What the shell says before the script: without it, it has not come to that. What stands before it is a greeting."""


def command(timeout: float) -> str:
    """What reads the script from stdin, and ends it after so many seconds (status 124)."""
    return f"timeout -k 5 {round(timeout) or 1} sh -s"


def looking(script: str) -> bytes:
    """For stdin, which must stay open: a script that ends with the connection.

    At the end of stdin a reader beside the script ends the process group, which ``timeout`` made. The shell itself
    says nothing: its word on how the script ended is not the script's.
    """
    return _sent(f"""exec 3<&0 5>&2 2>/dev/null
trap : HUP TERM
{{ while read -r skep; do :; done; kill -TERM 0; }} <&3 >/dev/null 5>&- &
(
{script}
) </dev/null 2>&5 3<&- 5>&-
status=$?
kill $!
exit $status""")


def changing(script: str, name: str) -> bytes:
    """For stdin, to be closed: a script that runs to its end or deadline, whatever becomes of the connection.

    Its output goes to files and is sent at its end: into a broken pipe it would die of it. One that an earlier run
    left behind under the same name on that host is waited for.
    """
    lock = f"/run/lock/skep-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}"
    return _sent(f"""exec 5>&2 2>/dev/null
trap '' HUP
trap : TERM
said=$(umask 077; mktemp -d /run/skep.XXXXXXXX) || exit 73
(
mkdir -p /run/lock && exec 4>"{lock}" && flock 4 || exit 73
(
{script}
) 4>&-
exit $?
) </dev/null >"$said/out" 2>"$said/err" 5>&-
status=$?
cat "$said/out"; cat "$said/err" >&5
rm -rf "$said"
exit $status""")


def _sent(text: str) -> bytes:
    """One compound command: the shell has read all of it before it does anything."""
    return f"echo '{RUNNING}'\n{{\n{text}\n}}\n".encode(errors="surrogateescape")
