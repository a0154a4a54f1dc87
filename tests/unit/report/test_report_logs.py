"""Lines of a stack's log: in colour on a terminal only, whole everywhere."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from skep.report.json_events import JsonReporter
from skep.report.lines import LinesReporter

LINE = {
    "time": "2025-06-01T12:00:00.5Z",
    "service": "web_app",
    "task": "web_app.1",
    "node": "m1",
    "stream": "stdout",
    "text": "[bold]a[/] :smile: " + "x" * 300,
}
EACH = LINE | {"service": "web_each", "task": "web_each.w1", "node": "w1", "text": "b"}
LOST = LINE | {"time": "", "task": "web_app", "node": "", "stream": "error", "text": "no log"}


def test_lines_in_a_pipe_are_plain_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    tell = LinesReporter()
    for line in (LINE, EACH, LOST):
        tell.log(line)
    tell.log(LINE | {"text": "b"}, timestamps=True)
    assert capsys.readouterr().out.splitlines() == [
        f"web_app.1@m1 | {LINE['text']}",
        "web_each.w1  | b",
        "web_app      | no log",
        "2025-06-01T12:00:00.5Z web_app.1@m1 | b",
    ]


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_shows_each_service_in_a_colour_that_stays(no_color: bool) -> None:
    reported = []
    for order in ((LINE, EACH), (EACH, LINE)):
        tell = LinesReporter()
        tell.soft, tell.console = False, Console(
            file=io.StringIO(), force_terminal=True, color_system="standard", no_color=no_color, width=80
        )  # fmt: skip
        for line in order:
            tell.log(line)
        reported.append(tell.console.file.getvalue().splitlines())  # type: ignore[attr-defined]
    first, second = ([line.partition("web_")[0] for line in lines] for lines in reported)
    assert first == second[::-1]
    assert len(set(first)) == (1 if no_color else 2)
    assert "[bold]a[/] :smile: " + "x" * 300 in reported[0][0]


def test_lines_as_events(capsys: pytest.CaptureFixture[str]) -> None:
    JsonReporter().log(LINE)
    assert json.loads(capsys.readouterr().out) == {"event": "log", **LINE}
