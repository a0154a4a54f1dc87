"""What is sent to a host's shell around a command or script, so that it runs as meant whatever is set up there, and
ends as it should when the connection does not last."""

from __future__ import annotations

import re

from skep.questions import SOCKET
from skep.shell import exported, quoted, script

LOGIN = "-- skep login --"
"""What the login shell says first: it runs what it is given. What stands before it is a greeting."""

RUNNING = "-- skep --"
"""What root's shell says before the command: without it, it has not come to that."""

_DOCKER = (
    "API_VERSION",
    "AUTH_CONFIG",
    "CERT_PATH",
    "CONTENT_TRUST",
    "CONTENT_TRUST_SERVER",
    "CONTEXT",
    "CUSTOM_HEADERS",
    "DEFAULT_PLATFORM",
    "TLS",
    "TLS_VERIFY",
)
"""Variables that turn Docker's CLI or dockerd elsewhere. Source: Docker's CLI reference, "Environment variables"."""

ENVIRONMENT = (
    f"unset LANGUAGE {' '.join(f'DOCKER_{name}' for name in _DOCKER)};"
    f" export LC_ALL=C DOCKER_HOST={SOCKET} DOCKER_CONFIG=/nonexistent"
    ' PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"'
)
"""sh; what every command of ours has: words that are not translated, this host's engine, administrators' programs.

``DOCKER_HOST`` goes before ``docker context use``, and a folder that is not there before ``~/.docker/config.json``.
"""


def by_login(command: str) -> str:
    """For any login shell: runs a command after saying ``LOGIN``. Sudo's words are to be English, to be understood."""
    return f"sh -c {quoted(f'export LC_ALL=C; echo {quoted(LOGIN)}; exec {command}')}"


def as_root(command: str) -> str:
    """For root: runs a command in our ``ENVIRONMENT`` after saying ``RUNNING``."""
    return f"sh -c {quoted(f'{ENVIRONMENT}; echo {quoted(RUNNING)}; exec {command}')}"


def by_sudo(command: str) -> str:
    """The command as root, where sudo asks for no password."""
    return f"sudo -n {command}"


def by_sudo_asking(command: str, word: str, prompt: str) -> str:
    """The same with a password, for which sudo asks with that prompt.

    The shell behind sudo says the word, and skips what sudo left unread (it may not have asked) up to the same word.
    """
    skip = f'echo {word}; while IFS= read -r l && [ "$l" != {word} ]; do :; done; exec {command}'
    return f"sudo -k -S -p {prompt} sh -c {quoted(skip)}"


def command(timeout: float) -> str:
    """What reads the script from stdin, and ends it after so many seconds (status 124)."""
    return f"timeout -k 5 {round(timeout) or 1} sh -s"


def looking(text: str) -> bytes:
    """For stdin, which must stay open: a script that ends with the connection.

    At the end of stdin a reader beside the script ends the process group, which ``timeout`` made. The shell itself
    says nothing: its word on how the script ended is not the script's.
    """
    return _sent(f"""exec 3<&0 5>&2 2>/dev/null
trap : HUP TERM
{{ while read -r skep; do :; done; kill -TERM 0; }} <&3 >/dev/null 5>&- &
(
{text}
) </dev/null 2>&5 3<&- 5>&-
status=$?
kill $!
exit $status""")


def changing(text: str, name: str) -> bytes:
    """For stdin, to be closed: a script that runs to its end or deadline, whatever becomes of the connection.

    Its output is sent at its end. One that an earlier run left behind under the same name on that host is waited for.
    Status ``NO_ROOM``: the reason is on stderr.
    """
    lock = f"/run/lock/skep-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}"
    return _sent(f"{exported({'SKEP_LOCK': lock})}changing() (\n{text}\n)\n{script('skep/ssh/changing.sh')}")


def _sent(text: str) -> bytes:
    """One compound command: the shell has read all of it before it does anything."""
    return f"{{\n{text}\n}}\n".encode(errors="surrogateescape")
