"""The services of a stack that is waited for: in lines, as events, on a terminal."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console

from skep.apply import Event
from skep.engine import ServiceRow
from skep.plan import Plan, Run
from skep.report.json_events import JsonReporter
from skep.report.lines import LinesReporter
from skep.report.live import LiveReporter
from skep.report.services import service_lines
from tests.steps import roles, step_id

STEP = Run(id=step_id("stacks/running:web"), title="wait for web", cause="deployed", script="")

ROWS = (
    ServiceRow("web_a", 3, 3, "done"),
    ServiceRow("web_b", 1, 3, "moving", update="updating", detail="1 preparing, 1 starting", node="w1"),
    ServiceRow("web_c", 0, 1, "stuck", detail="2 failed: exit [1]", error="exit [1]"),
)


def progress(*rows: ServiceRow) -> Event:
    return Event("progress", STEP, "; ".join(row.text for row in rows), rows=rows)


def test_services_in_lines_are_reported_once_a_state(capsys: pytest.CaptureFixture[str]) -> None:
    def tell_all(tell: LinesReporter) -> None:
        a, b, c = ROWS
        for _ in range(2):
            tell.event(progress(a, b, c))
        tell.event(progress(a, replace(b, running=2), replace(c, state="moving", detail="1 starting")))
        tell.event(progress(a, replace(b, running=3, state="done", update="completed", detail=""), c))
        tell.event(progress(a, b, replace(c, state="over", update="rollback_completed", detail="")))

    tell_all(LinesReporter())
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "!          web_c 0 of 1 running, 2 failed: exit [1]",
        "·          web_c 0 of 1 running, 1 starting",
        "✓          web_b 3 of 3 running",
        "✗          web_c 0 of 1 running, rolled back",
    ]


def test_services_as_events(capsys: pytest.CaptureFixture[str]) -> None:
    JsonReporter().event(progress(*ROWS))
    JsonReporter().event(Event("started", STEP))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["rows"][1] == {
        "name": "web_b", "running": 1, "desired": 3, "state": "moving", "job": False, "update": "updating",
        "detail": "1 preparing, 1 starting", "node": "w1", "error": "",
    }  # fmt: skip
    assert "rows" not in second


def test_services_on_a_terminal_fit_its_width() -> None:
    reported = [line.rstrip() for line in service_lines(ROWS, width=60, room=10).plain.splitlines()]
    assert reported == [
        "  ✓ web_a 3/3",
        "  · web_b 1/3 updating 1 preparing, 1 starting on w1",
        "  ! web_c 0/1          2 failed: exit [1]",
    ]
    long = replace(ROWS[2], name="web_" + "x" * 100, detail="y" * 100)
    assert [len(line) for line in service_lines([long], width=60, room=10).plain.splitlines()] == [60]
    assert "web_xxx" in service_lines([long], width=20, room=10).plain


def test_a_terminal_with_little_room_shows_those_that_are_not_done() -> None:
    many = [replace(ROWS[0], name=f"web_{number}") for number in range(50)]
    reported = service_lines([*many, *ROWS[1:]], width=80, room=4).plain.splitlines()
    assert [line.split()[:2] for line in reported] == [["!", "web_c"], ["·", "web_b"], ["✓", "web_0"], ["…", "49"]]
    assert reported[3].strip() == "… 49 more, 49 of them done"


def test_the_services_of_a_wait_are_shown_until_it_ends() -> None:
    tell = LiveReporter()
    tell.console = Console(file=io.StringIO(), width=80, height=20)
    tell.event(Event("started", STEP))
    tell.event(Event("progress", STEP, "words that the rows tell", rows=ROWS))
    shown = drawn(tell)
    assert [line.split()[1] for line in shown[1:]] == ["web_a", "web_b", "web_c"]
    assert "words" not in shown[0]
    tell.event(Event("done", STEP))
    assert len(drawn(tell)) == 1


def test_a_step_with_much_to_say_leaves_room_for_its_host_and_its_time() -> None:
    tell = LiveReporter()
    tell.console = Console(file=io.StringIO(), width=60, height=20)
    steps = [
        Run(id=step_id(f"stacks/wait@{host}"), title="wait until these run elsewhere", cause="", script="", host=host)
        for host in ("m1", "w12")
    ]
    with tell.run(Plan(steps, roles("stacks"), ["m1", "w12"])):
        tell.event(Event("started", steps[0], time=time.time() - 11))
        tell.event(Event("progress", steps[0], "tasks of shop_app start elsewhere, " * 5))
        first, second = drawn(tell)
    assert first[1:].startswith(" m1  0/1 ") and len(first) == 60
    assert re.search(r"tasks of s\w*…  \d+ s$", first)
    assert second == "  w12 0/1 waiting"


def drawn(tell: LiveReporter) -> list[str]:
    with tell.console.capture() as capture:
        tell.console.print(tell._draw())
    return [line.rstrip() for line in capture.get().splitlines() if line.strip()]
