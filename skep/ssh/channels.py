"""What is done with one channel of a login: waiting for its answers, reading both of its streams, closing it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko


@contextmanager
def answering(channel: paramiko.Channel, seconds: float) -> Iterator[None]:
    """Close the channel where the host does not answer a request within ``seconds``: Paramiko itself would wait for
    ever."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        end(channel)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, EOFError, paramiko.SSHException):
        if late.is_set():
            raise TimeoutError("no answer in time") from None
        raise
    finally:
        timer.cancel()


def end(channel: paramiko.Channel) -> None:
    """Close it, where there still is a connection to say so on."""
    with suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


def drain(
    channel: paramiko.Channel, deadline: float, take: Callable[[bytes], object] | None = None
) -> tuple[bytes, bytes]:
    """Both streams to their ends, side by side: one left unread would hold the script up when its window is full. What
    ``take`` is given of the first is not kept."""
    out: list[bytes] = []
    err: list[bytes] = []
    channel.settimeout(0.2)
    for receive, keep in ((channel.recv, take or out.append), (channel.recv_stderr, err.append)):
        data = b"+"
        while data:
            while receive == channel.recv and channel.recv_stderr_ready():
                err.append(channel.recv_stderr(65536))
            if time.monotonic() > deadline:
                raise TimeoutError("the script did not end in time")
            try:
                data = receive(65536)
            except TimeoutError:
                continue
            keep(data)
    return b"".join(out), b"".join(err)
