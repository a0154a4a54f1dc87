"""The engine's log streams, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from skep.engine.frames import LONGEST, Framed, lines_of


def frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def lines_in(frames: Framed, pieces: Iterable[bytes]) -> list[tuple[str, bytes]]:
    return [line for piece in pieces for line in frames.feed(piece)] + list(frames.rest())


STREAM = frame(1, b"one\n") + frame(2, b"\x01\x00\x00\x00bad\n") + frame(1, b"two\r\nthr") + frame(1, b"ee")
LINES = [("stdout", b"one"), ("stderr", b"\x01\x00\x00\x00bad"), ("stdout", b"two"), ("stdout", b"three")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 1000])
def test_frames_may_come_in_pieces_of_any_size(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert lines_in(Framed(), pieces) == LINES


def test_the_daemon_may_have_a_word_of_its_own() -> None:
    assert lines_in(Framed(), [frame(3, b"node is not available\n")]) == [("error", b"node is not available")]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_terminal_has_no_frames(size: int) -> None:
    raw = b"one\r\ntwo\nthree"
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    assert [line for _, line in lines_in(Framed(tty=True), pieces)] == [b"one", b"two", b"three"]


def test_an_endless_line_is_reported_in_pieces() -> None:
    frames = Framed(tty=True)
    lines = [line for _ in range(40) for _, line in frames.feed(b"x" * 10_000)]
    assert sum(map(len, lines)) >= 40 * 10_000 - LONGEST
    assert max(map(len, lines)) == LONGEST


def test_all_lines_of_a_log() -> None:
    assert lines_of(STREAM) == ["one", "\x01\x00\x00\x00bad", "two", "three"]
    assert lines_of(b"a\r\n\r\nb \xff\r\n", tty=True) == ["a", "b \ufffd"]
    assert lines_of(b"") == []
