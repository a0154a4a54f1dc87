"""``schedule.apply``, ``ls``, ``pause`` and ``rm``: units of systemd on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from skep.apply.script import run_script
from skep.commands.asking import agreed
from skep.commands.call import Call
from skep.errors import NotConverged, StepFailed, UsageError
from skep.holder import me
from skep.inventory import Inventory
from skep.model import Cluster
from skep.plan import Finding, Plan, Run, Step
from skep.reading.wording import did_you_mean
from skep.runs.refusing import refuse_errors
from skep.schedules.model import Schedule
from skep.schedules.role import HERE, Schedules, State
from skep.schedules.state import Kept, state_folder
from skep.schedules.units import UNITS, Setting
from skep.secret import Redaction, Secret, secrets_in
from skep.shipped import FOLDER, IS_CLONE

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def apply(call: Call) -> None:
    """Bring systemd to what the inventory says. Raises a ``SkepError`` for all that does not end well."""
    found = call.found
    role = Schedules(setting(call, found), found.cluster.schedules, credentials=credentials(found))
    steps = _brought(call, role)
    if call.asking.only_shown:
        return
    if any(step.id.action == "remove" for step in steps):
        _metrics_anew(call, found.cluster)
    count = len(found.cluster.schedules)
    did = f"{len(steps)} step{'' if len(steps) == 1 else 's'} done, and now " if steps else ""
    call.tell.done(f"{found.cluster.name}: {did}{count} schedule{'' if count == 1 else 's'} as described")


def remove(call: Call) -> None:
    """Take all units away, and what is kept of their runs."""
    found = call.found
    role = Schedules(setting(call, found), ())
    if not call.asking.only_shown:
        agreed(f"Remove the schedules of {found.cluster.name} from this machine?", yes=call.asking.yes)
    steps = _brought(call, role)
    if call.asking.only_shown:
        return
    _metrics_anew(call, replace(found.cluster, schedules=()))
    call.tell.done(f"{found.cluster.name}: {'its schedules are gone' if steps else 'no schedules are here'}")


def show(call: Call) -> None:
    """A row for each schedule."""
    found = call.found
    role = Schedules(setting(call, found), found.cluster.schedules, credentials=credentials(found))
    have = _observed(role)
    differs = {step.id.object for step in role.steps(have) if isinstance(step, Run)}
    rows = []
    for one in found.cluster.schedules:
        timer, last = have.timers.get(one.name), have.results.get(one.name, {})
        units = "differ" if one.name in differs else "as described"
        state = "not installed" if not (timer and timer.active) or one.name not in _installed(role, have) else units
        paused = f"paused by {have.paused[one.name]}" if one.name in have.paused else ""
        shown = "running" if timer and timer.running else paused or (timer.next if timer else "")
        rows.append((one.name, str(one), ", ".join(one.calendars), shown, last.get("result", "never ran"),
                     last.get("ended", ""), last.get("text", ""), state))  # fmt: skip
    columns = ("name", "runs", "when", "next", "last", "ended", "said", "units")
    call.tell.table("schedules", columns, rows, spare=("when", "ended", "said"))
    if None in differs:
        call.tell.note("what references give, or units of schedules that are gone, differ: invoke schedule.apply")


def pause(call: Call, name: str, *, resume: bool) -> None:
    """Leave a mark that the units look for, or take it away."""
    found = call.found
    named(found, name)
    kept = _installed_here(call, found, name)
    if resume:
        kept.resume()
        call.tell.done(f"schedule {name} runs again by itself")
        return
    kept.pause(f"{me('').who}, {datetime.now(UTC):%Y-%m-%dT%H:%MZ}")
    call.tell.done(f"schedule {name} does not run by itself until: invoke schedule.pause {name} --resume")


def _installed_here(call: Call, found: Inventory, name: str) -> Kept:
    """What its units look at. Raises ``UsageError`` where this user has none of it on this machine: a mark would stop
    nothing."""
    role = Schedules(setting(call, found), found.cluster.schedules)
    if name not in _installed(role, _observed(role)):
        raise UsageError(
            f"schedule {name} is not installed for {me('').who}",
            cause=f"{role.setting.units} has no timer of it; cron, and timers of others, heed no pause of yours",
            next_action="call it as the user, and on the machine, that called schedule.apply",
        )
    return Kept(Path(role.setting.folder), name)


def named(found: Inventory, name: str) -> Schedule:
    """The schedule of that name. Raises ``UsageError``."""
    schedules = {one.name: one for one in found.cluster.schedules}
    if name not in schedules:
        raise UsageError(
            f"{name}: no schedule of that name in the inventory{did_you_mean(name, schedules)}",
            next_action=f"its schedules are: {', '.join(schedules) or 'none'}",
        )
    return schedules[name]


def setting(call: Call, found: Inventory) -> Setting:
    """Where units of this user go, and how they call skep. Raises ``UsageError`` for an inventory whose name cannot be
    part of theirs."""
    name = found.cluster.name
    if not _PLAIN.fullmatch(name):
        raise UsageError(
            f"the inventory's name {name} cannot be part of the name of a unit",
            next_action="give its file a name of letters, digits, '.', '_' and '-'",
        )
    own = os.geteuid() != 0
    site = Path.cwd()
    program = (str(FOLDER / "inv"),) if IS_CLONE else (sys.executable, "-m", "skep", "--site", str(site))
    return Setting(
        name=name,
        site=str(site),
        inventory=str(found.path.absolute()),
        program=program,
        units=str(Path.home() / ".config/systemd/user") if own else UNITS,
        state=str(state_folder()),
        credentials=tuple(sorted(credentials(found))),
        own=own,
    )


def credentials(found: Inventory) -> dict[str, Secret]:
    """What variables of the environment give to the inventory's references, by the name of the file that keeps it."""
    names = {reference[4:].partition(":-")[0] for reference in found.references if reference.startswith("env:")}
    return {f"env.{name}": Secret(value) for name in names if (value := os.environ.get(name)) is not None}


def _installed(role: Schedules, have: State) -> set[str]:
    prefix = f"skep-{role.setting.name}-"
    return {name.removeprefix(prefix).removesuffix(".timer") for name in have.units if name.endswith(".timer")}


def _metrics_anew(call: Call, cluster: Cluster) -> None:
    """Of schedules that are gone nothing is to stay there: nobody would write it again."""
    if cluster.metrics:
        from skep.commands.schedule_metrics import forget, leave

        if cluster.schedules:
            leave(cluster, None, call.tell.note)
        else:
            forget(cluster, call.tell.note)


def _brought(call: Call, role: Schedules) -> list[Run]:
    """Plan, show, carry out, look again; the steps that were done."""
    planned = _plan(role.steps(_observed(role)), role)
    call.tell.plan(planned, applying=not call.asking.only_shown)
    refuse_errors(planned)
    if call.asking.only_shown or not len(planned):
        return []
    steps = [step for step in planned if isinstance(step, Run)]
    hidden = Redaction(secrets_in([step.hides for step in steps]))
    for step in steps:
        status, _, err = _sh(run_script(step), step.timeout)
        if status:
            cause = hidden.clean(err.strip()) or f"ended with status {status}"
            raise StepFailed(f"{step.title} failed", step=step.id, cause=cause, next_action=step.otherwise)
    left = _plan(role.steps(_observed(role)), role)
    if len(left):
        raise NotConverged(
            f"all steps ran, and {len(left)} would have to run again",
            cause="; ".join(f"{step.title} ({step.cause})" for step in left),
            next_action=f"look at: {role.setting.systemctl} list-timers 'skep-{role.setting.name}-*'",
        )
    return steps


def _plan(items: object, role: Schedules) -> Plan:
    found: Sequence[Step | Finding] = list(items)  # type: ignore[call-overload]
    return Plan(found, [role], [HERE], whole=False)


def _observed(role: Schedules) -> State:
    status, out, err = _sh(role.probe_of(Cluster(role.setting.name, ())), 60)
    state = role.parse(out, {})
    if status or state is None:
        raise StepFailed("systemd cannot be asked", cause=err.strip() or f"status {status}",
                         next_action=f"see what is wrong: {role.setting.systemctl} list-timers")  # fmt: skip
    return state


def _sh(script: str, timeout: float) -> tuple[int, str, str]:
    """A script on this machine, over stdin as on hosts."""
    done = subprocess.run(
        ["/bin/sh"], input=script, capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr
