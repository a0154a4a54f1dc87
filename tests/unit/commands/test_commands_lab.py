"""Which lab an inventory describes, and what is refused before anything is started."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from skep.commands.lab_hosts import described
from skep.errors import UsageError
from skep.inventory import load
from tests.unit.inventory.conftest import REPOSITORY

LAB = load(REPOSITORY / "inventory" / "lab.yml")


@pytest.mark.parametrize("hosts", [1, 5, 7, 154])
def test_as_many_hosts_as_asked_for(hosts: int) -> None:
    found = described(LAB, hosts=hosts).hosts
    assert len({host.address for host in found}) == len({host.name for host in found}) == hosts
    assert [host.name for host in found[:7]] == ["m1", "m2", "m3", "w1", "w2", "x1", "x2"][:hosts]
    assert len(described(LAB).hosts) == 5


def test_no_more_than_fit() -> None:
    with pytest.raises(UsageError, match=r"--hosts 155: .* has room for 154"):
        described(LAB, hosts=155)


def test_a_site_without_a_lab_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "prod.yml").touch()
    argv = [sys.executable, "-m", "skep", "lab.status"]
    environ = {name: value for name, value in os.environ.items() if name != "SKEP_INVENTORY"}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        environ["PYTHONPATH"] = str(REPOSITORY)
        return subprocess.run([*argv, *more], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    ended = run()
    assert ended.returncode == 2 and "this site describes no lab" in ended.stderr
    copy = next(line for line in ended.stderr.splitlines() if "cp " in line)
    subprocess.run(shlex.split(copy[copy.index("cp ") :]), cwd=tmp_path, check=True)
    assert (tmp_path / "inventory" / "lab.yml").is_file()
    assert "'nope' (from --inventory)" in run("-i", "nope").stderr
