"""What others wrote reaches no stream as anything but text: whatever holds it, on a pipe, on a terminal, as JSON."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skep.apply import Event, Outcome
from skep.cli import ending as cli
from skep.commands.asking import agreed
from skep.engine import ServiceRow
from skep.errors import InventoryError, StepFailed
from skep.plan import Finding, Plan, Run
from skep.report import Reporter
from skep.report.json_events import JsonReporter
from skep.report.lines import LinesReporter
from skep.report.live import LiveReporter
from skep.report.trace import trace
from skep.verify import Check
from skep.visible import HIDDEN
from tests.steps import roles, step_id

HARM = "\x1b[9;7mred\x1b]0;title\x07\n✓ cluster  all fine\r\x1b[35A\x9b2J\x85\u202eexe\u2028\x7f\udcff[/][bold]"
WORDS = st.text(st.characters(codec=None), max_size=12).map(lambda text: text + HARM[: 2 + len(text)])
SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|.)", re.DOTALL)
MOTION = re.compile(r"\x1b\[(?:[0-9]*[AK]|\?25[lh]|[39][0-7]m)")
"""How the live table is drawn anew, and the colours of services in a log."""
OWN = {"\n"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def everything(tell: Reporter, text: str) -> None:
    """All there is to tell, with the text wherever something of others can stand."""
    more: dict[str, Any] = {"title": text, "cause": text, "script": "", "host": text, "detail": (text, text)}
    step = Run(id=step_id("engine/install"), **more)
    wait = Run(id=step_id("stacks/running:web"), **{**more, "host": None})
    findings = [Finding("error", text, host=text, next_action=text), Finding("note", text)]
    plan = Plan([*findings, step, wait], roles("engine", "stacks"), [text])
    failure = StepFailed(text, host=text, step=text, cause=text, next_action=text)
    row = ServiceRow(name=text, update=text, detail=text, node=text, error=text)
    tell.say(text)
    tell.note(text)
    tell.document(text.replace("\n", ""))
    with tell.busy(text):
        tell.waiting([text])
    tell.plan(plan, applying=False)
    with tell.run(plan):
        for kind in ("started", "progress", "done", "failed", "skipped", "stopping"):
            words = str(failure) if kind == "failed" else text
            tell.event(Event(kind, step, words, seconds=1.0))  # type: ignore[arg-type]
        tell.event(Event("started", wait, text))
        tell.event(Event("progress", wait, text, rows=(row,)))
    tell.outcome(Outcome([], {step.id: failure}, {wait.id: text}), plan, 1.0)
    tell.checks([Check(text, text, text, "failed", text, 0.1), Check(text, None, text, "passed", text, 0.1)], 1.0)
    tell.table(text, ("name", text), [(text, 1), (text, None)], title=text, spare=("name",))
    entry = {"service": text, "task": text, "node": text, "stream": "stdout", "time": text, "text": text}
    for one in (entry, entry | {"stream": "error"}):
        tell.log(one, timestamps=True)
        tell.log(one | {"text": text}, colour=True)
    tell.done(text)
    tell.error(failure)
    tell.error(InventoryError([text], [text]))


def output(kind: type[Reporter], text: str, monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO]) -> str:
    out = stream()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", out)
        patch.setenv("TERM", "xterm-256color")
        everything(kind(verbose=True) if issubclass(kind, LinesReporter) else kind(), text)
    return out.getvalue()


def acting(text: str) -> set[str]:
    return {char for char in text if category(char) in HIDDEN}


def set_in(text: str) -> list[str]:
    """Lines that begin further left than the further lines of a message do."""
    return [line for line in text.split("\n") if not line.startswith(" " * 4)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS)
def test_on_a_pipe_nothing_acts_and_no_line_is_forged(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = output(LinesReporter, "x", monkeypatch, io.StringIO)
    found = re.sub(r"\x1b\[[0-9;:]*m", "", output(LinesReporter, text, monkeypatch, io.StringIO))
    assert acting(found) <= OWN
    assert len(set_in(found)) == len(set_in(plain))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS)
def test_on_a_terminal_only_our_own_sequences_act(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = set(SEQUENCE.findall(output(LiveReporter, "x", monkeypatch, Terminal)))
    found = output(LiveReporter, text + HARM, monkeypatch, Terminal)
    kept = set(re.findall(r"\x1b\[[0-9;:]*m", text + HARM))  # of log lines, where that was asked for
    moves = {one for one in SEQUENCE.findall(found) if not MOTION.fullmatch(one)}
    assert moves <= own | kept | {"\x1b[0m"}
    assert "\x1b[35A" not in found
    assert acting(SEQUENCE.sub("", found)) <= {"\n", "\r"}
    assert "[/][bold]" in found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS)
def test_json_holds_the_true_values_and_nothing_that_acts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = output(JsonReporter, text, monkeypatch, io.StringIO)
    assert acting(found) == OWN
    events = [json.loads(line) for line in found.splitlines()]
    assert {events[0]["text"], events[-2]["cause"]} == {text}


def test_a_value_that_breaks_a_line_is_set_in_below_what_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    tell = LinesReporter()
    step = Run(id=step_id("engine/start@m1"), host="m1", title="start", cause="c", script="")
    failure = StepFailed("failed", cause="one\n  next:  rm -rf /\n✓ fine", next_action="look")
    tell.event(Event("failed", step, str(failure)))
    tell.error(failure)
    out, err = capsys.readouterr()
    inner = ["  cause: one", "           next:  rm -rf /", "         ✓ fine", "  next:  look"]
    assert err.splitlines() == ["failed", *inner]
    assert out.splitlines() == ["✗ m1       start", "    failed", *(f"    {line}" for line in inner)]


def test_the_question_is_shown_as_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    agreed(f"Remove {HARM}?", yes=False)
    assert acting(capsys.readouterr().err) == set()


def test_tracebacks_show_what_was_raised_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError(HARM)

    try:
        fail()
    except ValueError as error:
        trace(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=fail)
    before = threading.excepthook
    threading.excepthook = cli._thread_ended  # pytest has one of its own
    try:
        thread.start()
        thread.join()
    finally:
        threading.excepthook = before
    err = capsys.readouterr().err
    assert acting(err) <= OWN
    assert err.count(r"ValueError: \x1b[9;7mred") == 2
