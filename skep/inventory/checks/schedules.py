"""What runs by itself: times that come, stacks that there are."""

from __future__ import annotations

import re

from skep.model.schedule import HOUR, OF_STACKS
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_ONLY = {
    **dict.fromkeys(("stacks", "on-failure"), (OF_STACKS, "stack.refresh and stack.deploy")),
    **dict.fromkeys(("profile", "severity"), (frozenset({"audit"}), "audit")),
    "older-than": (frozenset({"prune"}), "prune"),
}
"""Keys that only some schedules have: which, and their names in a sentence."""


def check_schedules(file: Fields, findings: Findings) -> None:
    """Note what can never run, and what would run otherwise than it seems."""
    stacks, hosts = findings.children("stacks"), findings.children("hosts")
    for name, given in file.section("schedules").items():
        path = ("schedules", name)
        if not _NAME.fullmatch(name):
            findings.error(path, "not a name of a schedule: write 1 to 40 of a-z, 0-9 and '-', such as nightly")
        _check_times(path, given, findings)
        check_zone((*path, "timezone"), given, findings)
        at = given.get("at")
        if at is not None and at not in hosts and not findings.is_broken(("hosts",)):
            findings.error((*path, "at"), f"{findings.value(at)} is not a host of this file{findings.hint(at, hosts)}")
        check_stack_names(path, given, stacks, findings)
        for key, (kinds, names) in _ONLY.items():
            if key in given and "run" in given and given["run"] not in kinds:
                findings.error((*path, key), f"is only for {names}: take it out")
        deadline, lock = given.get("deadline", HOUR), given.get("wait-lock", 600.0)
        if deadline < 60:
            findings.error((*path, "deadline"), "is too short for any run: write at least 1m")
        elif lock >= deadline:
            key = "wait-lock" if "wait-lock" in given else "deadline"
            findings.error((*path, key), "leaves no time to run: deadline has to be longer than wait-lock (10m)")
        if given.get("jitter", 0) > 86400:
            findings.error((*path, "jitter"), "is more than a day: write such as 10m, and another time in when")


def check_metrics(file: Fields, findings: Findings) -> None:
    """Note a folder that would be another one for each who calls."""
    folder = file.get("metrics")
    if folder is not None and not folder.startswith("/"):
        shown = findings.written(("metrics",), folder)
        findings.error(("metrics",), f"{shown} is no absolute path: write such as /var/lib/prometheus/node-exporter")


def check_maintenance(file: Fields, findings: Findings) -> None:
    """Note windows that never open, or always are, and freezes that end before they begin."""
    given, stacks = file.section("maintenance"), findings.children("stacks")
    check_zone(("maintenance", "timezone"), given, findings)
    for number, one in enumerate(given.get("windows", ())):
        path: KeyPath = ("maintenance", "windows", number)
        if "when" in one:
            check_calendar((*path, "when"), one["when"], findings)
        if not 60 <= one.get("for", 60) <= 14 * 86400:
            findings.error((*path, "for"), "must be from 1m to 14d; what never ends needs no window")
        check_stack_names(path, one, stacks, findings)
    for number, one in enumerate(given.get("freezes", ())):
        path = ("maintenance", "freezes", number)
        if "from" in one and "until" in one and one["until"] < one["from"]:
            findings.error((*path, "until"), f"is before its first day, {one['from']}: write a later day")
        if not str(one.get("reason", "-")).strip():
            findings.error((*path, "reason"), "is empty: say why, for those who are refused")
        check_stack_names(path, one, stacks, findings)


def _check_times(path: KeyPath, given: Fields, findings: Findings) -> None:
    if "when" in given and not given["when"]:
        findings.error((*path, "when"), "is empty: write such as Mon..Fri 03:30")
    for number, text in enumerate(given.get("when", ())):
        place = (*path, "when", number) if (*path, "when", number) in findings.places else (*path, "when")
        check_calendar(place, text, findings)


def check_calendar(place: KeyPath, text: str, findings: Findings) -> None:
    """Note a time that is none, or that never comes."""
    from datetime import UTC, datetime

    from skep.model.calendar import EXAMPLE, parse

    try:
        comes = parse(text).after(datetime.now(UTC), UTC)
    except ValueError as error:
        shown = findings.written(place, text)
        said = str(error) if place not in findings.origins else f"is no time of systemd's calendar: write {EXAMPLE}"
        findings.error(place, f"{shown} {said}" if said.startswith("is ") else f"{shown}: {said}")
        return
    if comes is None:
        findings.error(place, f"{findings.written(place, text)} never comes (again): write a time that lies ahead")


def check_zone(place: KeyPath, given: Fields, findings: Findings) -> None:
    """Note a time zone that this machine does not know."""
    name = given.get(place[-1]) if isinstance(place[-1], str) else None
    if name is None:
        return
    from skep.model.calendar import zone_of

    try:
        zone_of(name)
    except ValueError as error:
        findings.error(place, f"{findings.written(place, name)} {error}")


def check_stack_names(path: KeyPath, given: Fields, stacks: list[str], findings: Findings) -> None:
    """Note names of stacks that are none, and a list that names none."""
    if "stacks" in given and not given["stacks"] and not findings.is_broken((*path, "stacks")):
        findings.error((*path, "stacks"), "is empty: name stacks, or take the key out for all")
    for number, name in enumerate(given.get("stacks", ())):
        if name not in stacks and not findings.is_broken(("stacks",)):
            message = f"{findings.value(name)} is not a stack of this file{findings.hint(name, stacks)}"
            findings.error((*path, "stacks", number), message)
