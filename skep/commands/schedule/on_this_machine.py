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
from types import ModuleType
from typing import TYPE_CHECKING

from skep.apply.script import run_script
from skep.commands.asking import agreed
from skep.commands.call import Call
from skep.commands.schedule.credentials import credentials
from skep.errors import NotConverged, StepFailed, UsageError
from skep.holder import me
from skep.inventory import Inventory
from skep.measures import seconds_text
from skep.model import Cluster, Schedule
from skep.plan import Finding, Plan, Run, Step
from skep.reading.wording import did_you_mean
from skep.runs.refusing import refuse_errors, refuse_silent
from skep.schedules.role import HERE, Schedules, State
from skep.schedules.state import Kept, state_folder
from skep.schedules.timers import UNITS, Setting, unit
from skep.secret import Redaction, secrets_in
from skep.shell import BUSY
from skep.shipped import FOLDER, IS_CLONE
from skep.waiting import until

if TYPE_CHECKING:
    from skep.commands.schedule.on_hosts import Looked

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def apply(call: Call) -> None:
    """Bring systemd to what the inventory says. Raises a ``SkepError`` for all that does not end well."""
    found = call.found
    own, there = here(found), schedules_there(found)
    role = Schedules(setting(call, found), own, credentials=credentials(found, own))
    steps = _brought(call, role, beside=there is not None)
    if not call.asking.only_shown and any(step.id.action == "remove" for step in steps):
        _metrics_anew(call, found.cluster)
    done = len(steps) + (there.apply(call) if there else 0)
    if call.asking.only_shown:
        return
    count = len(found.cluster.schedules)
    did = f"{done} step{'' if done == 1 else 's'} done, and now " if done else ""
    call.tell.done(f"{found.cluster.name}: {did}{count} schedule{'' if count == 1 else 's'} as described")


def remove(call: Call) -> None:
    """Take all units away, and what is kept of their runs."""
    found = call.found
    role, there = Schedules(setting(call, found), ()), schedules_there(found)
    if not call.asking.only_shown:
        where = "this machine and all hosts" if there else "this machine"
        agreed(f"Remove the schedules of {found.cluster.name} from {where}?", yes=call.asking.yes)
    done = len(_brought(call, role, beside=there is not None))
    done += there.apply(call, gone=True) if there else 0
    if call.asking.only_shown:
        return
    _metrics_anew(call, replace(found.cluster, schedules=()))
    call.tell.done(f"{found.cluster.name}: {'its schedules are gone' if done else 'no schedules are here'}")


def here(found: Inventory) -> tuple[Schedule, ...]:
    """Those that run on this machine."""
    return tuple(one for one in found.cluster.schedules if not one.at)


def schedules_there(found: Inventory) -> ModuleType | None:
    """What is about schedules on hosts, where there are any."""
    from skep.commands.schedule import on_hosts

    return on_hosts if on_hosts.concerned(found) else None


def show(call: Call) -> None:
    """A row for each schedule."""
    found = call.found
    own = here(found)
    role = Schedules(setting(call, found), own, credentials=credentials(found, own))
    have = _observed(role)
    planned = list(role.steps(have))
    differs = {step.id.object for step in planned if isinstance(step, Run)}
    there = _looked(call) if len(own) < len(found.cluster.schedules) else None
    prefix = unit(role.setting, "")
    rows = [_row(one, have, there, prefix, differs=one.name in differs) for one in found.cluster.schedules]
    columns = ("name", "runs", "when", "at", "next", "last", "ended", "said", "units")
    call.tell.table("schedules", columns, rows, spare=("when", "ended", "said"))
    for error in (item for item in planned if isinstance(item, Finding)):
        call.tell.note(f"{error.text}: {error.next_action}")
    if None in differs:
        call.tell.note("what runs are given, or units of schedules that are gone, differ: invoke schedule.apply")
    for host, titles in there.differ.items() if there else ():
        if titles:
            call.tell.note(f"{host} differs, and schedule.apply would: {'; '.join(titles)}")
    refuse_silent(there.silent if there else {})


def _looked(call: Call) -> Looked:
    from skep.commands.schedule import on_hosts

    return on_hosts.states(call)


def _row(one: Schedule, here: State, there: Looked | None, prefix: str, *, differs: bool) -> tuple[object, ...]:
    have = there.units.get(one.at, State()) if one.at and there else here
    timer, last = have.timers.get(one.name), have.results.get(one.name, {})
    units = "differ" if differs or (there and there.differ.get(one.at)) else "as described"
    state = units if timer and timer.active and f"{prefix}{one.name}.timer" in have.owned else "not installed"
    paused = f"paused by {have.paused[one.name]}" if one.name in have.paused else ""
    shown = "running" if timer and timer.running else paused or (timer.next if timer else "")
    result = last.get("result", "never ran")
    if one.at and there and one.at in there.silent:
        result, state = "", "not checked"
    return (one.name, str(one), ", ".join(one.calendars), one.at or "here", shown, result,
            last.get("ended", ""), last.get("text", ""), state)  # fmt: skip


def pause(call: Call, name: str, *, resume: bool) -> None:
    """Leave a mark that the units look for, or take it away."""
    found = call.found
    one = named(found, name)
    if one.at:
        from skep.commands.schedule import on_hosts

        on_hosts.pause(call, one, resume=resume)
    else:
        _mark(call, found, name, resume=resume)
    if resume:
        call.tell.done(f"schedule {name} runs again by itself")
        return
    call.tell.done(f"schedule {name} does not run by itself until: invoke schedule.pause {name} --resume")


def _mark(call: Call, found: Inventory, name: str, *, resume: bool) -> None:
    kept = _installed_here(call, found, name)
    if resume:
        kept.resume()
    else:
        kept.pause(f"{me('').who}, {datetime.now(UTC):%Y-%m-%dT%H:%MZ}")


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
        credentials=tuple(sorted(credentials(found, here(found)))),
        own=own,
    )


def _installed(role: Schedules, have: State) -> set[str]:
    prefix = f"skep-{role.setting.name}-"
    ours = [name for name in have.owned if name in have.units and name.endswith(".timer")]
    return {name.removeprefix(prefix).removesuffix(".timer") for name in ours}


def _metrics_anew(call: Call, cluster: Cluster) -> None:
    """Of schedules that are gone nothing is to stay there: nobody would write it again."""
    if cluster.metrics:
        from skep.commands.schedule.metrics_file import forget, leave

        if cluster.schedules:
            leave(cluster, None, call.tell.note)
        else:
            forget(cluster, call.tell.note)


def _brought(call: Call, role: Schedules, *, beside: bool = False) -> list[Run]:
    """Plan, show, carry out, look again; the steps that were done. ``beside``: another plan follows, so that an empty
    one is not shown."""
    planned = _plan(role.steps(_observed(role)), role)
    if beside and not planned.findings and not len(planned):
        return []
    call.tell.plan(planned, applying=not call.asking.only_shown)
    refuse_errors(planned)
    if call.asking.only_shown or not len(planned):
        return []
    steps = [step for step in planned if isinstance(step, Run)]
    hidden = Redaction(secrets_in([step.hides for step in steps]))
    for step in steps:
        status, err = _done(call, step)
        if status:
            cause = hidden.clean(err.strip()) or f"ended with status {status}"
            then = f"wait for that, or stop it: {role.setting.systemctl} stop {cause.partition(': ')[2]}"
            raise StepFailed(
                f"{step.title} failed",
                step=step.id,
                cause=cause,
                next_action=f"{then}; then run the same command again" if status == BUSY else step.otherwise,
            )
    left = _plan(role.steps(_observed(role)), role)
    if len(left):
        raise NotConverged(
            f"all steps ran, and {len(left)} would have to run again",
            cause="; ".join(f"{step.title} ({step.cause})" for step in left),
            next_action=f"look at: {role.setting.systemctl} list-timers 'skep-{role.setting.name}-*'",
        )
    return steps


def _done(call: Call, step: Run) -> tuple[int, str]:
    """A step's status and errors, once runs that it waits for have come to their end."""
    status, _, err = _sh(run_script(step), step.timeout)
    if status == BUSY and step.patience:
        with call.tell.busy(err.strip()):
            ended = until(
                lambda: None if (tried := _sh(run_script(step), step.timeout))[0] == BUSY else tried,
                seconds=step.patience,
                every=2.0,
            )
        status, _, err = ended or (status, "", f"after {seconds_text(step.patience)} {err.strip()}")
    return status, err


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
