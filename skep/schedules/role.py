"""Schedules as a role: planned from what systemd has. ``schedule.apply`` asks it, and no other command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import PurePath

from skep.dataclass import dataclass
from skep.model import Cluster, Host, Schedule
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.role import HostRole
from skep.schedules.timers import STOPPING, Setting, unit, units
from skep.secret import Secret
from skep.seen import Seen
from skep.shell import exported, script
from skep.steps import StepId

PATIENCE = STOPPING + 60.0
"""Seconds for which the end of a run is waited for before its units go: one that is stopped may take ``STOPPING``."""
HERE = "this machine"
"""In place of a host, where that is the control machine."""


@dataclass(frozen=True, slots=True)
class Timer:
    """How systemd has a timer: empty texts where it does not know it."""

    active: str = ""
    enabled: str = ""
    next: str = ""
    last: str = ""
    running: bool = False

    @property
    def runs(self) -> bool:
        """Whether it will come, now and after a boot."""
        return self.active == "active" and self.enabled == "enabled"


@dataclass(frozen=True, slots=True)
class State:
    """``units`` and ``credentials`` are SHA-256 by file name, ``results`` how schedules ended last, ``paused`` who
    paused them and when. ``systemd`` is its version, 0 where it does not run."""

    systemd: int = 0
    refused: tuple[str, ...] = ()
    """Times that this version does not take."""
    owned: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    """Files of inventories that are there, by the units that they wrote under names of ours."""
    units: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    timers: Mapping[str, Timer] = field(default_factory=dict)
    paused: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Schedules(HostRole[State]):
    """Units of systemd for an inventory's schedules. ``at`` is where they run; ``stopped``: runs of those
    that go are stopped, not waited for."""

    name = "schedules"
    actions: tuple[str, ...] = ("credentials", "units", "remove")

    def __init__(
        self,
        setting: Setting,
        schedules: tuple[Schedule, ...],
        at: str = HERE,
        credentials: Mapping[str, Secret] | None = None,
        *,
        stopped: bool = False,
    ) -> None:
        self.setting = setting
        self.schedules = schedules
        self.at = at
        self.stopped = stopped
        self.credentials = dict(credentials or {})

    def probe_of(self, cluster: Cluster) -> str:
        """Asks for all that may be there of this inventory."""
        return exported(
            {
                "FOLDER": self.setting.folder,
                "UNITS": self.setting.units,
                "INVENTORY": self.setting.inventory,
                "PREFIX": unit(self.setting, ""),
                "NAMES": " ".join(one.name for one in self.schedules),
                "CALENDARS": "\n".join(text for one in self.schedules for text in one.calendars),
                "CTL": self.setting.systemctl,
            }
        ) + script("skep/schedules/probe.sh")

    def desired(self, cluster: Cluster, host: Host) -> State:
        """What systemd is to have; times and results are its own."""
        return State()

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the probe's lines."""
        rows = [line.split(" ", 2) for line in text.splitlines() if line]
        rows = [[*row, "", ""][:3] for row in rows]
        shown: dict[str, dict[str, str]] = {}
        for _, name, rest in (row for row in rows if row[0] == "timer"):
            key, _, value = rest.partition("=")
            shown.setdefault(name, {})[key] = value
        versions = [int(row[1]) for row in rows if row[0] == "systemd" and row[1].isdigit()]
        return State(
            systemd=versions[0] if versions else 0,
            refused=tuple(f"{first} {rest}".strip() for kind, first, rest in rows if kind == "refused"),
            owned=tuple(dict.fromkeys(row[1] for row in rows if row[0] == "owned")),
            others={name: file for kind, name, file in rows if kind == "other"},
            units={name: digest for kind, digest, name in rows if kind == "sum"},
            credentials={name: digest for kind, digest, name in rows if kind == "credential"},
            timers={name: _timer(values) for name, values in shown.items()},
            paused={name: by for kind, name, by in rows if kind == "paused"},
            results={name: found for kind, name, line in rows if kind == "last" and (found := _result(line))},
        )

    def plan(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """A step for each schedule whose units differ, and one for all that are no longer desired."""
        have = seen.states.get(self.at)
        return list(self.steps(have)) if have else []

    def steps(self, have: State) -> Iterator[Step | Finding]:
        """From what is there to what is desired."""
        if not have.systemd and (self.schedules or have.owned):
            yield _error(self.at, f"{self._here} does not run systemd, whose timers start schedules",
                         "run schedule.apply on a machine that does")  # fmt: skip
            return
        for text in have.refused:
            yield _error(self.at, f"systemd {have.systemd} there does not take the time '{text}'",
                         f"write it in words that this version knows: systemd-analyze calendar '{text}'")  # fmt: skip
        if self.schedules or not have.owned:  # else they go with the last unit, after its run
            yield from self._credentials(have)
        desired = units(self.setting, self.schedules, have.systemd)
        for one in self.schedules:
            yield from self._installed(one, {**desired[""], **desired[one.name]}, have)
        known = {name for texts in desired.values() for name in texts}
        gone = [name for name in have.owned if name not in known]
        for name, file in have.others.items():
            if name in known or name in gone:
                yield _error(self.at, f"{name} is a unit of another inventory: {file}",
                             "give a schedule or the inventory's file another name, or take those units away first: "
                             f"schedule.rm -i {_as_typed(file, self.at)}")  # fmt: skip
        if gone:
            yield self._run("remove", None, "remove units of schedules", "no longer in the inventory", gone=gone,
                            detail=(*(f"remove {name}" for name in gone), *self._rest(desired)))  # fmt: skip

    def _rest(self, desired: Mapping[str, object]) -> tuple[str, ...]:
        """What goes with the last unit; on a host a step of its own says that."""
        return () if desired or self.at != HERE else (f"remove {self.setting.folder}, with how runs ended",)

    @property
    def _here(self) -> str:
        return "this machine" if self.at == HERE else self.at

    def _credentials(self, have: State) -> Iterator[Step]:
        content = {name: value.reveal().encode() for name, value in self.credentials.items()}
        differ = [name for name, text in content.items() if have.credentials.get(name) != _sum(text)]
        gone = [name for name in have.credentials if name not in content]
        if differ or gone:
            yield self._run(
                "credentials", None, "place what runs are given" if content else "remove what runs were given",
                "missing" if not have.credentials else "differs",
                detail=(*(f"{name}: {'changed' if name in have.credentials else 'new'}" for name in differ),
                        *(f"remove {name}" for name in gone)),
                files={f"credentials/{name}": content[name] for name in differ},
                forget=gone,
                hides=tuple(self.credentials[name] for name in differ),
            )  # fmt: skip

    def _installed(self, one: Schedule, desired: Mapping[str, str], have: State) -> Iterator[Step]:
        differ = {name: text for name, text in desired.items() if have.units.get(name) != _sum(text.encode())}
        timer = have.timers.get(one.name, Timer())
        if not differ and timer.runs and set(desired).issubset(have.owned):
            return
        new = f"{unit(self.setting, one.name)}.timer" not in have.units
        cause = "missing" if new else "its units differ" if differ else "its timer does not run"
        says = {"runs": str(one), "when": ", ".join(one.calendars), "at most": f"{one.deadline:.0f} s"}
        timers = f"{unit(self.setting, one.name)}.timer"
        yield self._run(
            "units", one.name, f"install {one.name}", cause,
            detail=tuple(f"{key}: {value}" for key, value in says.items())
            if new
            else tuple(f"write {name}" for name in differ) or (f"start and enable {timers}",),
            files={f"units/{name}": text.encode() for name, text in desired.items()},
            timer=timers,
        )  # fmt: skip

    def _run(
        self, action: str, object: str | None, title: str, cause: str, *, detail: tuple[str, ...] = (),
        files: Mapping[str, bytes] | None = None, gone: Sequence[str] = (), forget: Sequence[str] = (), timer: str = "",
        hides: tuple[Secret, ...] = (),
    ) -> Run:  # fmt: skip
        return Run(
            id=StepId(self.name, action, self.at, object),
            host=self.at,
            title=title,
            cause=cause,
            detail=detail,
            script=script("skep/schedules/put.sh"),
            files={"head": b"", **(files or {})},
            hides=hides,
            variables={
                "FOLDER": self.setting.folder, "UNITS": self.setting.units, "CTL": self.setting.systemctl,
                "PREFIX": unit(self.setting, ""), "GONE": " ".join(gone), "FORGET": " ".join(forget), "TIMER": timer,
                "STOP": "yes" if self.stopped else "", "STAY": "yes" if self.schedules else "",
            },
            patience=PATIENCE if gone else 0.0,
            timeout=PATIENCE + 120,
            writes={self.setting.units: 1 << 20, self.setting.state: 1 << 20},
            otherwise="do what the cause says, then run the same command again",
        )  # fmt: skip


def _as_typed(inventory: str, at: str) -> str:
    """Units that run on a host by ``at`` name a folder, whose name is that of their inventory."""
    file = PurePath(inventory)
    return inventory if at == HERE and file.suffix in (".yml", ".yaml") else file.name


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _timer(values: Mapping[str, str]) -> Timer:
    return Timer(
        values.get("ActiveState", ""),
        values.get("UnitFileState", ""),
        values.get("NextElapseUSecRealtime", ""),
        values.get("LastTriggerUSec", ""),
        values.get("Running", "") in ("active", "activating", "deactivating"),
    )


def _result(line: str) -> Mapping[str, object] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _error(at: str, text: str, action: str) -> Finding:
    return Finding("error", text, host=None if at == HERE else at, role="schedules", next_action=action)
