"""Every failure is reported once and ends the process with its own exit code."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from skep import errors
from skep.cli.ending import reporting
from skep.commands.call import called_from
from skep.errors import InventoryError, SkepError
from skep.inventory import load

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SkepError)]
KINDS = [kind for kind in CLASSES if kind is not InventoryError]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_its_code(kind: type[SkepError], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, reporting():
        raise kind("it broke", host="m1", cause="why", next_action="do this")
    assert ended.value.code == kind.exit_code
    assert capsys.readouterr() == ("", "m1: it broke\n  cause: why\n  next:  do this\n")


def test_an_inventory_with_errors_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, reporting(json=True):
        raise InventoryError(["a.yml:1: wrong"])
    assert ended.value.code == 2
    event = json.loads(capsys.readouterr().out)
    assert (event["event"], event["exit"], event["lines"]) == (
        "error", 2, ["a.yml:1: wrong", "the inventory has 1 error"],
    )  # fmt: skip


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, reporting():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("stopped\n  next:  run the same command again")


def test_sigterm_ends_with_130_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Exit) as ended, reporting():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("stopped\n")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("error", [Exit(code=10), SystemExit(3)])
def test_an_exit_passes_as_it_is(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)) as ended, reporting():
        raise error
    assert ended.value is error
    assert capsys.readouterr() == ("", "")


def test_a_bug_is_reported_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, reporting():
        raise ZeroDivisionError("oops")
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "unexpected error: this is a bug in skep",
        "  cause: ZeroDivisionError: oops",
        "  next:  run again with -v for the traceback, and report it",
    ]
    assert out == ""


def test_a_bug_shows_its_traceback_when_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, reporting(verbose=True):
        raise ZeroDivisionError("\x1b[2J")
    assert ended.value.code == 1
    assert "Traceback (most recent call last):" in capsys.readouterr().err


def test_a_good_end_says_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting() as tell:
        tell.done("done")
    assert capsys.readouterr() == ("done\n", "")


PIPED = """
import sys
from invoke.exceptions import Exit
from skep.cli.ending import reporting
try:
    with reporting(json={json}) as tell:
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
        assert process.wait(120) == 141


def _invoke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "invoke", *words], capture_output=True, text=True, check=False)


def test_more_hosts_than_the_lab_has_room_for_are_refused() -> None:
    ended = _invoke("lab.up", "--hosts", "400")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("--hosts 400: the lab's subnet 10.83.0.0/24 has room for 154\n  next:  ")


def test_files_are_looked_for_where_inv_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKEP_FROM", raising=False)
    assert called_from("report.xml") == Path("report.xml")
    monkeypatch.setenv("SKEP_FROM", "/srv")
    assert (called_from("report.xml"), called_from("/x.xml")) == (Path("/srv/report.xml"), Path("/x.xml"))


def test_examples_name_groups_that_there_are() -> None:
    examples = [_invoke("--help", task).stdout for task in ("cluster.plan", "cluster.up", "cluster.verify")]
    words = re.findall(r"Example: \S+ \S+ -i (\S+) .*--limit (\S+)", "".join(examples))
    assert words
    for name, group in words:
        assert group in {group for host in load(Path(f"inventory/{name}.yml")).cluster.hosts for group in host.groups}


def test_a_reader_of_the_help_may_go_away() -> None:
    command = f"{sys.executable} -m invoke --list | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert ended.stdout.split()[-1] in ("0", "141")
