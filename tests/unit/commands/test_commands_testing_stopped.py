"""The tests are stopped: what they have made is cleared away first, however often somebody asks."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROJECT = """
import os, time
from pathlib import Path
import pytest
from tests.lab.rig.machine import heed_stops, undisturbed

HERE = Path(__file__).with_suffix("")
HERE.mkdir()
heed_stops()

@pytest.fixture(scope="session")
def made():
    (HERE / "made").write_text(str(os.getpid()))
    yield
    with undisturbed():
        (HERE / "clearing").touch()
        while not (HERE / "go").exists():
            time.sleep(0.01)
    (HERE / "made").unlink()

def test_long(made):
    time.sleep(600)

def test_later(made):
    (HERE / "went on").touch()
"""
RUN = """
import sys
from invoke.exceptions import Exit
from skep.cli.ending import reporting
from skep.commands.repository import testing

testing.STATIC, testing.PYTEST, testing.UNIT = (), [*testing.PYTEST, "-p", "no:cacheprovider", "-c", "/dev/null"], []
testing.LABS = {"lab": ("lab tests", [sys.argv[1:2], sys.argv[2:]])}
testing.lab.unsupported = lambda: None
try:
    with reporting() as tell:
        testing.run(tell, only="lab", keyword=None)
except Exit as end:
    sys.exit(end.code)
"""


def _terminal(screen: int) -> None:
    """A terminal of its own, whose Ctrl-C reaches every process in the foreground."""
    fcntl.ioctl(screen, termios.TIOCSCTTY, 0)


def test_a_stop_waits_until_all_is_cleared_away(tmp_path: Path) -> None:
    """Two runs side by side."""
    runs = [tmp_path / "test_one", tmp_path / "test_other"]
    for run in runs:
        run.with_suffix(".py").write_text(PROJECT)
    keyboard, screen = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", RUN, *(f"{run}.py" for run in runs)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, stdin=screen,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=lambda: _terminal(screen),
    )  # fmt: skip
    try:
        _wait_for("made", runs, program)
        program.terminate()
        _wait_for("clearing", runs, program)
        for number in range(4):
            os.write(keyboard, b"\x03") if number % 2 else program.terminate()
            time.sleep(0.15)
            assert program.poll() is None
        for run in runs:
            (run / "go").touch()
        said = program.communicate(timeout=120)[0].decode()
    finally:
        program.kill()
        for end in (keyboard, screen):
            os.close(end)
    assert program.returncode == 130, said
    assert "stopped" in said.splitlines(), said
    left = {path.name for run in runs for path in run.iterdir()}
    assert left == {"clearing", "go"}, said


def _wait_for(name: str, runs: list[Path], program: subprocess.Popen[bytes]) -> None:
    while not all((run / name).exists() for run in runs):
        assert program.poll() is None, program.communicate()[0].decode()
        time.sleep(0.01)
