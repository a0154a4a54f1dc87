"""One run of tests with labs at a time on a machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SHARED = "/var/tmp"
"""A folder that is there on any machine: to hold it, no file has to be made, which would stay."""


@contextmanager
def turn(config: pytest.Config) -> Iterator[None]:
    """Wait until no other run of such tests is under way, and be the one until the block ends."""
    held = os.open(SHARED, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            config.get_terminal_writer().line("waiting for another run of the lab tests to end")
            config.get_terminal_writer().flush()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
