"""Every failure is told once and ends the process with its own exit code."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest
from invoke.exceptions import Exit
from invoke.parser import Parser

from skep import errors
from skep.cli import SHORT, called_from, told
from skep.errors import InventoryError, SkepError
from skep.inventory import load

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SkepError)]
KINDS = [kind for kind in CLASSES if kind is not InventoryError]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_its_code(kind: type[SkepError], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, told():
        raise kind("it broke", host="m1", cause="why", next_action="do this")
    assert ended.value.code == kind.exit_code
    assert capsys.readouterr() == ("", "m1: it broke\n  cause: why\n  next:  do this\n")


def test_an_inventory_with_errors_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, told(json=True):
        raise InventoryError(["a.yml:1: wrong"])
    assert ended.value.code == 2
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["exit"], event["lines"]) == (
        "error", 2, ["a.yml:1: wrong", "the inventory has 1 error"],
    )  # fmt: skip


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, told():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("stopped\n  next:  run the same command again")


def test_sigterm_ends_with_130_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Exit) as ended, told():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("stopped\n")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("error", [Exit(code=10), SystemExit(3)])
def test_an_exit_passes_as_it_is(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)) as ended, told():
        raise error
    assert ended.value is error
    assert capsys.readouterr() == ("", "")


def test_a_bug_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, told():
        raise ZeroDivisionError("oops")
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "unexpected error: this is a bug in skep",
        "  cause: ZeroDivisionError: oops",
        "  next:  run again with -v for the traceback, and report it",
    ]
    assert out == ""


def test_a_bug_shows_its_traceback_when_asked_to() -> None:
    with pytest.raises(ZeroDivisionError), told(verbose=True):
        raise ZeroDivisionError


def test_a_good_end_says_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with told() as tell:
        tell.done("done")
    assert capsys.readouterr() == ("done\n", "")


PIPED = """
import sys
from invoke.exceptions import Exit
from skep.cli import SHORT, told
try:
    with told(json={json}) as tell:
        while True:
            tell.say("x" * 1000)
except Exit as ended:
    sys.exit(ended.code)
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_goes_away_ends_it_quietly_with_141(as_json: bool) -> None:
    argv = [sys.executable, "-c", PIPED.format(json=as_json)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 141


def _invoke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "invoke", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [
        ["stack.plan", "--help"],
        ["stack.scale", "web", "-h"],
        ["stack.diff", "-i", "x", "--help"],
        ["lab.cut", "--help"],
    ],
)
def test_help_is_given_where_a_word_is_required(words: list[str]) -> None:
    ended = _invoke(*words)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == _invoke("--help", words[0]).stdout
    assert f"Usage: inv[oke] [--core-opts] {words[0]} " in ended.stdout


def test_an_option_is_not_taken_for_a_name() -> None:
    ended = _invoke("stack.deploy", "--prun")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "--prun stands where NAME belongs\n  next:  the words come before the options\n"


@pytest.mark.parametrize(
    "words",
    [
        ["cluster.history", "--last", "abc"],
        ["cluster.history", "--last=-5"],
        ["cluster.history", "--last", "0"],
        ["cluster.history", "--last", "1_0"],
        ["lab.up", "--hosts", "x"],
        ["stack.rollback", "web", "--revision", "9" * 40],
        ["stack.rollback", "web", "REVISION", "latest"],
        ["bench", "--rounds", "²"],
    ],
)
def test_what_is_no_number_is_told_with_its_option(words: list[str]) -> None:
    ended = _invoke(*(word for word in words if not word.isupper()))
    option, _, value = words[-1].partition("=") if "=" in words[-1] else (words[-2], "", words[-1])
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[0] == f"{option} {value} is not a number from 1 to 999999999"
    assert ended.stderr.count("next:") == 1


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["stack.plan"], {"name": "all"}),
        (["stack.plan", "web"], {"name": "web"}),
        (["stack.plan", "web", "-i", "prod"], {"name": "web", "inventory": "prod"}),
        (["stack.plan", "-i", "prod"], {"name": "all", "inventory": "prod"}),
        (["stack.rollback", "web"], {"name": "web", "revision": 0}),
        (["stack.rollback", "web", "4", "-i", "prod"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.plan", "-i", "prod", "web"], {"name": "web", "inventory": "prod"}),
        (["stack.plan", "--inventory=prod", "--json", "web"], {"name": "web", "inventory": "prod", "json": True}),
        (["stack.rollback", "web", "-i", "prod", "4"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.rollback", "-i", "prod", "web", "--revision=4"], {"name": "web", "revision": 4, "inventory": "prod"}),
        (["stack.rollback", "web", "--revision", "4"], {"name": "web", "revision": 4}),
    ],
)
def test_words_that_may_be_left_out(
    words: list[str], given: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["invoke", *words])
    (task,) = Parser(contexts=run_path("tasks.py")["namespace"].to_contexts()).parse_argv(words)
    assert {name: task.args[name].value for name in given} == given


def test_a_word_that_is_required_is_asked_for() -> None:
    ended = _invoke("stack.deploy", "-i", "prod")
    assert ended.returncode != 0 and "'name'" in ended.stderr


def test_more_hosts_than_the_lab_has_room_for_are_refused() -> None:
    ended = _invoke("lab.up", "--hosts", "400")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("--hosts 400: the lab's subnet 10.83.0.0/24 has room for 154\n  next:  ")


def test_short_options_are_the_same_everywhere() -> None:
    namespace = run_path("tasks.py")["namespace"]
    names = [a.names for task in namespace.task_names for a in namespace[task].get_arguments()]
    short = {(name[0], letter) for name in names for letter in name[1:] if len(letter) == 1}
    assert short == set(SHORT.items())


def test_files_are_looked_for_where_inv_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKEP_FROM", raising=False)
    assert called_from("report.xml") == Path("report.xml")
    monkeypatch.setenv("SKEP_FROM", "/srv")
    assert (called_from("report.xml"), called_from("/x.xml")) == (Path("/srv/report.xml"), Path("/x.xml"))


def test_examples_name_groups_that_there_are() -> None:
    examples = [_invoke("--help", task).stdout for task in ("cluster.plan", "cluster.up", "cluster.verify")]
    words = re.findall(r"Example: invoke \S+ -i (\S+) .*--limit (\S+)", "".join(examples))
    assert words
    for name, group in words:
        assert group in {group for host in load(Path(f"inventory/{name}.yml")).cluster.hosts for group in host.groups}


def test_a_reader_of_the_help_may_go_away() -> None:
    command = f"{sys.executable} -m invoke --list | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert ended.stdout.split()[-1] in ("0", "141")


def test_completion_does_not_mind_numbers() -> None:
    ended = _invoke("--complete", "--", "invoke cluster.history --last x --js")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("word", "offered"), [("--pr", True), ("-", True), ("-h", False)])
def test_completion_is_not_in_the_way(word: str, offered: bool) -> None:
    ended = _invoke("--complete", "--", f"invoke stack.deploy {word}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ("--prune" in ended.stdout.split()) == offered
