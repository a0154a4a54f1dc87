"""The schema as an editor reads it, and as a page for people. Both are made from ``schema.py`` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from skep.dataclass import dataclass
from skep.inventory.daemon_schema import FLAGS, LISTS, NUMBERS, OBJECT_LISTS, OBJECTS, TEXT_MAPS, TEXTS
from skep.inventory.schema import inventory
from skep.reading.documented import HostKeys, Key, json_schema
from skep.reading.mapping_kinds import ListOf, Record, Table
from skep.reading.settings import Choice, Day, Duration, Flag, SecretText, Whole
from skep.reading.value_kinds import Json, Kind

SHARED = ("ssh", "engine", "daemon", "proxy", "certificates", "kernel")
"""Sections that groups and hosts repeat; their keys are listed once, at the top level."""


@dataclass(frozen=True)
class Row:
    """One key of an inventory. ``<name>`` in its path stands for a name the operator chooses."""

    path: tuple[str, ...]
    type: str
    default: str
    meaning: str
    example: str


def schema(host_keys: HostKeys) -> Json:
    """The JSON Schema of an inventory file."""
    return json_schema(inventory(host_keys), "skep inventory")


def keys(host_keys: HostKeys | None = None) -> list[Row]:
    """Every key of an inventory, parents first, in the schema's order. Daemon keys only where they have a meaning."""
    return list(_keys(inventory(host_keys or {}), ()))


def _keys(record: Record, path: tuple[str, ...]) -> Iterator[Row]:
    for name, key in record.fields.items():
        if not isinstance(key, Key):
            continue
        place = (*path, name)
        yield Row(place, _type(key.kind), _default(key), key.meaning, json.dumps(key.example))
        if path and name in SHARED:
            continue
        if isinstance(key.kind, Record):
            yield from _keys(key.kind, place)
        elif isinstance(key.kind, Table) and isinstance(key.kind.kind, Record):
            yield from _keys(key.kind.kind, (*place, "<name>"))
        elif isinstance(key.kind, ListOf) and isinstance(key.kind.kind, Record):
            yield from _keys(key.kind.kind, place)


def _default(key: Key) -> str:
    return key.shown or ("–" if key.default is None else f"`{json.dumps(key.default)}`")


def _type(kind: Kind) -> str:
    """A kind in words."""
    if isinstance(kind, ListOf):
        listed = "list of mappings" if isinstance(kind.kind, Table | Record) else "list of texts"
        return f"text or {listed}" if kind.single else listed
    if isinstance(kind, Choice):
        return " or ".join(f"`{word}`" for word in kind.options)
    if isinstance(kind, Whole):
        span = f"at least {kind.low}" if kind.high is None else f"{kind.low} to {kind.high}"
        return f"whole number, {span}"
    words = {
        Flag: "true or false",
        Duration: "duration",
        SecretText: "reference",
        Record: "mapping",
        Table: "mapping",
        Day: "date",
    }
    return words.get(type(kind), "text")


_INTRODUCTION = """\
# The inventory

<!-- Made from skep/inventory/schema.py by `python -m skep.inventory`. Do not edit. -->

One YAML file describes one environment. `inventory/example.yml` shows every key at work;
`docs/inventory.schema.json` lets an editor complete and check the file. `invoke inventory.check` reports every
problem at once, each with its line and key.

**Which value holds.** A host gets the keys of the file's top level, then those of its groups, then its own; the
later one holds. Its groups are those that name it under `hosts`, in the file's order, then those it names under
`groups`, in its order. `ssh`, `engine`, `daemon` and `labels` are merged key by key; a list replaces a list.

**Shared settings.** `extends: base.yml` puts this file over another one, or over several, the later over the earlier.
Mappings are merged key by key; a text, number or list replaces what is there; the word `null` takes a key away, such as
`w9: null` under `hosts`; a key with nothing behind it adds nothing. What is extended may extend further files, and
need not be an environment by itself. A relative path in it starts at the folder of the file that extends it. A file
of `inventory/` that another one there extends is never taken for an environment. Errors name the file and line a value
came from; `inventory.show` shows the whole, with where each value stands.

**References.** `${env:NAME}` in a value stands for an environment variable, `${env:NAME:-default}` for one that may
be unset or empty, `${file:path}` for a file's text without the line end (relative to the inventory's folder, `~` is
your home). `$${` is a literal `${`. Passwords are written as a plain `${env:NAME}` or `${file:path}`, never as
themselves. What a reference gives is never shown where it is a password, a stack's variable, or text in `daemon`
(daemon.json is then readable by root only); numbers, true and false are settings and are shown. In labels and in
the options of networks a reference is refused: Docker shows those to everybody who asks. Elsewhere, as in an
address, it is a setting as if written there. Inside braces or
brackets (`{user: "${env:USER}"}`) a reference must be quoted: YAML wants that.

**Durations.** `30s`, `5m`, `2160h`, `90d`, `1h30m`, or a number of seconds.

**Text.** Text is taken as written: `version: 20.10` is 20.10, a label `ssd: yes` is yes.

**Your own keys.** Keys that start with `x-`, at the top level and in a host, are free: for anchors, notes and
other tools. Anchors, aliases and merge keys (`<<`) work.
"""

_DAEMON = """
### Known keys of daemon.json

Any key of [daemon.json](https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file) may be given.
Those below are checked for their type; a key that is nearly one of them is an error; any other is passed on as it is.
Refused, because they cannot work in a swarm or not with the distribution's unit: `live-restore: true`, `hosts`,
`graph`, `cluster-store`, `cluster-store-opts`, `cluster-advertise`.
"""


def markdown(host_keys: HostKeys) -> str:
    """The page on every key."""
    parts = [_INTRODUCTION]
    sections: dict[str, list[Row]] = {"": []}
    for key in keys(host_keys):
        parent = ".".join(key.path[:-1])
        sections.setdefault(parent, []).append(key)
    for parent, found in sections.items():
        parts.append(f"\n## {f'`{parent}`' if parent else 'Top level'}\n\n{_table(found)}")
        if parent == "daemon":
            parts.append(_DAEMON)
            parts.append(_daemon_table())
    return "".join(parts)


def _table(found: list[Row]) -> str:
    rows = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key in found:
        cells = [f"`{'.'.join(key.path)}`", key.type, key.default, key.meaning, f"`{key.example}`"]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _daemon_table() -> str:
    kinds = (
        ("true or false", FLAGS),
        ("whole number", NUMBERS),
        ("text", TEXTS),
        ("list of texts", LISTS),
        ("mapping of texts", TEXT_MAPS),
        ("mapping", OBJECTS),
        ("list of mappings", OBJECT_LISTS),
    )
    rows = ["| type | keys |", "|---|---|"]
    for kind, names in kinds:
        listed = ", ".join(f"`{name}`" for name in names.split() if name != "hosts")
        rows.append(f"| {kind} | {listed} |")
    return "\n" + "\n".join(rows) + "\n"
