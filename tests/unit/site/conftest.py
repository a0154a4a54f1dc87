"""The wheel, built once; and the program as it comes out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

Skep = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, as it lies in ``site-packages``."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def skep(installed: Path) -> Skep:
    """``skep WORDS`` of the wheel, in a folder, as its console script calls it."""

    def run(here: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SKEP_", "PYTHON"))}
        return subprocess.run(
            [sys.executable, "-P", "-c", "from skep.__main__ import main; main()", *words],
            cwd=here, env={**kept, "PYTHONPATH": str(installed), **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run
