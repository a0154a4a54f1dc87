"""Whose turn it is on a machine: a lab belongs to one run of tests at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skep.lab import folders

MACHINE = Path("/var/tmp")
"""A folder that is there on any machine: to hold it, no file has to be made, which would stay."""


@contextmanager
def on_machine(config: pytest.Config, *, alone: bool) -> Iterator[None]:
    """Wait until this machine can bear the run, beside others or ``alone``, and hold it until the block ends."""
    with _opened(MACHINE) as held:
        _wait(held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, config, "tests with labs")
        yield


@contextmanager
def turn(config: pytest.Config, name: str) -> Iterator[None]:
    """Wait until no other run has the lab of that name, and be the one that has it until the block ends."""
    with _opened(_file(name)) as held:
        _wait(held, fcntl.LOCK_EX, config, f"tests with lab {name}")
        yield


@contextmanager
def if_free(name: str) -> Iterator[bool]:
    """Whether no other run has the lab of that name; if so, none gets it until the block ends."""
    with _opened(_file(name)) as held:
        free = True
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        yield free


def _file(name: str) -> Path:
    file = folders.cache() / "locks" / f"tests-{name}"
    file.parent.mkdir(exist_ok=True)
    file.touch()
    return file


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    held = os.open(path, os.O_RDONLY)
    try:
        yield held
    finally:
        os.close(held)


def _wait(held: int, how: int, config: pytest.Config, what: str) -> None:
    try:
        fcntl.flock(held, how | fcntl.LOCK_NB)
    except BlockingIOError:
        config.get_terminal_writer().line(f"waiting for another run of {what} to end")
        config.get_terminal_writer().flush()
        fcntl.flock(held, how)
