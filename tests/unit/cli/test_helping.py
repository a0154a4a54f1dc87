"""Help in terminals of every width: no word is broken, and what goes on stands below its own column."""

from __future__ import annotations

import pytest

import tasks
from skep.cli.core import IDLE, OURS
from skep.cli.described import described
from skep.cli.helping import in_columns, task_help
from skep.cli.known_tasks import TASKS
from skep.cli.program import Program
from skep.commands.tasks import every  # noqa: F401 - fills TASKS

WIDTHS = (40, 80, 160)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("task", sorted(TASKS))
def test_no_word_is_broken(monkeypatch: pytest.MonkeyPatch, task: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    one = described(task, TASKS[task])
    lines = list(task_help(one, "skep"))
    given = {word for text in (one.text, *(text for _, text in one.options)) for word in text.split()}
    shown = {word for line in lines for word in line.split()}
    assert {word for word in given if "invoke" not in word} <= shown
    long = [line for line in lines if len(line) > columns]
    assert all(line.startswith(("Usage: ", "  Example: ")) or len(line.split()) == 1 for line in long), long


def test_what_goes_on_stands_below_its_column() -> None:
    rows = [("-a NAME, --all NAME", "one two three four five six seven eight nine"), ("-b", "ten"), ("-c", None)]
    assert list(in_columns(rows, 50)) == [
        "  -a NAME, --all NAME  one two three four five six",
        "                       seven eight nine",
        "  -b                   ten",
        "  -c",
    ]
    assert list(in_columns(rows, 30))[:2] == ["  -a NAME, --all NAME", "      one two three four five"]


def test_the_first_line_of_a_task_is_a_whole_sentence() -> None:
    first = {name: str(one.__doc__).splitlines()[0] for name, one in TASKS.items()}
    assert [name for name, line in first.items() if not line.endswith(".")] == []


def test_help_names_the_options_that_work_here_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Program(name="skep", namespace=tasks.namespace).run(["skep", "--help"])
    shown = capsys.readouterr().out
    assert all(f"--{name}" not in shown for name in IDLE)
    assert all(f"--{name}" in shown for name in OURS)
    assert "show the plan of a task that has one" in shown and "  cluster.up" in shown
