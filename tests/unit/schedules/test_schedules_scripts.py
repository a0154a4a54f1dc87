"""The scripts of schedules on a host, run by sh: what they keep, and what they take away."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from skep.commands.schedule.on_hosts import _RUN
from skep.schedules.role_on_hosts import _GONE
from skep.shell import script

SITE, PROGRAM, PUT, CLEAR, THERE = (
    script(f"skep/schedules/{name}.sh") for name in ("site", "program", "put", "clear", "role_on_hosts")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As on a host, where a scheduled backup was taken; systemctl writes down its calls."""
    systemctl = tmp_path / "bin/systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/calls\n')
    systemctl.chmod(0o755)
    found = tmp_path / "there/lab"
    _sent(found, "one")
    (found / "site/one/backups/lab").mkdir()
    (found / "site/one/backups/lab/state.tar").write_text("state")
    (found / "key").touch()
    return found


def run(folder: Path, text: str, **variables: object) -> subprocess.CompletedProcess[str]:
    top = folder.parent.parent
    env = {"PATH": f"{top}/bin:{os.environ['PATH']}", "FOLDER": str(folder), "FILES": str(top / "files")}
    given = {name: str(value) for name, value in variables.items()}
    return subprocess.run(["/bin/sh", "-c", text], env={**env, **given}, capture_output=True, text=True, check=False)


def calls(folder: Path) -> list[str]:
    return (folder.parent.parent / "calls").read_text().splitlines()


def _sent(folder: Path, content: str, name: str = "one") -> None:
    files = folder.parent.parent / "files"
    files.mkdir(exist_ok=True)
    with tarfile.open(files / "site.tar", "w") as tar:
        entry = tarfile.TarInfo("invoke.yaml")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content.encode()))
    done = run(folder, SITE, NAME=name)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("state", ["", "mv site/one site.old", "cp -a site/one site.old", "cp -a site/one site.new"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_backups_stay_wherever_an_earlier_change_of_the_site_was_cut_short(folder: Path, state: str, name: str) -> None:
    run(folder, f"cd $FOLDER; {state}")
    _sent(folder, "two", name)
    assert (folder / f"site/{name}/invoke.yaml").read_text() == "two"
    assert (folder / f"site/{name}/backups/lab/state.tar").read_text() == "state"
    assert not list(folder.glob("site.*"))


def test_backups_stay_when_all_else_is_removed(folder: Path) -> None:
    assert run(folder, _GONE, METRICS="").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["backups"]
    assert (folder / "backups/lab/state.tar").read_text() == "state"


def test_of_a_host_without_backups_nothing_is_left(folder: Path) -> None:
    run(folder, "rm -r $FOLDER/backups/lab")
    metrics = folder.parent.parent / "skep-lab.prom"
    metrics.touch()
    assert run(folder, _GONE, METRICS=metrics).returncode == 0
    assert not folder.parent.exists() and not metrics.exists()
    assert run(folder, _GONE, METRICS=metrics).returncode == 0, "again"


def put(folder: Path, gone: str, stop: str = "") -> subprocess.CompletedProcess[str]:
    units = folder.parent.parent / "systemd"
    names = {"UNITS": units, "PREFIX": "skep-lab-", "GONE": gone, "FORGET": "", "TIMER": "", "STOP": stop, "STAY": ""}
    return run(folder, PUT.replace("/var/lib/systemd/timers", str(folder.parent.parent)), CTL="systemctl", **names)


def test_the_last_unit_takes_no_backup_along(folder: Path) -> None:
    (folder / "units").write_text("skep-lab-look.timer\n")
    done = put(folder, "skep-lab-look.timer")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["backups"]


@pytest.mark.parametrize("stop", ["", "yes"])
def test_what_goes_waits_for_its_run_whose_timer_is_stopped_first(folder: Path, stop: str) -> None:
    """Services of an inventory ``lab-two`` begin with the same words, and are none of ours."""
    names = "skep-lab-look.timer skep-lab-look.service skep-lab-ended@.service"
    (folder / "units").write_text(names.replace(" ", "\n") + "\n")
    (folder.parent.parent / "bin/systemctl").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >>{folder.parent.parent}/calls\n'
        '[ "$1" != list-units ] || echo "skep-lab-look.service loaded activating start"\n'
    )
    done = put(folder, names, stop)
    assert (done.returncode, done.stderr) == (75, "a run goes on: skep-lab-look.service\n")
    assert (folder / "site/one").is_dir() and (folder / "units").read_text().splitlines() == names.split()
    first, listed, *stopped = calls(folder)
    assert first == "stop -- skep-lab-look.timer"
    assert listed.endswith("-- skep-lab-look.service skep-lab-ended@*.service")
    assert stopped == (["stop --no-block -- skep-lab-look.service"] if stop else [])


def test_a_program_that_was_half_unpacked_is_unpacked(folder: Path) -> None:
    (folder / "program.new/rest").mkdir(parents=True)
    (folder / "program/0").mkdir(parents=True)
    archive = folder / "program.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("skep"))
    assert run(folder, PROGRAM, ARCHIVE=archive, NAME="1").returncode == 0
    assert sorted(path.name for path in (folder / "program").iterdir()) == ["0", "1"]
    assert [path.name for path in (folder / "program/1").iterdir()] == ["skep"]
    assert not list(folder.glob("program.*"))


def lines(folder: Path, kind: str) -> list[str]:
    given = {"PROGRAM": "program/1", "SITE": "site/one", "MARK": "-", "PYTHON": "3", "METRICS": "", "UNITS": folder}
    told = run(folder, f"interfaces=; {THERE}", PREFIX="skep-lab-", **given).stdout.splitlines()
    return [line.removeprefix(kind).strip() for line in told if line.split()[0] == kind]


def test_what_a_run_uses_stays_until_it_has_ended(folder: Path) -> None:
    _sent(folder, "two", "two")
    for name in ("program/0", "program/1", "program.new", "site.old"):
        (folder / name).mkdir(parents=True)
    at_work = ["sleep", "1000"]
    with subprocess.Popen(at_work, env={**os.environ, "PYTHONPATH": f"{folder}/program/0"}) as process:
        try:
            assert lines(folder, "used") == ["program/0"] and lines(folder, "old") == [
                "program.new",
                "site.old",
                "site/two",
            ]
            clear = CLEAR.replace("seconds=60", "seconds=1")
            assert run(folder, clear, OLD="program/0\nprogram.new\nsite/two\nsite.old").returncode == 0
            assert lines(folder, "used") == ["program/0"] and not lines(folder, "old")
        finally:
            process.kill()
    assert lines(folder, "old") == ["program/0"]
    assert run(folder, CLEAR, OLD="program/0").returncode == 0
    assert not lines(folder, "old") and (folder / "program/1").is_dir() and lines(folder, "current") == ["site/one"]


def test_what_an_earlier_skep_put_right_there_goes_once_its_run_has_ended(folder: Path) -> None:
    """Its files lay in the folders that now hold one folder for each skep and each site."""
    (folder / "program/skep").mkdir(parents=True)
    (folder / "site/stacks").mkdir()
    (folder / "site/backups").symlink_to("../backups")
    old = ["program/skep", "site/backups", "site/stacks"]
    for words, uses in (
        (["sleep", "1000"], {"PYTHONPATH": f"{folder}/program"}),
        (["sh", "-c", "sleep 1000; :", "--site", f"{folder}/site"], {}),
    ):
        with subprocess.Popen(words, env={**os.environ, **uses}, start_new_session=True) as process:
            try:
                used = [name for name in old if name.startswith("program/") is bool(uses)]
                assert lines(folder, "used") == used
                clear = CLEAR.replace("seconds=60", "seconds=0")
                assert run(folder, clear, OLD="\n".join(used)).returncode == 0
                assert lines(folder, "used") == used
            finally:
                os.killpg(process.pid, signal.SIGKILL)
    assert lines(folder, "old") == old
    assert run(folder, CLEAR, OLD="\n".join(old)).returncode == 0
    assert not lines(folder, "old") and (folder / "backups/lab/state.tar").read_text() == "state"


def test_what_was_half_removed_is_removed(folder: Path) -> None:
    (folder / "site.gone").mkdir()
    (folder / "site.old").symlink_to("nowhere")
    assert lines(folder, "old") == ["site.gone", "site.old"]
    done = run(folder, CLEAR, OLD="site.gone\nsite.old")
    assert done.returncode == 0, done.stderr
    assert not lines(folder, "old")


def test_a_run_that_did_not_take_place_says_nothing_of_an_earlier_one(folder: Path) -> None:
    unit, mark, last = folder / "look.service", folder / "look.paused", folder / "look.json"
    given = {"UNIT": unit, "MARK": mark, "LAST": last, "ENDED": "skep-lab-ended@look.service"}
    assert run(folder, _RUN, **given).returncode == 4
    unit.write_text("#\n# Inventory: /srv/prod.yml\n")
    assert run(folder, _RUN, **given).returncode == 4, "it is another inventory's"
    unit.write_text(f"#\n# Inventory: {folder}/site/inventory/lab.yml\n")
    assert run(folder, _RUN, **given).returncode == 0, "an earlier skep wrote it"
    unit.write_text(f"#\n# Inventory: {folder}\n")
    last.write_text("{}\n")
    assert run(folder, _RUN, **given).stdout == ""
    mark.touch()
    assert run(folder, _RUN, **given).returncode == 5
    mark.unlink()
    systemctl = folder.parent.parent / "bin/systemctl"
    systemctl.write_text(f"#!/bin/sh\ncase $* in *ended*) echo killed >{last} ;; *) exit 1 ;; esac\n")
    assert run(folder, _RUN, **given).stdout == "killed\n"
