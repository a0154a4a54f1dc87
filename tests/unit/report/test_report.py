"""What a person and what a script reads."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skep.apply import Event, Outcome
from skep.errors import ConnectError, InventoryError, OutputLost, SkepError, StepFailed
from skep.model import Secret
from skep.plan import Finding, Plan, Run
from skep.report import Reporter, live, reporter
from skep.report.json_events import JsonReporter
from skep.report.lines import LinesReporter
from skep.report.live import LiveReporter
from skep.verify import Check
from skep.waiting import until
from tests.steps import roles, step_id
from tests.timing import Clock


def step(id: str, **more: Any) -> Run:
    base = {"title": "do [it]", "cause": "none → 26.1", "script": "secret-script", "host": id.partition("@")[2] or None}
    return Run(id=step_id(id), **{**base, **more})


PLAN = Plan(
    [
        Finding("error", "clocks differ [much]", next_action="set them"),
        Finding("warning", "no ip_vs", host="m1"),
        step("engine/install@m1", detail=("old [x] → new",), variables={"KEY": Secret("hunter2")}),
        step("engine/install@w1", detail=("old [x] → new",)),
        step("swarm/init@m1", needs=(step_id("engine/install@m1"),)),
        step("networks/create:back", needs=(step_id("swarm/init@m1"),)),
    ],
    roles("engine", "swarm", "networks"),
    ["m1", "w1", "w2"],
)
CLEAN = Plan(PLAN.steps, roles("engine", "swarm", "networks"), PLAN.hosts)
FAILURE = StepFailed("it [broke]", host="m1", step="engine/install", cause="no space", next_action="make room")
OUTCOME = Outcome(["engine/install@w1"], {"engine/install@m1": FAILURE}, {"swarm/init@m1": "engine/install@m1"})


CHECKS = [
    Check("engine", "m1", "runs", "passed", "", 0.1),
    Check("engine", None, "is [new]", "failed", "a\nb", 0.1),
]


LINE = dict.fromkeys(("service", "task", "node", "stream", "time", "text"), "x")


def everything(tell: Reporter) -> None:
    """All there is to tell, once."""
    with tell.busy("observing"):
        tell.say("a [line]")
    tell.plan(PLAN, applying=False)
    with tell.run(CLEAN):
        for kind in ("started", "progress", "done", "failed", "skipped"):
            tell.event(Event(kind, CLEAN.steps[0], "two\nlines" if kind == "failed" else kind, seconds=1.25))  # type: ignore[arg-type]
    tell.outcome(OUTCOME, CLEAN, 12.34)
    tell.checks(CHECKS, 1.0)
    tell.table("nodes", ("name", "labels"), [("m1", "a=[b]"), ("w1", None)], title="nodes")
    tell.data("x", {"a": 1})
    tell.done("that [is] all")
    tell.error(FAILURE)


@pytest.mark.parametrize("verbose", [False, True])
def test_json_is_lines_of_json_and_nothing_else(capsys: pytest.CaptureFixture[str], verbose: bool) -> None:
    everything(reporter(json=True, verbose=verbose))
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == [
        "note", "plan", *["step"] * 5, "outcome", "verify", "nodes", "x", "done", "error",
    ]  # fmt: skip
    assert err == ""
    assert "hunter2" not in out and "secret-script" not in out
    plan, outcome, error = events[1], events[7], events[-1]
    assert [len(plan["steps"]), len(plan["findings"]), plan["applying"]] == [4, 2, False]
    assert outcome["failed"]["engine/install@m1"].startswith("m1: engine/install: it [broke]\n")
    assert (error["exit"], error["kind"], error["next"]) == (5, "StepFailed", "make room")
    assert events[9]["rows"] == [{"name": "m1", "labels": "a=[b]"}, {"name": "w1", "labels": None}]


def test_a_note_stands_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    LinesReporter().note("m1 does not [answer]")
    assert capsys.readouterr() == ("", "m1 does not [answer]\n")
    JsonReporter().note("m1 does not answer")
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"event": "note", "text": "m1 does not answer"}, "")


def test_json_lines_of_many_threads_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    tell = JsonReporter()
    threads = [
        threading.Thread(target=lambda: [tell.event(Event("progress", PLAN.steps[0], "x" * 500)) for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 400


def lines(capsys: pytest.CaptureFixture[str], act: Callable[[LinesReporter], None], **more: Any) -> list[str]:
    act(LinesReporter(**more))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_plan_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, lambda tell: tell.plan(PLAN, applying=False)) == [
        "error clocks differ [much]",
        "  next: set them",
        "warning m1: no ip_vs",
        "m1",
        "   engine    do [it]  (none → 26.1)",
        "               old [x] → new",
        "   swarm     do [it]  (none → 26.1)",
        "w1",
        "   engine    do [it]  (none → 26.1)",
        "               old [x] → new",
        "cluster",
        "   networks  do [it]  (none → 26.1)",
        "4 steps, refused for 1 error above",
    ]


def test_a_plan_without_errors_says_what_would_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(list(PLAN), roles("engine", "swarm", "networks"), ["m1", "w1"])
    for applying, verb in ((False, "would be done"), (True, "to do")):
        shown = lines(capsys, lambda tell, applying=applying: tell.plan(plan, applying=applying))  # type: ignore[misc]
        assert shown[-1] == f"4 steps {verb} on 2 hosts"


def test_the_same_next_action_of_findings_in_a_row_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    desired = [("a", "fix"), ("b", "fix"), ("c", None), ("d", "fix"), ("e", "wait")]
    plan = Plan([Finding("error", text, next_action=next_action) for text, next_action in desired], [], [])
    assert lines(capsys, lambda tell: tell.plan(plan, applying=True)) == [
        "error a", "error b", "  next: fix", "error c", "error d", "  next: fix", "error e", "  next: wait",
    ]  # fmt: skip


def test_a_plan_that_cannot_be_applied_is_only_its_findings(capsys: pytest.CaptureFixture[str]) -> None:
    reported = lines(capsys, lambda tell: tell.plan(PLAN, applying=True))
    assert reported == ["error clocks differ [much]", "  next: set them", "warning m1: no ip_vs"]


def test_hosts_with_the_same_steps_share_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    same = Plan([step("engine/a@m1"), step("engine/a@w1")], roles("engine"), PLAN.hosts)
    reported = lines(capsys, lambda tell: tell.plan(same, applying=True))
    assert reported == ["m1, w1", "   engine    do [it]  (none → 26.1)", "2 steps to do on 2 hosts"]


def test_verbose_reports_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    reported = lines(capsys, lambda tell: tell.plan(CLEAN, applying=True), verbose=True)
    assert "               after engine/install@m1" in reported


def test_events_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    def tell_all(tell: LinesReporter) -> None:
        for kind in ("started", "progress", "done", "failed", "skipped"):
            text = {"failed": "m1: it [broke]\n  cause: x", "skipped": "needs a"}.get(kind, "")
            tell.event(Event(kind, PLAN.steps[0], text, seconds=1.25 if kind == "done" else 0))  # type: ignore[arg-type]

    assert lines(capsys, tell_all) == [
        "✓ m1       do [it] 1.2 s",
        "✗ m1       do [it]",
        "    m1: it [broke]",
        "      cause: x",
        "– m1       do [it]  needs a",
    ]
    assert len(lines(capsys, tell_all, verbose=True)) == 7


def test_an_outcome_reports_which_hosts_are_how(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(OUTCOME.done, OUTCOME.failed, {**OUTCOME.skipped, "networks/create:back": "x"})
    assert lines(capsys, lambda tell: tell.outcome(outcome, CLEAN, 12.34)) == [
        "1 of 4 steps in 12.3 s; done: w1; failed: m1; skipped: cluster"
    ]


def test_an_error_goes_to_stderr_whole(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConnectError("cannot be reached " + "x" * 300, host="m1", cause="[no] answer", next_action="look [there]")
    LinesReporter().error(error)
    LinesReporter().error(InventoryError(["a.yml:1: wrong [key]", "a.yml:2: too"]))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [*error.lines(), "a.yml:1: wrong [key]", "a.yml:2: too", "the inventory has 2 errors"]


def test_a_note_is_kept_out_of_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    LinesReporter().note("not [all] of it")
    assert capsys.readouterr() == ("", "not [all] of it\n")
    JsonReporter().note("x")
    assert json.loads(capsys.readouterr().out) == {"event": "note", "text": "x"}


def test_checks_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    reported = lines(capsys, lambda tell: tell.checks(CHECKS, 1.0))
    assert reported[1].split()[:3] == ["engine", "1", "1"]
    assert reported[2:] == ["✗ cluster: engine: is [new]", "    a", "    b"]


def test_no_colours_and_no_motion_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell = reporter()
    assert type(tell) is LinesReporter
    everything(tell)
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "hunter2" not in out + err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_has_motion_and_colours_unless_unwanted(monkeypatch: pytest.MonkeyPatch, no_color: bool) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    tell = reporter()
    assert isinstance(tell, LiveReporter)
    everything(tell)
    reported = out.getvalue() + err.getvalue()
    assert ("\x1b[31m" in reported or "\x1b[32m" in reported) is not no_color
    assert "hunter2" not in reported
    assert "it [broke]" in reported


def test_a_terminal_cuts_nothing_off_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "60")
    long = Plan([step("engine/a@m1", detail=(f"Env.A: unset → {'x' * 300}",))], roles("engine"), ["m1"])
    reporter().plan(long, applying=True)
    assert out.getvalue().count("x") == 300


def shown(monkeypatch: pytest.MonkeyPatch, act: Callable[[Reporter], None]) -> str:
    """All that a terminal was sent, some of it after a while."""
    out, clock = Terminal(), Clock()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(live, "time", clock)
    tell = reporter()
    with tell.busy("observing [4] hosts"):
        act(tell)
        clock.now += live.PATIENCE + 0.5
        drawn = out.getvalue().count("observing")
        assert until(lambda: out.getvalue().count("observing") >= drawn + 2, seconds=60, every=0.05)
    tell.waiting(["m1"])
    return out.getvalue()


def test_who_is_waited_for_is_shown_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    def act(tell: Reporter) -> None:
        tell.waiting(["m1", "m2", "w1"])
        tell.waiting(["m1"])

    reported = shown(monkeypatch, act)
    assert re.search(r"observing \[4\] hosts: waiting for m1, \d+ s", reported), reported
    assert "m2" not in reported


def test_of_many_that_are_waited_for_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "waiting for m1, m2, m3 and 2 more, " in shown(
        monkeypatch, lambda tell: tell.waiting(["m1", "m2", "m3", "w1", "w2"])
    )


def test_nobody_is_waited_for_where_all_have_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def act(tell: Reporter) -> None:
        tell.waiting(["m1"])
        tell.waiting([])

    assert "waiting" not in shown(monkeypatch, act)


def test_on_a_pipe_nobody_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    tell = LinesReporter()
    with tell.busy("observing"):
        tell.waiting(["m1"])
    assert capsys.readouterr() == ("", "")


def test_the_live_table_may_be_drawn_while_events_come() -> None:
    tell = LiveReporter()
    steps = [step(f"engine/s{number}@h{number % 40}") for number in range(400)]
    ended = threading.Event()
    errors: list[Exception] = []

    def draw() -> None:
        while not ended.is_set():
            try:
                tell._draw()
            except Exception as error:
                errors.append(error)
                return

    drawer = threading.Thread(target=draw)
    drawer.start()
    for one in steps:
        for kind in ("started", "progress", "done"):
            tell.event(Event(kind, one))  # type: ignore[arg-type]
    ended.set()
    drawer.join()
    assert errors == []


def test_a_reader_that_went_away_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (LinesReporter, JsonReporter):
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "w") as broken:  # noqa: PTH123
            monkeypatch.setattr(sys, "stdout", broken)
            tell = kind()
            with pytest.raises(BrokenPipeError):
                tell.say("x")
            assert isinstance(tell.lost, BrokenPipeError)
            tell = kind()


@contextmanager
def unwritable(why: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stdout on a ``full`` disk, or whose reader is ``gone``."""
    if why == "full":
        writing = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, writing = os.pipe()
        os.close(reading)
    with open(writing, "w") as stream, monkeypatch.context() as patch:  # noqa: PTH123
        patch.setattr(sys, "stdout", stream)
        yield


LOST = {"full": OutputLost, "gone": BrokenPipeError}
on_linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")


@on_linux
@pytest.mark.parametrize("why", LOST)
@pytest.mark.parametrize("kind", [LinesReporter, LiveReporter, JsonReporter])
def test_what_cannot_be_written_ends_no_run(
    kind: type[Reporter], why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with unwritable(why, monkeypatch):
        tell = kind()
        tell.steady()
        everything(tell)
    assert isinstance(tell.lost, LOST[why])
    assert capsys.readouterr().err == ("" if kind is JsonReporter and why == "gone" else f"{FAILURE}\n")


@on_linux
@pytest.mark.parametrize("why", LOST)
@pytest.mark.parametrize("kind", [LinesReporter, JsonReporter])
def test_a_log_that_nobody_gets_is_not_followed(
    kind: type[Reporter], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unwritable(why, monkeypatch), pytest.raises(LOST[why]):
        tell = kind()
        for _ in range(2):
            tell.log(LINE)


def test_the_base_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    everything(Reporter())
    assert capsys.readouterr() == ("", "")
    assert isinstance(FAILURE, SkepError)


def test_columns_for_scripts_are_not_shown_to_people_and_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    columns, rows = ("name", "exact"), [("x" * 300, "12:00:01")]
    LinesReporter().table("things", columns, rows, for_scripts=("exact",))
    out = capsys.readouterr().out
    assert "12:00:01" not in out and "exact" not in out
    assert out.count("x") == 300
    JsonReporter().table("things", columns, rows, for_scripts=("exact",))
    assert json.loads(capsys.readouterr().out)["rows"] == [{"name": "x" * 300, "exact": "12:00:01"}]
