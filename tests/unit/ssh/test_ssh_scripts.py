"""Scripts as a host's shell gets them, when the connection lasts and when it does not."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skep.ssh.scripts import changing, command, looking
from tests.timing import having_begun

Start = Callable[..., subprocess.Popen[bytes]]
LOUD = "i=0; while [ $i -lt 2000 ]; do echo 'a long line of output, and then some more of it'; i=$((i + 1)); done"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a body as sshd does, with ``/run`` in the test's folder; stdin stays open, as the connection does."""
    (tmp_path / "run").mkdir()
    started: list[subprocess.Popen[bytes]] = []

    def run(body: bytes, timeout: float = 120.0) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command(timeout).split(), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        started.append(process)
        assert process.stdin is not None
        process.stdin.write(body.replace(b"/run/", f"{tmp_path}/run/".encode()))
        process.stdin.flush()
        return process

    yield run
    for process in started:
        cut(process)
        process.kill()
        process.wait()


def cut(process: subprocess.Popen[bytes]) -> None:
    """The connection ends: nothing more can be read or written."""
    for stream in (process.stdin, process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("wrap", [looking, lambda script: changing(script, "engine/install@m1")])
@pytest.mark.parametrize(
    ("script", "status", "out", "err"),
    [
        ("echo out; echo err >&2; exit 3", 3, "out\n", "err\n"),
        ("cat; echo after", 0, "after\n", ""),
        ("trap 'echo bye' EXIT; false", 1, "bye\n", ""),
        ("set -e; (exit 7); echo no", 7, "", ""),
        ("cat <<END\nx\nEND", 0, "x\n", ""),
        ("echo x # that is all", 0, "x\n", ""),
        ("(sleep 0.2; echo late) & wait", 0, "late\n", ""),
    ],
)
def test_what_a_script_gives_while_the_connection_lasts(
    start: Start, tmp_path: Path, wrap: Callable[[str], bytes], script: str, status: int, out: str, err: str
) -> None:
    process = start(wrap(script))
    assert process.stdout and process.stderr
    reported = process.stdout.read().decode(), process.stderr.read().decode()
    assert (process.wait(), *reported) == (status, out, err)
    assert [path.name for path in (tmp_path / "run").iterdir()] in ([], ["lock"])


@pytest.mark.parametrize("wrap", [looking, lambda script: changing(script, "x")])
def test_what_a_script_said_before_its_deadline_is_reported(
    start: Start, tmp_path: Path, wrap: Callable[[str], bytes]
) -> None:
    begun = tmp_path / "begun"
    body = wrap(f"echo begun; echo so far >&2; touch {begun}; sleep 300")

    def cut_off(seconds: float) -> tuple[bytes, bytes, int]:
        process = start(body, timeout=seconds)
        assert process.stdout and process.stderr
        return process.stdout.read(), process.stderr.read(), process.wait()

    assert having_begun(begun.exists, cut_off) == (b"begun\n", b"so far\n", 124)


def test_looking_ends_with_the_connection_and_so_does_all_it_started(start: Start, tmp_path: Path) -> None:
    script = (
        f"sh -c 'echo $$; exec sleep 300' >{tmp_path}/child & echo $$ >{tmp_path}/begun; wait; echo on >{tmp_path}/on"
    )
    process = start(looking(script))
    until(lambda: all((tmp_path / name).exists() and (tmp_path / name).read_text() for name in ("begun", "child")))
    cut(process)
    until(lambda: process.poll() is not None and not Path("/proc", (tmp_path / "child").read_text().strip()).exists())
    assert not (tmp_path / "on").exists()


def test_looking_that_hears_nothing_is_killed(start: Start, tmp_path: Path) -> None:
    process = start(looking(f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.1; done"))
    until(lambda: (tmp_path / "deaf").exists())
    cut(process)
    until(lambda: process.poll() is not None)


def test_a_change_runs_on_to_its_end_whatever_it_prints(start: Start, tmp_path: Path) -> None:
    process = start(changing(f"touch {tmp_path}/begun; sleep 0.3; {LOUD}; {LOUD} >&2; echo end >{tmp_path}/end", "x"))
    until(lambda: (tmp_path / "begun").exists())
    cut(process)
    until(lambda: (tmp_path / "end").exists() and process.poll() is not None)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["lock"]


def test_a_change_that_still_runs_is_waited_for_by_its_like_only(start: Start, tmp_path: Path) -> None:
    log, on = tmp_path / "log", tmp_path / "on"
    first = start(
        changing(f"echo one >>{log}; until [ -e {on} ]; do sleep 0.05; done; echo two >>{log}", "engine/install@m1")
    )
    until(lambda: log.exists())
    cut(first)
    second = start(changing(f"echo three >>{log}", "engine/install@m1"))
    other = start(changing(f"echo other >>{log}", "daemon/write@m1"))
    assert other.wait() == 0
    on.touch()
    assert second.wait() == 0
    assert log.read_text().split() == ["one", "other", "two", "three"]


def test_what_a_change_leaves_running_holds_nobody_up(start: Start) -> None:
    assert start(changing("sleep 300 >/dev/null 2>&1 &", "x")).wait() == 0
    assert start(changing("true", "x")).wait() == 0


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda run: (run.rmdir(), run.write_text("")), "mktemp:"),
        (lambda run: (run / "lock").write_text(""), "mkdir:"),
        (lambda run: (run / "lock/skep-x").mkdir(parents=True), "skep-x"),
    ],
)
def test_a_change_that_finds_no_place_for_its_files_does_not_begin(
    start: Start, tmp_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    prepare(tmp_path / "run")
    process = start(changing(f"touch {tmp_path}/begun", "x"))
    assert process.stderr and words in process.stderr.read().decode()
    assert process.wait() in (73, 2)
    assert not (tmp_path / "begun").exists()
