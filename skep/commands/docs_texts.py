"""What ``docs`` prints: a key with type, default, meaning and example; a warning or a check of audits with what fixes
it; or all keys on a screen."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain

from skep.audit.controls import BENCHMARK, PLACES, Control
from skep.cli.described import Described, described
from skep.cli.known_tasks import TASKS
from skep.errors import UsageError
from skep.kinds import Kind
from skep.manual import ANY, Entry, entries, find, inside, nearest
from skep.report import Reporter

WIDEST = 100
"""Columns beyond which a text is harder to read."""
SHOWN = 3
"""Keys of one ending that are explained at once; more are listed."""
DEPTH = 2
"""Parts of a compose file's key up to which the list of all keys has it."""
FILES = {"inventory": "inventory", "compose": "compose file"}


FINDINGS = "findings"
"""What lists all warnings, and what an audit looks at."""


def show(
    key: str,
    tell: Reporter,
    kinds: Mapping[str, Kind],
    controls: Mapping[str, Control],
    own: Sequence[Entry],
    *,
    as_json: bool,
) -> None:
    """Explain a key, a task or the id of a warning or of a check of audits, or list all. ``own`` are the keys of the
    site's roles. Raises ``UsageError`` with the nearest for one that there is not."""
    tasks = {name: described(name, one) for name, one in TASKS.items()}
    found = find(key, own)
    if not key:
        data: dict[str, object] = {
            "keys": [one.key for one in (*entries(), *own)],
            "tasks": sorted(tasks),
            "findings": [*kinds],
            "audit": [*controls],
        }
        lines = overview(tasks, own)
    elif key == FINDINGS:
        data = {FINDINGS: [asdict(one) for one in kinds.values()], "audit": [_data(one) for one in controls.values()]}
        lines = chain(_all_kinds(kinds.values()), [""], _all_controls(controls.values()))
    elif key in kinds:
        data, lines = asdict(kinds[key]), _kind(kinds[key])
    elif key in controls:
        data, lines = _data(controls[key]), _control(controls[key])
    elif key in tasks:
        data, lines = asdict(tasks[key]), _task(tasks[key])
    elif found.exact or found.other:
        data = {"entries": [one.as_json(inside(one, own)) for one in (*found.exact, *found.other)]}
        lines = _keys([*found.exact] or [*found.other], [*found.other] if found.exact else [], own)
    else:
        raise _unknown(key, [*tasks, *kinds, *controls], own)
    if as_json:
        tell.data("docs", data)
    else:
        tell.document(tell.spelled("\n".join(lines)))


def _unknown(key: str, more: Iterable[str], own: Sequence[Entry]) -> UsageError:
    names = [*more]
    near = nearest(key, names, own) or nearest(key.lower(), names, own)
    again = f"invoke docs {near.replace(ANY, 'web')}\n" if near else ""
    return UsageError(
        f"there is no key, task, warning or check {key}{f'; did you mean {near}?' if near else ''}",
        next_action=f"{again}all keys: invoke docs",
    )


def _keys(these: Sequence[Entry], also: Sequence[Entry], own: Sequence[Entry]) -> Iterator[str]:
    if len(these) > SHOWN:
        yield from _listed(these)
        return
    for number, one in enumerate(these):
        if number:
            yield ""
        yield from explained(one, own)
    if also:
        yield ""
        yield "More keys of that name:"
        yield from _listed(also)


def _task(task: Described) -> Iterator[str]:
    yield f"{task.name}  (task)"
    yield from _wrapped(task.text, "  ")
    yield ""
    yield f"  usage    invoke {task.usage}"
    yield f"  example  {task.example}"
    yield f"  options  invoke help {task.name}"


def _kind(kind: Kind) -> Iterator[str]:
    yield f"{kind.id}  (warning)"
    yield from _wrapped(kind.meaning, "  ")
    yield from _wrapped(kind.fix, "       ", "  fix: ")
    yield from _accepted(kind.id)


def _accepted(identity: str) -> Iterator[str]:
    yield ""
    yield "  to accept it, in the inventory"
    yield "    accept:"
    yield f"      - id: {identity}"
    yield "        reason: why it may be so"
    yield "        until: 2027-03-31"


def _all_kinds(kinds: Iterable[Kind]) -> Iterator[str]:
    yield "Warnings, by the id at their end"
    for one in kinds:
        yield from _wrapped(f"{one.meaning} Fix: {one.fix}", "      ", f"  {one.id}: ")
    yield ""
    yield "One of them, and how to accept it: invoke docs image-tag-moves"


def _control(control: Control) -> Iterator[str]:
    yield f"{control.id}  (audit)"
    yield from _wrapped(f"{control.title[0].upper()}{control.title[1:]}.", "  ")
    yield from _wrapped(control.reason, "       ", "  why: ")
    yield ""
    if control.number:
        judge = "a program may judge" if control.automated else "the benchmark leaves it to a person"
        yield f"  benchmark  {BENCHMARK}, {control.number}, level {control.level}; {judge}"
    yield f"  here       {here(control)}"
    if control.why_not:
        return
    yield f"  severity   {control.severity}"
    yield from _wrapped(control.remedy, "             ", f"  fix        {PLACES[control.on]}")
    profile = " --profile cis" if control.number else ""
    yield f"  look       invoke cluster.audit{profile}"
    yield from _accepted(control.id)


def here(control: Control) -> str:
    """What an audit makes of it."""
    return "not applicable" if control.why_not else "shown, for a person to judge" if control.shown else "decided"


def _data(control: Control) -> dict[str, object]:
    """As an event holds it."""
    return {
        "id": control.id,
        "title": control.title,
        "why": control.reason,
        "here": here(control),
        "severity": control.severity,
        "remedy": control.remedy,
        "on": control.on,
        "benchmark": control.as_json() if control.number else None,
    }


def _all_controls(controls: Iterable[Control]) -> Iterator[str]:
    yield "What cluster.audit looks at, by id; cis-… with --profile cis"
    for one in controls:
        yield from _wrapped(one.title, "      ", f"  {one.id}: ")
    yield ""
    yield "One of them, why, and how to fix or accept it: invoke docs disk-use"


def explained(entry: Entry, own: Sequence[Entry] = ()) -> Iterator[str]:
    """The lines about one key."""
    yield f"{entry.key}  ({FILES[entry.kind]})"
    yield from _wrapped(entry.meaning, "  ")
    if not entry.usable:
        return
    yield ""
    yield f"  type     {entry.type.replace('`', '')}"
    if entry.default:
        yield from _wrapped(entry.default, "           ", "  default  ")
    if entry.places:
        yield from _wrapped(f"also as {' and '.join(entry.places)}", "           ", "  where    ")
    names = [one.path[-1] for one in inside(entry, own) if one.usable]
    if names:
        yield from _wrapped(" ".join(names), "           ", "  keys     ")
    if entry.example:
        yield "  example"
        yield from textwrap.indent(entry.example.rstrip(), "    ").splitlines()


def overview(tasks: Iterable[str], own: Sequence[Entry] = ()) -> Iterator[str]:
    """All keys that something comes of, and all tasks, by what they stand in."""
    yield "Keys of the inventory"
    yield from _groups(
        one.path for one in (*entries(), *own) if one.kind == "inventory" and one.path[:-1] != ("daemon",)
    )
    yield "  daemon. any key of daemon.json; those that are known: invoke docs daemon"
    yield ""
    yield "Keys of a compose file"
    yield from _groups(one.path for one in entries() if one.kind == "compose" and one.usable and _shallow(one))
    yield ""
    yield "Tasks"
    yield from _groups(tuple(name.split(".")) for name in sorted(tasks, key=lambda name: ("." in name, name)))
    yield ""
    yield "Warnings, and what audits look at: invoke docs findings"
    yield "One of them: invoke docs engine.version, or services.deploy, or cluster.up"


def _shallow(entry: Entry) -> bool:
    """Whether the list has room for it; what is further inside is named with what it is in."""
    return sum(part != ANY for part in entry.path) <= DEPTH


def _groups(paths: Iterable[tuple[str, ...]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        if path[-1] != ANY:
            groups.setdefault(".".join(part for part in path[:-1] if part != ANY), []).append(path[-1])
    for group, names in groups.items():
        yield from _wrapped(" ".join(names), "      ", f"  {group}. " if group else "  ")


def _listed(found: Sequence[Entry]) -> Iterator[str]:
    for one in found:
        yield from _wrapped(one.meaning, "      ", f"  {one.key}: ")


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    return textwrap.wrap(
        text.replace("`", ""), width, initial_indent=indent if first is None else first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
