"""The tests are stopped: what they have made is cleared away first, however often somebody asks."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = """
import os, time
from pathlib import Path
import pytest
from tests.lab.rig.machine import heed_stops, undisturbed

HERE = Path(__file__).parent
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
from skep.cli.ending import told
from skep.commands import testing

testing.STATIC, testing.PYTEST, testing.UNIT = (), [*testing.PYTEST, "-p", "no:cacheprovider", "-c", "/dev/null"], []
testing.LABS = {"lab": (("lab tests", sys.argv[1]),)}
testing.lab.unsupported = lambda: None
try:
    with told() as tell:
        testing.run(tell, only="lab", keyword=None)
except Exit as end:
    sys.exit(end.code)
"""


def _sigterm(program: subprocess.Popen[bytes], _: int) -> None:
    program.terminate()


def _ctrl_c(_: object, keyboard: int) -> None:
    os.write(keyboard, b"\x03")


def _terminal(screen: int) -> None:
    """A terminal of its own, whose Ctrl-C reaches every process in the foreground."""
    fcntl.ioctl(screen, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("stop", [_sigterm, _ctrl_c])
def test_a_stop_waits_until_all_is_cleared_away(
    tmp_path: Path, stop: Callable[[subprocess.Popen[bytes], int], None]
) -> None:
    (tmp_path / "test_project.py").write_text(PROJECT)
    keyboard, screen = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "test_project.py")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=screen, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=lambda: _terminal(screen),
    )  # fmt: skip
    try:
        _wait_for(tmp_path / "made", program)
        stop(program, keyboard)
        _wait_for(tmp_path / "clearing", program)
        for _ in range(2):
            stop(program, keyboard)
            time.sleep(0.15)
            assert program.poll() is None
        (tmp_path / "go").touch()
        said = program.communicate(timeout=120)[0].decode()
    finally:
        program.kill()
        for end in (keyboard, screen):
            os.close(end)
    assert program.returncode == 130, said
    assert "stopped" in said.splitlines(), said
    assert not (tmp_path / "made").exists() and not (tmp_path / "went on").exists(), said


def _wait_for(file: Path, program: subprocess.Popen[bytes]) -> None:
    while not file.exists():
        assert program.poll() is None, program.communicate()[0].decode()
        time.sleep(0.01)
