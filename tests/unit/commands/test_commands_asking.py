"""The one question: asked on a terminal only, and never into the output of a script."""

from __future__ import annotations

import io
import sys

import pytest

from skep.commands.asking import Asking, agreed
from skep.errors import UsageError
from skep.plan import Call, Plan, Run, Step
from tests.steps import roles, step_id


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


def run(title: str, *, restarts: bool = False) -> Run:
    step = step_id(f"engine/{title.replace(' ', '-')}@m1")
    return Run(id=step, host="m1", title=title, cause="c", script="true", restarts=restarts)


def call(operation: str) -> Call:
    return Call(id=step_id(f"stacks/{operation}"), host=None, title=operation, cause="c", operation=operation)


GRAVE = [run("restart docker", restarts=True), call("service_remove"), call("network_remove"), call("node_remove")]
HARMLESS = [run("write a file"), call("service_update"), call("service_create"), call("network_create")]


@pytest.mark.parametrize("step", [*GRAVE, *HARMLESS], ids=lambda step: step.title)
def test_a_plan_is_asked_about_where_it_removes_or_restarts_and_never_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: Step
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    planned = Plan([run("copy"), step], roles("engine", "stacks"), ["m1"])
    answer(monkeypatch, "y\n")
    assert Asking().agreed_to(planned) == (step in GRAVE)
    answer(monkeypatch, "n\n")
    if step in GRAVE:
        with pytest.raises(UsageError, match="nothing was changed"):
            Asking().agreed_to(planned)
    else:
        assert not Asking().agreed_to(planned)
    answer(monkeypatch, "n\n")
    assert not Asking(yes=True).agreed_to(planned)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert not Asking().agreed_to(planned), "a scheduler is never asked"
    assert capsys.readouterr().out == ""
