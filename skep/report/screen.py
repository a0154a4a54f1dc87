"""A whole terminal for what goes on: drawn anew when something changes, ended by a key, left as it was."""

from __future__ import annotations

import os
import queue
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live

from skep.picture.view import Look
from skep.report.board import Board

TICK = 1.0
"""Seconds after which it is drawn anew though nothing happened: it shows how long ago things were."""
NAMES = {"\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape"}


def show(looks: Iterable[Look], board: Board, console: Console) -> None:
    """Until a key or Ctrl-C ends it, or the terminal is gone. Raises what taking the looks raised."""
    inbox: queue.Queue[Look | BaseException] = queue.Queue(1)
    reader, writer = os.pipe()

    def wake(*_: object) -> None:
        with suppress(OSError):
            os.write(writer, b".")

    def fetch() -> None:
        try:
            for look in looks:
                inbox.put(look)
                wake()
        except BaseException as error:
            inbox.put(error)
            wake()

    with _keys() as keys, _resized(wake), Live(console=console, screen=True, auto_refresh=False) as live:
        threading.Thread(target=fetch, name="watch", daemon=True).start()
        while True:
            live.update(board.draw(console.width, console.height, datetime.now(UTC)), refresh=True)
            ready = select.select([keys, reader], [], [], TICK)[0]
            if reader in ready:
                os.read(reader, 1024)
            with suppress(queue.Empty):
                _take(board, inbox.get_nowait())
            if keys in ready:
                data = os.read(keys, 1024)
                if not data or not all(map(board.key, names_of(data.decode(errors="replace")))):
                    return


def _take(board: Board, look: Look | BaseException) -> None:
    if isinstance(look, BaseException):
        raise look
    board.take(*look)


def names_of(typed: str) -> Iterator[str]:
    """Keys as they come: a character each, some by name; those with sequences of their own, such as arrows, are left
    out."""
    while typed:
        if typed.startswith(("\x1b[", "\x1bO")):
            rest = typed[2:].lstrip("0123456789;")
            typed = rest[1:]
            continue
        yield NAMES.get(typed[0], typed[0])
        typed = typed[1:]


@contextmanager
def _keys() -> Iterator[int]:
    """Keys one by one and unseen. Ctrl-C stays a signal; Ctrl-Z, which would leave the picture in the way, does
    nothing."""
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setcbreak(stream)
        settings = termios.tcgetattr(stream)
        settings[6][termios.VSUSP] = b"\0"
        termios.tcsetattr(stream, termios.TCSANOW, settings)
        yield stream
    finally:
        with suppress(termios.error):
            termios.tcsetattr(stream, termios.TCSADRAIN, before)


@contextmanager
def _resized(wake: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, wake)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
