"""One run of tests with labs at a time on a machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def turn(config: pytest.Config) -> Iterator[None]:
    """Wait until no other run of such tests is under way, and be the one until the block ends."""
    with Path("/run/skep-lab-tests.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            config.get_terminal_writer().line("waiting for another run of the lab tests to end")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
