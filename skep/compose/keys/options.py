"""What ``x-skep`` asks for beyond Docker: order of a roll-out, hooks, what goes and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from skep.compose.keys.amounts import Whole
from skep.compose.keys.texts import Flag, Text, TextList
from skep.dataclass import dataclass
from skep.kinds.files import DEPENDS_ON_IGNORED
from skep.reading.findings import Findings, KeyPath
from skep.reading.mapping_kinds import Record, Table, is_text
from skep.reading.tree import Entry
from skep.reading.value_kinds import NOTHING, At, Nothing
from skep.reading.values import Fields, Items
from skep.refusals.services import mode_of

KEY = "x-skep"
STACK = Record(
    {
        "waves": Flag(),
        "prune": Flag(),
        "on-failure": Text(("keep", "rollback")),
        "keep": Whole(1, 100),
    }
)
SERVICE = Record({"hook": Text(("before", "after"))}, required=("hook",))
HOOK_MODE = "replicated-job"


class _Words(TextList):
    """A program and its words; nothing where one of them is wrong."""

    def __init__(self) -> None:
        super().__init__(unique=False)

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        if entry.content == []:
            return at.error(entry.place, "is an empty list: name a program and its words")
        found = super().read(entry, at)
        whole = isinstance(found, list) and isinstance(entry.content, list) and len(found) == len(entry.content)
        return found if whole else NOTHING


OBJECT = Record({"command": _Words()}, required=("command",))


@dataclass(frozen=True, slots=True)
class Options:
    """``waves``: services come in the order of ``depends_on``. ``prune``: services that are in no file any more go.
    ``keep``: revisions that can be gone back to. ``hooks``: service → when it runs. ``None``: not said."""

    waves: bool = False
    prune: bool | None = None
    on_failure: Literal["keep", "rollback"] | None = None
    keep: int | None = None
    hooks: Mapping[str, str] = field(default_factory=dict)
    order: tuple[tuple[str, ...], ...] = ()
    """Groups of services that may start at once, in order; empty without ``waves``."""


_COMPLETED = "service_completed_successfully"
_DEPENDENCY = Record(
    {
        "condition": Text(("service_started", "service_healthy", _COMPLETED)),
        "restart": Flag(),
        "required": Flag(),
    },
    required=("condition",),
    extensions=True,
)


class DependsOn(Table):
    """Services it comes after, each with what it says of it: a list of names, or a mapping."""

    def __init__(self) -> None:
        super().__init__(_DEPENDENCY)

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        if isinstance(entry.content, dict):
            return super().read(entry, at)
        if not isinstance(entry.content, list) or not all(map(is_text, entry.content)):
            return at.wrong(entry, "must be a list of services, or a mapping of them")
        found = Fields(entry.place)
        names = TextList().read(entry, at)
        if isinstance(names, Items):
            for name, place in zip(names, names.places, strict=True):
                found.set(name, Fields(place), place)
        return found

    def dump(self, value: Fields) -> list[str]:
        """As a list, which is all that Docker's CLI takes."""
        return list(value)


def options(data: Fields) -> Options:
    """The options of a document that was checked."""
    asked = data.get(KEY) or {}
    services: Fields = data.get("services") or Fields(data.place)
    waves = bool(asked.get("waves"))
    return Options(
        waves=waves,
        prune=asked.get("prune"),
        on_failure=asked.get("on-failure"),
        keep=asked.get("keep"),
        hooks={name: service[KEY]["hook"] for name, service in services.items() if KEY in service},
        order=_order(services) if waves else (),
    )


def check_options(data: Fields, findings: Findings) -> None:
    """Note hooks that cannot be, and warn of ``depends_on`` that is not followed."""
    services: Fields = data.get("services") or Fields(data.place)
    waves = (data.get(KEY) or {}).get("waves")
    for name, service in services.items():
        mode = (service.get("deploy") or {}).get("mode", HOOK_MODE)
        if KEY in service and mode != HOOK_MODE:
            message = f"a hook is a {HOOK_MODE}, and this is {mode}"
            findings.error(("services", name, KEY), message, service.where(KEY))
        if "depends_on" in service and not waves:
            message = f"is ignored by Swarm: services start at once; '{KEY}: {{waves: true}}' rolls out in that order"
            findings.warn(DEPENDS_ON_IGNORED, ("services", name, "depends_on"), message, service.where("depends_on"))
        for other, asked in service.get("depends_on", {}).items() if waves else ():
            _check_dependency(("services", name, "depends_on"), other, asked, services, findings)
    if waves:
        _check_cycle(services, findings)


def drop_absent(data: Fields) -> None:
    """Take optional services (``required: false``) that are in no file out of ``depends_on``."""
    services: Fields = data.get("services") or Fields(data.place)
    for service in services.values():
        desired = service.get("depends_on", {})
        for other in [other for other, asked in desired.items() if not asked.get("required", True)]:
            if other not in services:
                del desired[other]
        if "depends_on" in service and not desired:
            del service["depends_on"]


def _check_dependency(path: KeyPath, other: str, asked: Fields, services: Fields, findings: Findings) -> None:
    if other not in services:
        if asked.get("required", True):
            message = f"there is no service {findings.value(other)}{findings.hint(other, services)}"
            findings.error(path, message, asked.place)
        return
    if asked.get("condition") == _COMPLETED and not mode_of(services[other]).endswith("job"):
        message = f"has no effect: {other} is no job, and the next wave begins when it runs"
        findings.warn(DEPENDS_ON_IGNORED, (*path, other, "condition"), message, asked.where("condition"))
    if asked.get("restart"):
        findings.warn(DEPENDS_ON_IGNORED, (*path, other, "restart"), "is ignored by Swarm", asked.where("restart"))


def _check_cycle(services: Fields, findings: Findings) -> None:
    try:
        TopologicalSorter(_needs(services)).prepare()
    except CycleError as error:
        names = [str(name) for name in error.args[1]]
        where = services[names[0]].where("depends_on")
        message = f"the services wait for each other: {' → '.join(reversed(names))}"
        findings.error(("services", names[0], "depends_on"), message, where)


def _order(services: Fields) -> tuple[tuple[str, ...], ...]:
    sorter = TopologicalSorter(_needs(services))
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(tuple(ready))
        sorter.done(*ready)
    return tuple(found)


def _needs(services: Fields) -> dict[str, list[str]]:
    return {
        name: [other for other in service.get("depends_on", ()) if other in services]
        for name, service in sorted(services.items())
    }
