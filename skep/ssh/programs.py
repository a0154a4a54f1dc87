"""Programs of OpenSSH on this machine, and those that ssh_config names: asked something, with a deadline."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from weakref import WeakSet

from skep.errors import AccessError

ANSWER = 20.0
"""Seconds that a program may take."""

_running: WeakSet[subprocess.Popen[bytes]] = WeakSet()


def ask(words: Sequence[str], what: str) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end. Raises ``AccessError`` that names ``what`` it is where it does not run, or not end in time:
    it is ended then, with all that it started."""
    try:
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        ) as process:
            _running.add(process)
            try:
                out, err = process.communicate(timeout=ANSWER)
            finally:
                _end(process)
    except subprocess.TimeoutExpired:
        raise unusable(None, f"{what} took longer than {ANSWER:.0f} s") from None
    except OSError as error:
        raise unusable(None, f"{what}: {words[0]} cannot be run: {error.strerror}") from None
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def unusable(place: object, why: str) -> AccessError:
    """The failure that names the file of ssh_config, or the place in it."""
    return AccessError(
        "ssh_config cannot be used",
        step="connect",
        cause=f"{place}: {why}" if place else why,
        next_action="fix it, or name another file as ssh.config in the inventory",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@atexit.register
def _end_all() -> None:
    """End all programs that still run."""
    for process in list(_running):
        _end(process)
