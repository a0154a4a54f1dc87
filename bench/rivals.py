"""What skep is measured against: pyinfra in an environment of its own, and the floor. And skep itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.place import Place, Say
from bench.timing import ROOT, Sample, measured
from skep import lab
from skep.errors import SkepError

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
INV = ROOT / "inv"
"""What a user of this repository types; it checks the environment, too."""


def skep_up(place: Place, *words: str) -> Sample:
    """``./inv cluster.up --verify never``."""
    up = ["cluster.up", "--verify", "never", "-i"]
    return measured([INV, *up, place.inventory, *words])


def skep_plan(inventory: Path, *, ends: int) -> Sample:
    """``./inv cluster.plan``, which ends with a status of that kind."""
    return measured([INV, "cluster.plan", "-i", inventory], ends=ends)


def skep_stack(place: Place, task: str, name: str) -> Sample:
    """``./inv stack.TASK NAME``."""
    return measured([INV, task, name, "-i", place.inventory])


def skep_schedule(place: Place, name: str) -> Sample:
    """``./inv schedule.run NAME``, as its timer calls it."""
    return measured([INV, "schedule.run", name, "-i", place.inventory], env={"SKEP_STATE": str(place.here() / "state")})


def docker_stack_deploy(place: Place, name: str) -> Sample:
    """Docker's own command on the first manager, over ssh, with the same files; it waits until services converged."""
    command = f"cd {name} && sudo docker stack deploy --detach=false -c compose.yml {name}"
    return measured([*lab.ssh_argv(place.lab, place.lab.hosts[0].name), "-q", command])


def skep_observing(inventory: Path) -> Sample:
    """The observation alone; see ``observing.py``."""
    return measured([sys.executable, "-m", "bench.observing", inventory])


def floor(place: Place) -> Sample:
    """Plain parallel ssh; see ``floor.sh``."""
    return measured(["sh", HERE / "floor.sh", place.here()])


def pyinfra(place: Place, program: Path, *, preflight: bool) -> Sample:
    """The deploy of ``pyinfra_deploy.py``, without the extra round that only shows what would change; ``preflight``
    looks at what skep's preflight does as well."""
    deploys = ["pyinfra_preflight.py", "pyinfra_deploy.py"] if preflight else ["pyinfra_deploy.py"]
    words = [HERE / name for name in ("pyinfra_inventory.py", *deploys)]
    return measured([program, "-y", *words], env={"BENCH_SITE": str(place.here() / "site.json")})


def pyinfra_program(say: Say) -> Path:
    """pyinfra's program, installed once outside the repository."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skep" / "bench"
    version = ".".join(map(str, sys.version_info[:2]))
    mark = hashlib.sha256(f"{version} {REQUIREMENTS.read_text()}".encode()).hexdigest()[:10]
    venv = cache / f"pyinfra-{mark}"
    if not (venv / "ready").exists():
        say(f"installing {REQUIREMENTS.read_text().strip()} in {venv}")
        shutil.rmtree(venv, ignore_errors=True)
        _install(venv)
        (venv / "ready").touch()
    return venv / "bin" / "pyinfra"


def _install(venv: Path) -> None:
    _must([sys.executable, "-m", "venv", *(["--without-pip"] if shutil.which("uv") else []), str(venv)])
    python = str(venv / "bin" / "python")
    if shutil.which("uv"):
        _must(["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "-r", str(REQUIREMENTS)])
    else:
        _must([python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)])


def _must(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SkepError(f"{argv[0]} failed", cause=done.stderr.strip()[-800:], next_action=f"try: {' '.join(argv)}")
