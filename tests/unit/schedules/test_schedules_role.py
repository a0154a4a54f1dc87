"""Units of schedules, and what is planned from what systemd has. Scripts run with a systemctl of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from skep.apply.script import run_script
from skep.model import Cluster, Schedule
from skep.plan import Finding, Run
from skep.schedules.role import HERE, Schedules, State, Timer
from skep.schedules.timers import Setting, units
from skep.secret import Secret

NIGHTLY = Schedule("nightly", "stack.refresh", ("Mon..Fri 03:30", "12:00 UTC"), "Europe/Berlin", ("web",), jitter=600.0)
DRIFT = Schedule("drift", "drift", ("hourly",))
SETTING = Setting("prod", "/srv/my site", "/srv/my site/inventory/prod.yml", ("/srv/my site/inv",))


def test_units_are_these() -> None:
    made = units(SETTING, (NIGHTLY,), 252)["nightly"]
    service, timer = made["skep-prod-nightly.service"], made["skep-prod-nightly.timer"]
    assert "OnCalendar=Mon..Fri 03:30 Europe/Berlin\nOnCalendar=12:00 UTC\nRandomizedDelaySec=600\n" in timer
    assert "Persistent=true" in timer and "WantedBy=timers.target" in timer
    assert 'ExecStart="/srv/my site/inv" "schedule.run" nightly -i "/srv/my site/inventory/prod.yml"\n' in service
    assert "OnFailure=skep-prod-ended-here@nightly.service" in service and "TimeoutStartSec=3600" in service
    assert "TimeoutStopSec=600\n" in service, "time to send notices once it was stopped"


def test_a_per_cent_sign_is_doubled() -> None:
    odd = replace(SETTING, site="/srv/50%")
    service = units(odd, (DRIFT,), 252)["drift"]["skep-prod-drift.service"]
    assert "WorkingDirectory=/srv/50%%\n" in service


def test_a_dollar_is_doubled_in_arguments_alone() -> None:
    odd = replace(SETTING, program=("/srv/$HOME/inv", "$x"), inventory="/srv/$HOME.yml", state="/srv/$S")
    service = units(odd, (DRIFT,), 252)["drift"]["skep-prod-drift.service"]
    assert 'ExecStart="/srv/$HOME/inv" "$$x" "schedule.run" drift -i "/srv/$$HOME.yml"\n' in service
    assert 'Environment="SKEP_STATE=/srv/$S/prod"\n' in service


def test_roots_units_know_its_home() -> None:
    for own in (False, True):
        made = units(replace(SETTING, own=own), (DRIFT,), 252)
        for text in (made["drift"]["skep-prod-drift.service"], made[""]["skep-prod-ended-here@.service"]):
            assert ("Environment=HOME=%h\n" in text) is not own


@pytest.mark.parametrize(("systemd", "line"), [(252, "LoadCredential=env.TOKEN:/"), (239, "CREDENTIALS_DIRECTORY=/")])
def test_credentials_are_given_as_the_version_can(systemd: int, line: str) -> None:
    made = units(replace(SETTING, credentials=("env.TOKEN",)), (DRIFT,), systemd)
    assert all(line in text for name, text in {**made[""], **made["drift"]}.items() if name.endswith("service"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="only where systemd's own word can be had")
def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    program = tmp_path / "my $program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    setting = replace(SETTING, site=str(tmp_path), program=(str(program),), credentials=("env.TOKEN",))
    made = {name: text for texts in units(setting, (NIGHTLY, DRIFT), 252).values() for name, text in texts.items()}
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in made if "@" not in name]
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "skep-" in line] == []


def _planned(role: Schedules, have: State) -> list[str]:
    return [
        f"{item.id.action} {item.id.object}: {item.cause}" if isinstance(item, Run) else f"{item.level}: {item.text}"
        for item in role.steps(have)
        if isinstance(item, Run | Finding)
    ]


def test_without_systemd_it_is_refused() -> None:
    assert _planned(Schedules(SETTING, (DRIFT,)), State()) == [
        "error: this machine does not run systemd, whose timers start schedules"
    ]


def test_a_time_that_this_version_does_not_take_is_refused() -> None:
    have = Schedules(SETTING, (DRIFT,)).parse("systemd 239\nrefused *-*~07/1 03:30\n", {})
    assert have is not None
    assert _planned(Schedules(SETTING, (DRIFT,)), have)[0].startswith("error: systemd 239 there does not take the time")


class Machine:
    """A folder in place of systemd: its systemctl notes its words, and knows timers that were enabled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "run").mkdir()
        (folder / "enabled").mkdir()
        program = folder / "bin" / "systemctl"
        program.write_text(f"""#!/bin/sh
[ ! -e {folder}/silent ] || exit 1
echo "$*" >>{folder}/words
[ "$1" != --user ] || shift
for last in "$@"; do :; done
case $1 in
--version) echo "systemd 252 (252.39)" ;;
enable) touch {folder}/enabled/$last ;;
disable) rm -f {folder}/enabled/$last ;;
show) [ ! -e {folder}/enabled/$2 ] || printf 'ActiveState=active\\nUnitFileState=enabled\\n' ;;
esac
""")
        program.chmod(0o755)
        self.setting = replace(SETTING, units=str(folder / "units"), state=str(folder / "state"))

    def run(self, text: str) -> str:
        done = self.ended(text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ended(self, text: str) -> subprocess.CompletedProcess[str]:
        text = text.replace("/run/systemd/system", str(self.folder / "run")).replace("/run/skep.", "/tmp/skep.")
        text = text.replace("/var/lib/systemd/timers", str(self.folder / "stamps"))
        environ = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder / "home")}
        return subprocess.run(["sh"], input=text, capture_output=True, text=True, check=False, env=environ)

    def brought(self, role: Schedules) -> list[str]:
        """Plan, carry out, and give what was planned."""
        planned = _planned(role, self.seen(role))
        for step in role.steps(self.seen(role)):
            assert isinstance(step, Run)
            self.run(run_script(step))
        return planned

    def seen(self, role: Schedules) -> State:
        found = role.parse(self.run(role.probe_of(Cluster("prod", ()))), {})
        assert found is not None
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_schedules_come_once_are_put_right_and_go(machine: Machine) -> None:
    secret = {"env.TOKEN": Secret("hunter2")}
    setting = replace(machine.setting, credentials=("env.TOKEN",))
    both = Schedules(setting, (NIGHTLY, DRIFT), credentials=secret)
    assert machine.brought(both) == ["credentials None: missing", "units nightly: missing", "units drift: missing"]
    assert machine.brought(both) == []
    assert machine.seen(both).timers["nightly"] == Timer("active", "enabled")
    kept = machine.folder / "state" / "prod"
    assert (kept / "credentials" / "env.TOKEN").read_text() == "hunter2"
    assert (kept / "credentials" / "env.TOKEN").stat().st_mode & 0o777 == 0o600

    (machine.folder / "units" / "skep-prod-drift.timer").write_text("by hand")
    (machine.folder / "enabled" / "skep-prod-nightly.timer").unlink()
    assert machine.brought(both) == ["units nightly: its timer does not run", "units drift: its units differ"]
    assert machine.brought(both) == []

    (kept / "drift.json").write_text(json.dumps({"result": "ok"}) + "\n")
    (kept / "drift.paused").write_text("root@host, today\n")
    seen = machine.seen(both)
    assert seen.results == {"drift": {"result": "ok"}} and seen.paused == {"drift": "root@host, today"}

    one = Schedules(setting, (NIGHTLY,), credentials={"env.TOKEN": Secret("other")})
    assert machine.brought(one) == ["credentials None: differs", "remove None: no longer in the inventory"]
    assert not list(kept.glob("drift.*"))
    none = Schedules(setting, ())
    remove = list(none.steps(machine.seen(none)))[-1]
    assert isinstance(remove, Run) and remove.detail[-1] == f"remove {kept}, with how runs ended"
    machine.brought(none)
    assert not kept.exists() and not list((machine.folder / "units").iterdir())
    assert machine.brought(none) == []


@pytest.mark.parametrize(("own", "stamps"), [(False, "stamps"), (True, "home/.local/share/systemd/timers")])
def test_a_changed_time_is_not_made_up_for_at_once(machine: Machine, own: bool, stamps: str) -> None:
    setting = replace(machine.setting, own=own)
    machine.brought(Schedules(setting, (DRIFT, NIGHTLY)))
    drift, nightly = (machine.folder / stamps / f"stamp-skep-prod-{name}.timer" for name in ("drift", "nightly"))
    for stamp in (drift, nightly):
        os.utime(stamp, (1000, 1000))
    slower = replace(NIGHTLY, deadline=NIGHTLY.deadline + 60)
    machine.brought(Schedules(setting, (replace(DRIFT, when=("daily",)), slower)))
    assert drift.stat().st_mtime > 1000 and nightly.stat().st_mtime == 1000
    machine.brought(Schedules(setting, ()))
    assert not drift.exists() and not nightly.exists()


def test_timers_that_cannot_be_stopped_are_not_forgotten(machine: Machine) -> None:
    machine.brought(Schedules(machine.setting, (DRIFT,)))
    none = Schedules(machine.setting, ())
    (step,) = none.steps(machine.seen(none))
    assert isinstance(step, Run)
    (machine.folder / "silent").touch()
    assert machine.ended(run_script(step)).returncode
    (machine.folder / "silent").unlink()
    assert len(machine.seen(none).owned) == len(list((machine.folder / "units").iterdir())) == 3
    machine.brought(none)
    assert not list((machine.folder / "units").iterdir())


@pytest.mark.parametrize(("name", "schedule"), [("prod", "eu-drift"), ("prod-eu", "drift")])
def test_units_of_an_inventory_that_is_there_are_refused(machine: Machine, name: str, schedule: str) -> None:
    other = machine.folder / "other.yml"
    other.touch()
    theirs = replace(machine.setting, name="prod-eu", inventory=str(other))
    machine.brought(Schedules(theirs, (DRIFT,)))
    for desired in ((replace(DRIFT, name=schedule),), ()):
        ours = Schedules(replace(machine.setting, name=name), desired)
        said = _planned(ours, machine.seen(ours))
        refused = [text for text in said if text.startswith("error: skep-prod-eu-drift.timer is a unit of another inv")]
        assert bool(refused) is bool(desired or name == "prod-eu"), said
    other.unlink()
    moved = Schedules(replace(machine.setting, name="prod-eu"), (DRIFT,))
    assert machine.brought(moved) == ["units drift: its units differ"] and machine.brought(moved) == []


def test_what_nobody_wrote_down_is_known_by_its_units(machine: Machine) -> None:
    """Such as where somebody removed the folder by hand, or a run was cut short."""
    machine.brought(Schedules(machine.setting, (DRIFT,)))
    shutil.rmtree(machine.folder / "state")
    machine.brought(Schedules(machine.setting, ()))
    assert not list((machine.folder / "units").iterdir())


def test_units_that_an_earlier_skep_wrote_on_a_host_are_taken_over(machine: Machine) -> None:
    """They named the inventory below the folder of the schedules, as it still lies there."""
    folder = machine.folder / "there" / "prod"
    file = folder / "site/inventory/prod.yml"
    file.parent.mkdir(parents=True)
    file.touch()
    before = replace(machine.setting, inventory=str(file), state=str(folder.parent))
    later = replace(before, inventory=str(folder / "site/0123/inventory/prod.yml"), source=str(folder))
    machine.brought(Schedules(before, (DRIFT, NIGHTLY)))
    assert machine.brought(Schedules(later, (DRIFT,), "m1")) == [
        "units drift: its units differ",
        "remove None: no longer in the inventory",
    ]
    machine.brought(Schedules(before, (DRIFT,)))
    machine.brought(Schedules(replace(later, inventory=f"{folder}/site/"), (), "m1"))
    assert not list((machine.folder / "units").iterdir())


def test_what_goes_takes_nothing_of_what_stays_along_though_nobody_wrote_that_down(machine: Machine) -> None:
    machine.brought(Schedules(machine.setting, (DRIFT, NIGHTLY)))
    kept = machine.folder / "state/prod"
    (kept / "units").unlink()
    (kept / "drift.json").write_text("{}\n")
    assert machine.brought(Schedules(machine.setting, (DRIFT,))) == ["remove None: no longer in the inventory"]
    assert (kept / "drift.json").exists()


def test_a_host_may_be_the_control_machine(machine: Machine) -> None:
    """Of one inventory schedules run there both ways; one that goes from there to here is named as that."""
    folder = machine.folder / "there" / "prod"
    folder.mkdir(parents=True)
    file = machine.folder / "prod.yml"
    file.touch()
    own = replace(machine.setting, inventory=str(file))
    there = replace(machine.setting, source=str(folder), state=str(folder.parent))
    for _ in range(2):
        machine.brought(Schedules(own, (DRIFT,)))
        machine.brought(Schedules(there, (NIGHTLY,), "m1"))
    assert machine.brought(Schedules(own, (DRIFT,))) == []
    moved = Schedules(own, (DRIFT, NIGHTLY))
    refused = [one for one in moved.steps(machine.seen(moved)) if isinstance(one, Finding)]
    assert refused and all((one.next_action or "").endswith("schedule.rm -i prod") for one in refused)
    machine.brought(Schedules(there, (), "m1"))
    assert len(machine.brought(moved)) == 1 and machine.brought(moved) == []


def test_what_others_have_there_stays(machine: Machine) -> None:
    machine.brought(Schedules(machine.setting, (DRIFT,)))
    other = machine.folder / "units" / "skep-prod-eu-drift.timer"
    other.write_text("of another inventory")
    machine.brought(Schedules(machine.setting, ()))
    assert [one.name for one in other.parent.iterdir()] == [other.name]


def test_a_secret_is_in_no_plan() -> None:
    role = Schedules(SETTING, (DRIFT,), credentials={"env.TOKEN": Secret("hunter2")})
    have = State(systemd=252)
    assert "hunter2" not in repr(list(role.steps(have))) + "".join(
        f"{step.title}{step.detail}" for step in role.steps(have) if isinstance(step, Run)
    )
    assert role.at == HERE


@pytest.mark.parametrize("first", ["prod", "prod-eu"])
def test_inventories_whose_names_begin_alike_live_side_by_side(machine: Machine, first: str) -> None:
    """As on a host of a cluster that both describe: whichever goes leaves the other as it is."""
    roles = {}
    for name in ("prod", "prod-eu"):
        folder = machine.folder / "there" / name
        folder.mkdir(parents=True)
        setting = replace(machine.setting, name=name, source=str(folder), state=str(folder.parent), credentials=("a",))
        roles[name] = Schedules(setting, (DRIFT,), "m1", {"a": Secret("hunter2")})
        assert len(machine.brought(roles[name])) == 2
    for name, role in roles.items():
        assert machine.brought(role) == []
        assert all(
            one.startswith(f"skep-{name}-{'drift' if 'ended' not in one else 'ended'}")
            for one in machine.seen(role).owned
        )
    (second,) = roles.keys() - {first}
    machine.brought(Schedules(roles[first].setting, (), "m1"))
    assert machine.brought(roles[second]) == []
    assert len(list((machine.folder / "units").iterdir())) == 3
    taken = replace(DRIFT, name="eu-drift")
    if first == "prod":
        errors = _planned(
            Schedules(roles[first].setting, (taken,), "m1"), machine.seen(Schedules(roles[first].setting, (taken,)))
        )
        assert any("skep-prod-eu-drift.timer is a unit of another inventory" in text for text in errors)
