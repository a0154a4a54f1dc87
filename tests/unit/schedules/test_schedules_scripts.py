"""The scripts of schedules on a host, run by sh: what they keep, and what they take away."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from skep.commands.schedule.on_hosts import _RUN
from skep.schedules.there import _GONE
from skep.shell import script

SITE, PROGRAM, PUT = (script(f"skep/schedules/{name}.sh") for name in ("site", "program", "put"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As on a host, where a scheduled backup was taken; systemctl writes down its calls."""
    systemctl = tmp_path / "bin/systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/calls\n')
    systemctl.chmod(0o755)
    found = tmp_path / "there/lab"
    _sent(found, "one")
    (found / "site/backups/lab").mkdir()
    (found / "site/backups/lab/state.tar").write_text("state")
    (found / "key").touch()
    return found


def run(folder: Path, text: str, **variables: object) -> subprocess.CompletedProcess[str]:
    top = folder.parent.parent
    env = {"PATH": f"{top}/bin:{os.environ['PATH']}", "FOLDER": str(folder), "FILES": str(top / "files")}
    given = {name: str(value) for name, value in variables.items()}
    return subprocess.run(["/bin/sh", "-c", text], env={**env, **given}, capture_output=True, text=True, check=False)


def calls(folder: Path) -> list[str]:
    return (folder.parent.parent / "calls").read_text().splitlines()


def _sent(folder: Path, content: str) -> None:
    files = folder.parent.parent / "files"
    files.mkdir(exist_ok=True)
    with tarfile.open(files / "site.tar", "w") as tar:
        entry = tarfile.TarInfo("invoke.yaml")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content.encode()))
    done = run(folder, SITE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("state", ["", "mv site site.old", "cp -a site site.old", "mv site site.new"])
def test_backups_stay_wherever_an_earlier_change_of_the_site_was_cut_short(folder: Path, state: str) -> None:
    run(folder, f"cd $FOLDER; {state}")
    _sent(folder, "two")
    assert (folder / "site/invoke.yaml").read_text() == "two"
    assert (folder / "site/backups/lab/state.tar").read_text() == "state"
    assert not list(folder.glob("site.*"))


def test_backups_stay_when_all_else_is_removed(folder: Path) -> None:
    assert run(folder, _GONE, SERVICES="", METRICS="").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["backups"]
    assert (folder / "backups/lab/state.tar").read_text() == "state"


def test_of_a_host_without_backups_nothing_is_left(folder: Path) -> None:
    run(folder, "rm -r $FOLDER/backups/lab")
    metrics = folder.parent.parent / "skep-lab.prom"
    metrics.touch()
    assert run(folder, _GONE, SERVICES="", METRICS=metrics).returncode == 0
    assert not folder.parent.exists() and not metrics.exists()
    assert run(folder, _GONE, SERVICES="", METRICS=metrics).returncode == 0, "again"


def test_the_last_unit_takes_no_backup_along(folder: Path) -> None:
    (folder / "units").write_text("skep-lab-look.timer\n")
    units = folder.parent.parent / "systemd"
    names = {"UNITS": units, "PREFIX": "skep-lab-", "GONE": "skep-lab-look.timer", "FORGET": "", "TIMER": ""}
    stamps = PUT.replace("/var/lib/systemd/timers", str(folder.parent.parent))
    done = run(folder, stamps, CTL="systemctl", **names)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["backups"]


def test_only_services_of_that_inventory_are_stopped(folder: Path) -> None:
    """Those of an inventory ``lab-two`` begin with the same words."""
    run(folder, _GONE, SERVICES="skep-lab-look.service skep-lab-ended@*.service", METRICS="")
    stopped = [call.removeprefix("stop -- ") for call in calls(folder) if call.startswith("stop")]
    assert stopped == ["skep-lab-look.service", "skep-lab-ended@*.service"]


def test_a_program_that_was_half_replaced_is_replaced(folder: Path) -> None:
    (folder / "program.old").mkdir()
    (folder / "program").mkdir()
    archive = folder / "program.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("skep"))
    assert run(folder, PROGRAM, ARCHIVE=archive, DIGEST="1").returncode == 0
    assert sorted(path.name for path in (folder / "program").iterdir()) == [".digest", "skep"]
    assert not list(folder.glob("program.*"))


def test_a_run_that_did_not_take_place_says_nothing_of_an_earlier_one(folder: Path) -> None:
    unit, mark, last = folder / "look.service", folder / "look.paused", folder / "look.json"
    given = {"UNIT": unit, "MARK": mark, "LAST": last, "ENDED": "skep-lab-ended@look.service"}
    assert run(folder, _RUN, **given).returncode == 4
    unit.touch()
    last.write_text("{}\n")
    assert run(folder, _RUN, **given).stdout == ""
    mark.touch()
    assert run(folder, _RUN, **given).returncode == 5
    mark.unlink()
    systemctl = folder.parent.parent / "bin/systemctl"
    systemctl.write_text(f"#!/bin/sh\ncase $* in *ended*) echo killed >{last} ;; *) exit 1 ;; esac\n")
    assert run(folder, _RUN, **given).stdout == "killed\n"
