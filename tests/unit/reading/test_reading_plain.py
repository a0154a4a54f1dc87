"""Bytes of a file as text."""

from __future__ import annotations

import pytest

from skep.reading.plain import text_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_has_no_mark_at_its_head(encoding: str) -> None:
    assert text_of("Öl: 1\n".encode(encoding)) == "Öl: 1\n"


def test_text_of_neither_is_refused_or_read_as_far_as_it_goes() -> None:
    with pytest.raises(UnicodeDecodeError):
        text_of(b"\xe9")
    assert text_of(b"a\xe9", "replace") == "a\ufffd"
