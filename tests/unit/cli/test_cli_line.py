"""The command line, task by task: what is taken, and what is said of what is not. No host is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser.context import ParserContext

import tasks
from skep.cli.command import Command
from skep.cli.core import FORMATS
from skep.cli.line import Line, usage_of
from skep.cli.options import COMMON
from skep.cli.program import Program
from skep.cli.spelling import COMMAND
from skep.errors import UsageError

NAMES = sorted(tasks.namespace.task_names)
INVENTORY = """\
groups: {north: {}}
hosts:
  m1: {address: 10.0.0.11, role: manager, groups: [north]}
  w1: {address: 10.0.0.21, role: worker, groups: [cold]}
stacks:
  shop: {}
"""


class Ran:
    """Stands for the program, whose tasks are not run: what it would run, and what it printed."""

    def __init__(self, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        self.program = Program(name="skep", binary="skep", namespace=tasks.namespace, version="1")
        self.program.execute = lambda: None  # type: ignore[method-assign]
        self.code = 0
        capsys.readouterr()
        try:
            self.program.run(["skep", *argv])
        except SystemExit as ended:
            self.code = int(ended.code or 0)
        self.out, self.err = capsys.readouterr()

    @property
    def given(self) -> dict[str, Any]:
        """What the one task got."""
        (task,) = self.program.tasks
        return dict(task.as_kwargs)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    return lambda *argv: Ran([str(word) for word in argv], capsys)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "some.yml"
    path.write_text(INVENTORY)
    return path


def words_of(name: str) -> list[str]:
    """A task with the words it needs."""
    context = ParserContext(name=name, args=tasks.namespace[name].get_arguments())
    return [name, *("x" for one in context.positional_args if one.required)]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["stack.plan"], {"name": "all"}),
        (["stack.plan", "web"], {"name": "web"}),
        (["stack.plan", "web", "-i", "prod"], {"name": "web", "inventory": "prod"}),
        (["stack.plan", "-i", "prod"], {"name": "all", "inventory": "prod"}),
        (["stack.plan", "-iprod", "--no-resolve"], {"inventory": "prod", "resolve": False}),
        (["stack.rollback", "web"], {"name": "web", "revision": 0}),
        (["stack.rollback", "web", "4", "-i", "prod"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.plan", "-i", "prod", "web"], {"name": "web", "inventory": "prod"}),
        (["stack.plan", "--inventory=prod", "--json", "web"], {"name": "web", "inventory": "prod", "json": True}),
        (["stack.rollback", "web", "-i", "prod", "4"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.rollback", "-i", "prod", "web", "--revision=4"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.deploy", "-jvy", "web"], {"name": "web", "json": True, "verbose": True, "yes": True}),
        (["stack.deploy", "cluster.up"], {"name": "cluster.up"}),
        (["stack.plan", "demo"], {"name": "demo"}),
        (["stack.logs", "web", "--service", "a", "--service=b", "-f"], {"service": ["a", "b"], "follow": True}),
        (["stack.logs", "web", "--tail=-1"], {"tail": "-1"}),
        (["cluster.up", "--yes", "--wait-lock", "5m", "--plan"], {"yes": True, "wait_lock": "5m", "plan": True}),
    ],
)  # fmt: skip
def test_words_and_options(run: Callable[..., Ran], words: list[str], given: dict[str, object]) -> None:
    ran = run(*words)
    assert (ran.code, ran.err) == (0, "")
    assert {name: ran.given[name] for name in given} == given


def test_several_tasks_in_one_line(run: Callable[..., Ran]) -> None:
    ran = run("stack.plan", "cluster.plan", "--json", "stack.ps", "web")
    assert [task.name for task in ran.program.tasks] == ["stack.plan", "cluster.plan", "stack.ps"]
    assert [task.as_kwargs["json"] for task in ran.program.tasks] == [False, True, False]


@pytest.mark.parametrize(
    ("words", "message", "usage"),
    [
        (["up"], "there is no task up; did you mean cluster.up or lab.up?", "TASK [options]"),
        (["cluster.pln"], "there is no task cluster.pln; did you mean cluster.plan?", "cluster.plan [options]"),
        (["cluster", "up"], "there is no task cluster; did you mean cluster.up?", "cluster.up [options]"),
        (["deplyo", "web"], "there is no task deplyo; did you mean stack.deploy?", "stack.deploy NAME [options]"),
        (["xyzzy"], "there is no task xyzzy", "TASK [options]"),
        (["cluster.up", "--yess"], "cluster.up has no option --yess; did you mean --yes?", "cluster.up [options]"),
        (["cluster.up", "-x"], "cluster.up has no option -x", "cluster.up [options]"),
        (["cluster.plan", "--junit", "x"],
         "cluster.plan has no option --junit; that is one of cluster.verify, cluster.audit",
         "cluster.plan [options]"),
        (["cluster.up", "--yes=no"], "--yes takes no value", "cluster.up [options]"),
        (["cluster.up", "--verify", "allways"], "--verify allways is not one of always, changed, never; did you mean"
         " always?", "cluster.up [options]"),
        (["cluster.up", "now"], "cluster.up takes no word: now is one too many", "cluster.up [options]"),
        (["stack.logs", "shop", "web"], "stack.logs takes NAME: web is one too many", "stack.logs NAME [options]"),
        (["stack.scale", "shop", "web", "3"], "stack.scale takes NAME and SERVICE=NUMBER: 3 is one too many",
         "stack.scale NAME SERVICE=NUMBER [options]"),
        (["stack.logs", "shop", "--tail"], "--tail needs a value: lines of each task from the end, or all (default"
         " 100)", "stack.logs NAME [options]"),
        (["stack.logs", "shop", "--tail", "--follow"], "--tail needs a value: lines of each task from the end, or all"
         " (default 100)", "stack.logs NAME [options]"),
        (["stack.deploy", "--prun", "web"], "stack.deploy has no option --prun; did you mean --prune?",
         "stack.deploy NAME [options]"),
        (["-i", "lab", "cluster.up"], "-i is an option of cluster.up: options come after their task",
         "TASK [options]"),
        (["--lsit"], "skep has no option --lsit; did you mean --list?", "TASK [options]"),
        (["--list-depth", "x"], "--list-depth x is not a number from 1 to 999999999", "TASK [options]"),
        (["cluster.history", "--last", "abc"], "--last abc is not a number from 1 to 999999999",
         "cluster.history [options]"),
        (["cluster.history", "--last=-5"], "--last -5 is not a number from 1 to 999999999",
         "cluster.history [options]"),
        (["lab.up", "--hosts", "0"], "--hosts 0 is not a number from 1 to 999999999", "lab.up [options]"),
        (["stack.rollback", "web", "latest"], "REVISION latest is not a number from 1 to 999999999",
         "stack.rollback NAME [REVISION] [options]"),
        (["bench", "--rounds", "²"], "--rounds ² is not a number from 1 to 999999999", "bench [options]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_json", [False, True])
def test_a_line_that_is_wrong(
    run: Callable[..., Ran], words: list[str], message: str, usage: str, as_json: bool
) -> None:
    ran = run(*words, *(["--json"] if as_json else []))
    assert ran.code == 2
    if as_json:
        (event,) = map(json.loads, ran.out.splitlines())
        assert (event["event"], event["exit"], event["message"]) == ("error", 2, message)
        lines = event["next"].splitlines()
    else:
        first, *lines = ran.err.splitlines()
        assert (first, ran.out) == (message, "")
    assert f"usage: skep {usage}" in [line.removeprefix("  next:  ").strip() for line in lines]


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["stack.logs", "shop", "web"], "stack.logs shop --service web"),
        (["stack.scale", "shop", "web", "3"], "stack.scale shop web=3"),
        (["stack.restart", "shop", "web", "db"], "stack.restart shop web,db"),
    ],
)
def test_a_word_too_many_has_its_place(run: Callable[..., Ran], words: list[str], instead: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.err.splitlines()[1]) == (2, f"  next:  skep {instead}")
    assert run(*instead.split()).code == 0


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["stack.deploy"], "shop"),
        (["stack.logs"], "shop"),
        (["lab.kill"], "m1, w1"),
        (["cluster.up", "--limit"], "m1, w1, north, cold"),
    ],
)
def test_a_name_that_is_missing_is_reported_with_those_there_are(
    run: Callable[..., Ran], inventory: Path, words: list[str], names: str
) -> None:
    task, *option = words
    ran = run(task, "-i", inventory, *option)
    assert (ran.code, ran.err.splitlines()[1]) == (2, f"  next:  there are: {names}")
    ran = run(task, "-i", inventory, "--json", *option)
    (event,) = map(json.loads, ran.out.splitlines())
    assert (ran.code, event["event"], event["next"].splitlines()[0]) == (2, "error", f"there are: {names}")


def test_of_many_names_a_hint_has_some(run: Callable[..., Ran], inventory: Path) -> None:
    hosts = "".join(f"  w{number}: {{address: 10.1.{number}.2, role: worker}}\n" for number in range(2, 102))
    inventory.write_text(INVENTORY.replace("stacks:", f"{hosts}stacks:"))
    hint = run("cluster.up", "-i", inventory, "--limit").err.splitlines()[1]
    assert hint.startswith("  next:  there are: m1, w1, w2, ") and hint.endswith(" and 64 more")


@pytest.mark.parametrize("task", NAMES)
def test_each_task_answers_mistakes_with_its_usage(run: Callable[..., Ran], task: str) -> None:
    needed = words_of(task)
    for words in ([*needed, "--nonsense"], [*needed, "a", "b", "c"], needed[:-1] if len(needed) > 1 else None):
        if words is None or (words[-1] == "c" and task == "help"):
            continue
        ran = run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert f"usage: skep {usage_of(ran.program._context(task)) if words else 'TASK [options]'}" in ran.err
    misspelt = f"{task[:-1]}{'x' if task[-1] != 'x' else 'y'}"
    ran = run(misspelt)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"there is no task {misspelt}")


@pytest.mark.parametrize("task", NAMES)
def test_help_of_each_task(run: Callable[..., Ran], task: str) -> None:
    shown = run("help", task)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: skep {task}")
    assert "Example: " in shown.out
    assert not COMMAND.search(shown.out)
    for words in (["--help", task], [task, "--help"], [task, "-h"], [*words_of(task), "-h"]):
        assert run(*words).out == shown.out
    if task != "help":
        assert run(task, "-i", "x", "-h").out == shown.out or "inventory" not in tasks.namespace[task].common


def test_help_without_a_task(run: Callable[..., Ran]) -> None:
    assert run("help").out == run("--help").out == run().out
    assert run("help", "cluster.pln").code == run("--help", "cluster.pln").code == 2
    assert "did you mean cluster.plan?" in run("help", "cluster.pln").err
    assert run("--version").out == "skep 1\n"


CORE = [
    ["--command-timeout", "5"], ["--complete"], ["--config", "tests/unit/cli/none.yaml"], ["--debug"], ["--dry"],
    ["--echo"], ["--help"], ["--hide", "both"], ["--list"], ["--list-depth", "1"], ["--list-format", "json"],
    ["--print-completion-script", "bash"], ["--prompt-for-sudo-password"], ["--pty"], ["--version"], ["--warn-only"],
    ["--write-pyc"], ["--site", "."],
]  # fmt: skip
LEFT_ALONE = {"--list-depth", "--list-format", "--write-pyc", "--site"}
ANSWERED = {"--complete", "--help", "--list", "--print-completion-script", "--version"}
REFUSED = {"--command-timeout", "--echo", "--hide", "--prompt-for-sudo-password", "--pty", "--warn-only", "--config"}


def test_every_core_option_is_tried() -> None:
    known = {f"--{one.names[0]}" for one in Program(namespace=Collection()).core_args()}
    assert known == {words[0] for words in CORE} == LEFT_ALONE | ANSWERED | REFUSED | {"--dry", "--debug"}


@pytest.mark.parametrize("option", CORE, ids=lambda words: words[0])
@pytest.mark.parametrize("task", [name for name in NAMES if name != "help"])
def test_each_task_with_each_core_option(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, task: str, option: list[str]
) -> None:
    monkeypatch.setattr("skep.cli.program.enable_logging", lambda: None, raising=False)
    monkeypatch.setattr("invoke.program.enable_logging", lambda: None)
    ran = run(*option, *words_of(task)) if option[0] not in ("--help", "--list") else run(*words_of(task), *option)
    executed = ran.code == 0 and not ran.out
    if option[0] in REFUSED:
        assert ran.code == 2
        assert option[0] in ran.err
    elif option[0] in ANSWERED:
        assert ran.code == 0
        assert not executed
    elif option[0] in LEFT_ALONE:
        assert executed
    elif option[0] == "--dry":
        _dry(ran, tasks.namespace[task], executed)


BEFORE = {"--debug", "--list-depth", "--list-format", "--print-completion-script", "--version", "--write-pyc"}


@pytest.mark.parametrize("task", [name for name in NAMES if name != "help"])
def test_each_task_with_each_core_option_behind_it(run: Callable[..., Ran], task: str) -> None:
    own = {f"--{one.name}" for one in tasks.namespace[task].get_arguments()}
    for option in [words for words in CORE if words[0] not in own]:
        ran = run(*words_of(task), *option)
        executed = ran.code == 0 and not ran.out
        if option[0] in BEFORE:
            assert ran.code == 2
            assert f"{task} has no option {option[0]}; as an option of skep it stands before tasks" in ran.err
        elif option[0] == "--dry":
            _dry(ran, tasks.namespace[task], executed)
        else:
            assert (ran.code == 2) == (option[0] in REFUSED)
            assert executed == (option[0] == "--site")


SHORT = {f"--{one.names[0]}": f"-{letter}" for one in Program(namespace=Collection()).core_args()
         for letter in one.names[1:]}  # fmt: skip


@pytest.mark.parametrize("option", [words for words in CORE if words[0] in SHORT], ids=lambda words: words[0])
def test_a_letter_of_a_core_option_means_the_same(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    monkeypatch.setattr("skep.cli.program.enable_logging", lambda: None, raising=False)
    monkeypatch.setattr("invoke.program.enable_logging", lambda: None)
    for task in ("cluster.up", "cluster.down", "cluster.unlock", "node.ls"):
        long, short = run(*option, task), run(SHORT[option[0]], *option[1:], task)
        assert (long.code, long.out) == (short.code, short.out)
        assert long.err.replace(option[0], SHORT[option[0]]) == short.err.replace(option[0], SHORT[option[0]])
        run_by = [[one.as_kwargs for one in getattr(ran.program, "tasks", [])] for ran in (long, short)]
        assert run_by[0] == run_by[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stack.rm web -f", "stack.rm has no option -f; did you mean --yes?"),
        ("cluster.down -f", "cluster.down has no option -f; did you mean --yes?"),
        ("cluster.down -f -i prod", "cluster.down has no option -f; did you mean --yes?"),
        ("cluster.up -f x.yml", "cluster.up has no option -f; did you mean --inventory?"),
        ("stack.render -f x.yml", "stack.render has no option -f; did you mean --file?"),
        ("cluster.up -fx.yml", "cluster.up has no option -f; did you mean --inventory?"),
        ("stack.logs web -F", "stack.logs has no option -F; as --list-format of skep it stands before tasks"),
        ("stack.deploy web -V", "stack.deploy has no option -V; as --version of skep it stands before tasks"),
        ("stack.ls -l", "stack.ls has no option -l; as --list of skep it stands before tasks"),
        ("stack.ls -D2", "stack.ls has no option -D; as --list-depth of skep it stands before tasks"),
    ],
)
def test_a_letter_behind_a_task_is_the_task_s_own(run: Callable[..., Ran], line: str, said: str) -> None:
    ran = run(*line.split())
    assert (ran.code, ran.err.splitlines()[0]) == (2, said)


def _dry(ran: Ran, task: Command, executed: bool) -> None:
    assert executed == (task.effect != "acts")
    if task.effect == "plans":
        assert ran.given["plan"] is True
    elif task.effect == "acts":
        assert (ran.code, ran.err.partition(": ")[0]) == (2, "--dry")


def test_lists_that_there_are_not(run: Callable[..., Ran]) -> None:
    assert run("--list", "cluster").code == 0
    for words in (["--list", "clutser"], ["--list", "--list-format", "xml"], ["--print-completion-script", "tcsh"]):
        ran = run(*words)
        assert (ran.code, ran.out) == (2, "")
    assert "flat" in FORMATS


WITHOUT_SERVICES = {"cluster.backup", "cluster.prune", "schedule.apply", "schedule.rm"}
"""Tasks that change something and wait for no service."""


def test_options_mean_the_same_everywhere() -> None:
    letters = {option.letter for option in COMMON.values() if option.letter}
    assert len(letters) == len([option for option in COMMON.values() if option.letter])
    for name in NAMES:
        task = tasks.namespace[name]
        for argument in task.get_arguments():
            common = COMMON.get(str(argument.name))
            assert argument.help, (name, argument.name)
            assert argument.names[1:] == ((common.letter,) if common and common.letter else ())
        options = {argument.name for argument in task.get_arguments()}
        assert options >= {"json", "verbose", "quiet"}
        plans = task.effect == "plans"
        assert (options >= {"yes", "plan", "wait_lock"}) == plans
        assert ("timeout" in options) == (plans and name not in WITHOUT_SERVICES)


def test_invoke_itself_answers_the_same() -> None:
    for words in (["cluster.pln"], ["stack.logs", "shop", "web"], ["--dry", "lab.down"], ["help", "cluster.up"]):
        answers = [
            subprocess.run([sys.executable, "-m", name, *words], capture_output=True, text=True, check=False)
            for name in ("invoke", "skep")
        ]
        assert answers[0].returncode == answers[1].returncode
        assert answers[0].stdout.replace("invoke ", "skep ") == answers[1].stdout
        assert answers[0].stderr.replace("invoke ", "skep ") == answers[1].stderr


def test_tasks_of_others_are_read_as_well() -> None:
    from invoke.tasks import task

    def build(c: Any, target: str, fast: bool = False) -> None: ...

    contexts = {"build": lambda: ParserContext(name="build", args=task(build).get_arguments())}
    core = Program(namespace=Collection()).initial_context
    result = Line(core, contexts).read(["build", "all", "--fast"])
    assert result[1].as_kwargs == {"target": "all", "fast": True}
    with pytest.raises(UsageError, match="build needs TARGET"):
        Line(core, contexts).read(["build"])


def test_exit_codes_of_invoke_are_not_taken_for_ours() -> None:
    assert Exit(code=2).code == 2
