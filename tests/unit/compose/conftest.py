"""Loading compose files out of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from skep.compose import ComposeError, Document, load
from skep.model import Secret

VARIABLES: Mapping[str, str | Secret] = {"A": "many", "EMPTY": "", "PW": Secret("hunter2")}
FILES = {
    "a.txt": b"a",
    "empty.txt": b"",
    "bad.env": b"A=b\nnot good=1\n=x\n",
    "large.txt": b"x" * (1000 * 1024 + 1),
}

Read = Callable[..., Document]
Problems = Callable[..., list[str]]


@pytest.fixture
def read() -> Read:
    """Load texts, the first as compose.yml; ``files`` are more of them, by name."""

    def loaded(*texts: str, files: Mapping[str, bytes] | None = None, **more: object) -> Document:
        named = {("compose.yml", "more.yml", "third.yml")[place]: text.encode() for place, text in enumerate(texts)}
        options = {"variables": VARIABLES, **more}
        return load({**FILES, **(files or {}), **named}, list(named), **options)  # type: ignore[arg-type]

    return loaded


@pytest.fixture
def problems_of() -> Problems:
    """Every problem of compose files given as name -> text; ``None`` for one that is not there."""

    def problems(files: Mapping[str, str | bytes | None]) -> list[str]:
        there = {
            name: text if isinstance(text, bytes) else text.encode() for name, text in files.items() if text is not None
        }
        with pytest.raises(ComposeError) as raised:
            load({**FILES, **there}, list(files), variables=VARIABLES)
        return raised.value.problems

    return problems
