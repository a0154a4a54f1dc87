"""The engine's log streams: frames of stdout and stderr, or raw bytes where the container has a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from skep.dataclass import dataclass

LONGEST = 64 * 1024
"""Bytes of a line that are kept in memory; a longer one is shown in pieces. Docker itself cuts at 16 KiB."""

NAMES = {1: "stdout", 2: "stderr", 3: "error"}
"""Streams by number; the third is the daemon's own word that logs could not be had."""


@dataclass(slots=True)
class Framed:
    """Takes bytes as they come and gives ``(stream, line)``. At most ``LONGEST`` bytes a stream are held.

    Source: ``stdcopy`` of moby: a header of 8 bytes, the stream's number first, the length in the last four.
    """

    tty: bool = False
    _left: int = 0
    _stream: int = 1
    _header: bytes = b""
    _parts: dict[int, bytes] = field(default_factory=dict)

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """The lines that are whole now."""
        if self.tty:
            yield from self._lines(1, data)
            return
        while data:
            if not self._left:
                need = 8 - len(self._header)
                self._header, data = self._header + data[:need], data[need:]
                if len(self._header) < 8:
                    return
                self._stream, self._left = self._header[0], int.from_bytes(self._header[4:], "big")
                self._header = b""
                continue
            taken, data = data[: self._left], data[self._left :]
            self._left -= len(taken)
            yield from self._lines(self._stream, taken)

    def rest(self) -> Iterator[tuple[str, bytes]]:
        """What is left without a line's end."""
        for stream, part in self._parts.items():
            if part:
                yield NAMES.get(stream, "stdout"), part
        self._parts.clear()

    def _lines(self, stream: int, data: bytes) -> Iterator[tuple[str, bytes]]:
        *whole, part = (self._parts.get(stream, b"") + data).split(b"\n")
        while len(part) > LONGEST:
            whole.append(part[:LONGEST])
            part = part[LONGEST:]
        self._parts[stream] = part
        name = NAMES.get(stream, "stdout")
        yield from ((name, line.rstrip(b"\r")) for line in whole)


def lines_of(data: bytes, *, tty: bool = False) -> list[str]:
    """All lines of a stream that has ended, as text."""
    frames = Framed(tty)
    return [line.decode(errors="replace") for _, line in (*frames.feed(data), *frames.rest()) if line]
