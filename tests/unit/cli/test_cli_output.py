"""Output that cannot be written: streams that are closed, a full disk, an encoding that lacks our signs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from invoke.exceptions import Exit
from skep.cli.ending import reporting
from skep.errors import PreflightError, VerifyFailed
from skep.apply import Event
from skep.plan import Run
from tests.steps import step_id
try:
    with reporting(json={json}) as tell:
        {body}
except Exit as ended:
    sys.exit(ended.code)
"""
REFUSED = 'tell.say("a"); tell.note("b"); raise PreflightError("no", next_action="fix")'
WELL = 'tell.say("a"); tell.done("b")'
ASKED = 'from skep.commands.asking import agreed; agreed("sure?", yes=False)'
SIGNS = (
    'tell.event(Event("done", Run(id=step_id("a/x@m1"), host="m1", title="→ é", cause="c", script="")));'
    ' tell.say("\\\\udcff"); raise VerifyFailed("✗")'
)
LOST = (
    "not all that there was to tell could be written\n  cause: No space left on device\n"
    "  next:  look at where the output goes, then run the same command again\n"
)
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")


def run(body: str, streams: str = "", *, json: bool = False, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The body in a process whose streams a shell has led elsewhere."""
    argv = ["sh", "-c", f'exec "$0" -c "$1" {streams}', sys.executable, RUN.format(json=json, body=body)]
    return subprocess.run(argv, env={**os.environ, **environ}, capture_output=True, check=False)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&-", "2>/dev/full"])
@full
def test_streams_that_a_shell_closed_change_no_exit_code(streams: str, as_json: bool) -> None:
    ended = run(REFUSED, streams, json=as_json)
    assert ended.returncode == 4
    assert b"Traceback" not in ended.stdout + ended.stderr
    assert ended.stdout.startswith(b"") if ">&-" in streams.split() else b"a" in ended.stdout
    assert run(WELL, streams, json=as_json).returncode == 0


def test_nobody_can_be_asked_where_stdin_is_closed() -> None:
    ended = run(ASKED, "<&-")
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, b"sure? Nobody can be asked here")


@full
@pytest.mark.parametrize("as_json", [False, True])
def test_a_full_disk_is_reported_on_stderr_and_by_the_exit_code(as_json: bool) -> None:
    ended = run(WELL, ">/dev/full", json=as_json)
    assert (ended.returncode, ended.stderr.decode()) == (1, LOST)
    ended = run(REFUSED, ">/dev/full", json=as_json)
    assert (ended.returncode, ended.stderr.decode()) == (
        4,
        "no\n  next:  fix\n" if as_json else "b\nno\n  next:  fix\n",
    )


@full
def test_a_whole_command_with_a_full_disk() -> None:
    argv = f'exec "{sys.executable}" -m invoke inventory.check --json -i "$0" >/dev/full'
    for name, code in (("lab", 1), ("nope", 2)):
        ended = subprocess.run(["sh", "-c", argv, name], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr.count("next:"), "Traceback" in ended.stderr) == (code, 1, False)


WITHOUT_A_TASK = ["--list", "--list --list-format json", "--version", "help", "help cluster.up", "cluster.up --help",
                  "--print-completion-script bash"]  # fmt: skip


@full
@pytest.mark.parametrize("words", WITHOUT_A_TASK)
def test_lists_and_help_with_a_full_disk(words: str) -> None:
    with Path("/dev/full").open("wb") as disk:
        ended = subprocess.run(
            [sys.executable, "-m", "skep", *words.split()], stdout=disk, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, LOST)


@pytest.mark.parametrize("words", WITHOUT_A_TASK)
def test_lists_and_help_whose_reader_has_gone(words: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    argv = [sys.executable, "-m", "skep", *words.split()]
    try:
        ended = subprocess.run(argv, stdout=writes, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writes)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_what_an_encoding_lacks_ends_nothing(encoding: str) -> None:
    ended = run(SIGNS, PYTHONIOENCODING=encoding)
    assert ended.returncode == 8
    assert ended.stdout.decode(encoding).splitlines()[0] == {
        "latin-1": "? m1       ? é", "ascii": "? m1       ? ?", "utf-8": "✓ m1       → é",
    }[encoding]  # fmt: skip
    assert b"bug" not in ended.stderr
    ended = run(SIGNS, json=True, PYTHONIOENCODING=encoding)
    assert ended.returncode == 8
    assert [json.loads(line)["event"] for line in ended.stdout.splitlines()] == ["step", "note", "error"]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("ends", "code"), [('raise PreflightError("no", next_action="fix")', 4), ("pass", 1)])
@full
def test_a_file_that_cannot_be_written_hides_neither_what_is_told_nor_the_failure(
    ends: str, code: int, as_json: bool
) -> None:
    ended = run(
        f'from pathlib import Path; tell.say("a"); tell.file(Path("/dev/full"), "text"); {ends}; tell.done("b")',
        json=as_json,
    )
    out = ended.stdout.decode()
    told = out if as_json else ended.stderr.decode()
    assert ended.returncode == code and ('"a"' if as_json else "a\n") in out
    assert told.count("cannot write /dev/full") == (2 if as_json else 1), "an event of JSON has it in its lines, too"
    assert "make room: df -h /dev" in told and "bug" not in told
    if as_json:
        events = [json.loads(line) for line in out.splitlines()]
        assert events[-1]["exit"] == code
