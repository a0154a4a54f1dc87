"""``schedule.*`` where schedules run on hosts of the cluster: their role under the lock, and what one host is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path

from skep.commands.call import Call
from skep.commands.schedule.credentials import credentials
from skep.commands.schedule.parcel import contents, program, site
from skep.converge import Site, plan, see
from skep.dataclass import dataclass
from skep.errors import SkepError, StepFailed, UsageError
from skep.files import put
from skep.holder import me
from skep.inventory import Inventory
from skep.model import Schedule
from skep.plan import Step
from skep.request import Request
from skep.runs.loop import run as carry_out
from skep.runs.refusing import refuse_silent
from skep.schedules.role import State
from skep.schedules.role_on_hosts import THERE, There
from skep.schedules.state import state_folder
from skep.shell import exported
from skep.shipped import IS_CLONE
from skep.ssh.ssh_config import settings


def role(found: Inventory, *, gone: bool = False, sent: bool = True) -> There:
    """The role for what the inventory has. Without ``sent`` nothing is packed: for a look."""
    cluster = found.cluster
    here = tuple(one for one in cluster.schedules if one.at)
    ports = {host.name: settings(host.address, found.access[host.name]).port for host in cluster.hosts}
    if gone or not here:
        return There(replace(cluster, schedules=()), None, None, {}, ports)
    extras = ("apprise",) if any(one.apprise for one in cluster.notices) else ()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "skep", "programs")
    packed = program(contents(extras), cache if sent else None)
    typed = "./inv" if IS_CLONE else "skep"
    return There(cluster, packed, site(found, _site(found)), credentials(found, here), ports, typed)


def _site(found: Inventory) -> Path:
    """The folder that is sent: the one that one works in, or the one of an inventory from elsewhere."""
    file = found.path.absolute()
    return Path.cwd() if file.is_relative_to(Path.cwd()) else file.parent.parent


def apply(call: Call, *, gone: bool = False) -> int:
    """Bring hosts to what the inventory says; gives how many steps were done."""
    one = role(call.found, gone=gone)
    _left_behind(call)
    if one.at and not call.asking.only_shown:
        _note(call.found, one.at)  # first: a run that is cut short leaves something there, too
    with call.site() as here:
        request = call.asking.of(Request("schedule.rm" if gone else "schedule.apply", heeds=False))
        result = carry_out(_only(here, one), request, call.tell)
        refuse_silent(result.silent)
    if not one.at and not call.asking.only_shown:
        _note(call.found, ())
    return len(result.steps)


def concerned(found: Inventory) -> bool:
    """Whether hosts are to be asked: schedules name some, or did when they were applied from here."""
    return any(one.at for one in found.cluster.schedules) or bool(_marks(found))


@dataclass(frozen=True, slots=True)
class Looked:
    """What systemd has on each host that runs schedules, what differs there, and which of them did not answer."""

    units: Mapping[str, State] = field(default_factory=dict)
    differ: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    silent: Mapping[str, SkepError] = field(default_factory=dict)


def states(call: Call) -> Looked:
    """How hosts stand; those that do not answer are named."""
    one = role(call.found, sent=False)
    with call.site() as here:
        only = _only(here, one)
        observation = see(only)
        planned = plan(only, observation)
    found = observation.of(one).states
    silent = {name: observation.failures[name] for name in one.at if name in observation.failures}
    differ = {name: tuple(_shown(step) for step in planned if step.host == name and step.role == one.name)
              for name in found}  # fmt: skip
    return Looked({name: away.units for name in one.at if (away := found.get(name))}, differ, silent)


def _shown(step: Step) -> str:
    return f"{step.title} ({', '.join(step.detail)})" if step.id.action == "site" else step.title


def pause(call: Call, one: Schedule, *, resume: bool) -> None:
    """Leave a mark on its host that its unit looks for, or take it away."""
    who = f"{me('').who}, {datetime.now(UTC):%Y-%m-%dT%H:%MZ}"
    text = 'rm -f -- "$MARK"' if resume else f'{_OURS}umask 077; printf "%s\\n" "$WHO" >"$MARK"'
    status, _, err = _on(call, one, text, 60, WHO=who)
    if status == 4:
        raise UsageError(f"schedule {one.name} is not installed on {one.at}", next_action="invoke schedule.apply")
    if status:
        raise StepFailed(f"schedule {one.name} cannot be paused", host=one.at, cause=err.strip(),
                         next_action=f"see what is wrong on {one.at}: ls -l {THERE}")  # fmt: skip


_OURS = """case $(sed -n 2p "$UNIT" 2>/dev/null)/ in "# Inventory: ${LAST%/*}"/*) ;; *) exit 4 ;; esac
"""
"""A unit of that name may be another inventory's, which its second line says; an earlier skep's names a file there."""
_RUN = f"""{_OURS}[ ! -e "$MARK" ] || exit 5
before=$(cat "$LAST" 2>/dev/null)
systemctl start -- "${{UNIT##*/}}" >&2 || systemctl start -- "$ENDED" >&2
[ "$(cat "$LAST" 2>/dev/null)" = "$before" ] || cat "$LAST"
"""
"""A run that is killed is reported by another unit, which is waited for; an older result is none of this run."""


def run(call: Call, one: Schedule) -> int:
    """Start its unit on its host, wait, and end as it ended."""
    with call.tell.busy(f"running {one.name} on {one.at}"):
        status, out, err = _on(call, one, _RUN, one.deadline + 660)
    if status == 4:
        raise UsageError(f"schedule {one.name} is not installed on {one.at}", next_action="invoke schedule.apply")
    if status == 5:
        raise UsageError(f"schedule {one.name} is paused on {one.at}",
                         next_action=f"invoke schedule.pause {one.name} --resume")  # fmt: skip
    try:
        last: Mapping[str, object] = json.loads(out)
    except ValueError:
        raise StepFailed(f"schedule {one.name} left no result", host=one.at, cause=err.strip(),
                         next_action=f"see why on {one.at}: journalctl -u skep-{call.found.cluster.name}-{one.name}",
                         ) from None  # fmt: skip
    text = f"schedule {one.name} on {one.at}: {last.get('text')}"
    code = last.get("exit")
    if last.get("result") == "failed":
        error = StepFailed(text, next_action=str(last.get("next") or ""))
        error.exit_code = code if isinstance(code, int) else 5
        raise error
    call.tell.done(text)
    return code if isinstance(code, int) else 0


def _on(call: Call, one: Schedule, text: str, seconds: float, **more: str) -> tuple[int, str, str]:
    name = call.found.cluster.name
    variables = {
        "UNIT": f"/etc/systemd/system/skep-{name}-{one.name}.service",
        "MARK": f"{THERE}/{name}/{one.name}.paused",
        "ENDED": f"skep-{name}-ended@{one.name}.service",
        "LAST": f"{THERE}/{name}/{one.name}.json",
        **more,
    }
    with call.site() as here:
        done = here.pool[one.at].run(exported(variables) + text, timeout=seconds)
    return done.status, done.out, done.err


def _only(here: Site, one: There) -> Site:
    return replace(here, roles=[one], known=[*here.known, one])


def _mark(found: Inventory) -> Path:
    return state_folder() / f"{found.cluster.name}@hosts"  # which is no name of an inventory


def _marks(found: Inventory) -> list[Path]:
    """The marks that are there, with that of an earlier skep. A folder of its name is an inventory's."""
    earlier = state_folder() / f"{found.cluster.name}.at"
    return [mark for mark in (_mark(found), earlier) if mark.is_file()]


def _left_behind(call: Call) -> None:
    """Name hosts that had schedules and are in the inventory no more: nobody asks them, and their timers go on."""
    name = call.found.cluster.name
    noted = dict.fromkeys(host for mark in _marks(call.found) for host in mark.read_text(encoding="utf-8").split())
    known = {host.name for host in call.found.cluster.hosts}
    for host in (one for one in noted if one not in known):
        folder = f"{THERE}/{name}"
        call.tell.note(
            f"{host} has schedules and is in the inventory no more: other hosts forget its key, and its timers go on. "
            f"To remove them, as root on {host}: systemctl disable --now $(grep timer$ {folder}/units); "
            f"cd /etc/systemd/system && rm $(cat {folder}/units); systemctl daemon-reload; "
            f"find {folder} -mindepth 1 -maxdepth 1 ! -name backups -exec rm -r {{}} +"
        )


def _note(found: Inventory, hosts: tuple[str, ...]) -> None:
    """Keep that hosts have schedules, for when the inventory names none any more."""
    mark = _mark(found)
    if hosts:
        put(mark, f"{' '.join(hosts)}\n", folder=0o700)
    for old in _marks(found):
        if old != mark or not hosts:
            old.unlink(missing_ok=True)
    with suppress(OSError):  # something else is kept there
        mark.parent.rmdir()
