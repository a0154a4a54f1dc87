"""A whole terminal that is drawn on: keys, another size, and how it is left, on a terminal that is one."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skep.report.screen import names_of

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys, threading
from skep.cli.ending import reporting
from tests.unit.report.test_report_board import view
from skep.picture.view import Change
from tests.pictures import NOW

def looks():
    yield view(), [Change(NOW, "node", "x", "the first change")]
    if sys.argv[1] == "breaks":
        raise RuntimeError("no more looks")
    threading.Event().wait()

with reporting() as tell:
    try:
        tell.screen(looks(), "prod")
    except KeyboardInterrupt:
        pass
"""
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
LIMIT = 120.0
"""Seconds after which it counts as hung."""


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, how: str, **more: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(80, 24)
        self.before = termios.tcgetattr(slave)
        env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, how], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave,
            env={**env, "TERM": "xterm-256color", **more}, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.slave = slave
        self.out = b""

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read_until(self, words: bytes, after: int = 0) -> int:
        """Where the words stand in what it wrote."""
        deadline = time.monotonic() + LIMIT
        while (place := self.out.find(words, after)) < 0:
            assert time.monotonic() < deadline, self.out[-2000:]
            if select.select([self.master], [], [], 0.5)[0]:
                self.out += os.read(self.master, 65536)
        return place

    def end(self) -> int:
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.out[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                self.out += os.read(self.master, 65536)
        while select.select([self.master], [], [], 0)[0]:
            self.out += os.read(self.master, 65536)
        return self.process.returncode


@contextmanager
def terminal(how: str = "goes on", **more: str) -> Iterator[Terminal]:
    made = Terminal(how, **more)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        os.close(made.slave)
        os.close(made.master)


def left_as_it_was(on: Terminal) -> None:
    assert on.out.count(LEFT) == 1 and on.out.rfind(b"\x1b[?25h") > on.out.rfind(b"\x1b[?25l")
    assert termios.tcgetattr(on.slave) == on.before


def test_q_ends_it_and_the_terminal_is_as_before() -> None:
    with terminal() as on:
        on.read_until(b"the first change", on.read_until(ENTERED))
        os.write(on.master, b"h")
        on.read_until(b"only host node1")
        os.write(on.master, b"\x1b[Aq")
        assert on.end() == 0
        left_as_it_was(on)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_it_well(number: signal.Signals) -> None:
    with terminal() as on:
        on.read_until(b"the first change")
        on.process.send_signal(number)
        assert on.end() == 0
        left_as_it_was(on)


def test_what_breaks_it_is_said_on_a_terminal_that_is_as_before() -> None:
    with terminal("breaks") as on:
        assert on.end() == 1
        left_as_it_was(on)
        assert b"no more looks" in on.out[on.out.rfind(LEFT) :]


def test_another_size_is_drawn_at_once() -> None:
    with terminal() as on:
        on.read_until(b"the first change")
        after = len(on.out)
        on.resize(160, 40)
        on.process.send_signal(signal.SIGWINCH)
        on.read_until("│".encode(), after)
        os.write(on.master, b"q")
        assert on.end() == 0


def test_no_color_has_none() -> None:
    with terminal(NO_COLOR="1") as on:
        on.read_until(b"the first change")
        os.write(on.master, b"q")
        assert on.end() == 0
        assert b"\x1b[31m" not in on.out and b";31m" not in on.out and b"\x1b[32m" not in on.out


def test_keys_have_names_and_sequences_are_no_keys() -> None:
    assert list(names_of("h\x1b[A\x1b[5~\x1bOBs\r\x7f\x1b")) == ["h", "s", "enter", "backspace", "escape"]
