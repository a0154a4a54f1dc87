"""What ``x-skep`` asks for beyond Docker: order of a roll-out, hooks, what goes and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from skep.compose.kinds import NOTHING, At, Flag, Kind, Nothing, Text, TextList, Whole
from skep.compose.problems import Place, Problems
from skep.compose.records import Record, is_text
from skep.compose.tree import Entry
from skep.compose.values import Fields

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
    """Services that may come at once, group by group; empty without ``waves``."""


class DependsOn(Kind):
    """Services it comes after: a list of names, or a mapping whose values (conditions) Swarm has no use for."""

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        if isinstance(entry.content, dict):
            return list(entry.content)
        if isinstance(entry.content, list) and all(map(is_text, entry.content)):
            return list(TextList().read(entry, at) or [])  # type: ignore[arg-type]
        return at.wrong(entry, "must be a list of services, or a mapping of them")

    def merge(self, base: list[str], over: list[str], at: At, place: Place) -> list[str]:
        return list(dict.fromkeys([*base, *over]))


def mode_of(service: Fields) -> str:
    """The mode of a service; a hook is a job without being told."""
    return str((service.get("deploy") or {}).get("mode", HOOK_MODE if KEY in service else "replicated"))


def options(data: Fields) -> Options:
    """Of a document that was checked."""
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


def check_options(data: Fields, problems: Problems) -> None:
    """Hooks that can be, ``depends_on`` that can be followed, or is not."""
    services: Fields = data.get("services") or Fields(data.place)
    waves = (data.get(KEY) or {}).get("waves")
    for name, service in services.items():
        mode = (service.get("deploy") or {}).get("mode", HOOK_MODE)
        if KEY in service and mode != HOOK_MODE:
            message = f"a hook is a {HOOK_MODE}, and this is {mode}"
            problems.error(service.where(KEY), ("services", name, KEY), message)
        if "depends_on" in service and not waves:
            message = f"is ignored by Swarm: services start at once; '{KEY}: {{waves: true}}' rolls out in that order"
            problems.warn(service.where("depends_on"), ("services", name, "depends_on"), message)
        for other in service.get("depends_on", ()) if waves else ():
            if other not in services:
                message = f"there is no service {problems.value(other)}{problems.hint(other, services)}"
                problems.error(service.where("depends_on"), ("services", name, "depends_on"), message)
    if waves:
        _check_cycle(services, problems)


def _check_cycle(services: Fields, problems: Problems) -> None:
    try:
        TopologicalSorter(_needs(services)).prepare()
    except CycleError as error:
        names = [str(name) for name in error.args[1]]
        where = services[names[0]].where("depends_on")
        message = f"the services wait for each other: {' → '.join(reversed(names))}"
        problems.error(where, ("services", names[0], "depends_on"), message)


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
