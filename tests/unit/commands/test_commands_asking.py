"""The one question: asked on a terminal only, and never into the output of a script."""

from __future__ import annotations

import io
import sys

import pytest

from skep.commands.asking import agreed
from skep.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_yes_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    agreed("Sure?", yes=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["y\n", "YES\n", " yes \n"])
def test_agreed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str) -> None:
    answer(monkeypatch, text)
    agreed("Sure?", yes=False)
    assert capsys.readouterr() == ("", "Sure? [y/N] ")


@pytest.mark.parametrize("text", ["\n", "n\n", "yup\n", ""])
def test_anything_else_is_no(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answer(monkeypatch, text)
    with pytest.raises(UsageError, match="nothing was changed"):
        agreed("Sure?", yes=False)


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match="add --yes"):
        agreed("Sure?", yes=False)
