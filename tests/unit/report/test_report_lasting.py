"""What lasts is reported now and then where nothing is redrawn, and what is wrapped keeps its indent."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from skep.apply import Event
from skep.plan import Plan, Run
from skep.report import lines
from skep.report.lines import LinesReporter
from skep.report.quiet import QuietReporter
from skep.report.text import hung, line
from tests.steps import roles, step_id

STEP = Run(id=step_id("engine/install@m1"), host="m1", title="install docker.io", cause="not installed", script="true")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "EVERY", 0.01)
    monkeypatch.setattr("skep.report.lines.EVERY", 0.01)


def test_that_is_every_30_seconds() -> None:
    assert lines.EVERY == 30


def until(output: Callable[[], str], word: str) -> str:
    """What was printed once the word stands in it."""
    out = ""
    while word not in out:
        out += output()
        time.sleep(0.01)
    return out


def test_a_wait_is_reported_with_those_it_waits_for(soon: None, capsys: pytest.CaptureFixture[str]) -> None:
    tell = LinesReporter()
    with tell.busy("observing 3 hosts"):
        tell.waiting(["w1", "w2"])
        assert "… observing 3 hosts: waiting for w1, w2, 0 s so far\n" in until(
            lambda: capsys.readouterr().out, "waiting for w1, w2, 0 s so far\n"
        )
    assert "progress" not in [thread.name for thread in threading.enumerate()]


def test_a_step_that_lasts_is_reported_with_its_last_word(soon: None, capsys: pytest.CaptureFixture[str]) -> None:
    tell = LinesReporter()
    with tell.run(Plan([STEP], roles("engine"), ["m1"])):
        tell.event(Event("started", STEP))
        tell.event(Event("progress", STEP, text="waits for apt"))
        out = until(lambda: capsys.readouterr().out, "waits for apt")
        assert "… m1       install docker.io, 0 s so far – waits for apt\n" in out
        tell.event(Event("done", STEP))
    assert not tell._running.lasting(0)


def test_what_is_short_is_not_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with LinesReporter().busy("observing"):
        pass
    assert capsys.readouterr() == ("", "")


def test_quiet_says_what_is_wrong_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    tell = QuietReporter()
    with tell.busy("observing"), tell.run(Plan([STEP], roles("engine"), ["m1"])):
        tell.say("locked by eve")
        tell.say("warning: one manager only")
        tell.plan(Plan([STEP], roles("engine"), ["m1"]), applying=True)
        tell.event(Event("done", STEP))
        tell.event(Event("failed", STEP, text="no space"))
    tell.done("all well")
    out = capsys.readouterr().out
    assert out == "warning: one manager only\n✗ m1       install docker.io\n    no space\n"
    tell.plan(Plan([STEP], roles("engine"), ["m1"]), applying=False)
    tell.table("nodes", ["name"], [["m1"]])
    assert "install docker.io" in (out := capsys.readouterr().out) and out.endswith("m1  \n")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("warning w1: cannot be reached", ["warning w1: cannot", "        be reached"]),
        ("  next: check that it is up", ["  next: check that", "        it is up"]),
        ("         there and back again", ["         there and", "         back again"]),
        ("no indent and much to say", ["no indent and", "    much to say"]),
        ("short", ["short"]),
    ],
)
def test_what_is_wrapped_keeps_its_indent(text: str, lines: list[str]) -> None:
    console = Console(file=io.StringIO(), width=19)
    console.print(hung(line(text)))
    assert [one.rstrip() for one in console.file.getvalue().splitlines()] == lines  # type: ignore[attr-defined]
