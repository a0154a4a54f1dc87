"""The schema as an editor reads it, and as a page for people. Both are made from ``schema.py`` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skep.inventory.daemon_schema import FLAGS, LISTS, NUMBERS, OBJECT_LISTS, OBJECTS, TEXT_MAPS, TEXTS
from skep.inventory.schema import InventoryFile

SHARED = ("ssh", "engine", "daemon")
"""Sections that groups and hosts repeat; their keys are listed once, at the top level."""


@dataclass(frozen=True)
class Key:
    """One key of an inventory. ``<name>`` in its path stands for a name the operator chooses."""

    path: tuple[str, ...]
    type: str
    default: str
    meaning: str
    example: str


def schema() -> dict[str, Any]:
    """The JSON Schema of an inventory file."""
    made = _tidy(InventoryFile.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "skep inventory", **made}


def _tidy(value: object) -> Any:
    """Without generated titles and null defaults; our own words on a default go into the description."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    tidy = {
        key: {name: _tidy(item) for name, item in inner.items()} if key in ("properties", "$defs") else _tidy(inner)
        for key, inner in value.items()
        if key not in ("title", "x-default") and not (key == "default" and inner is None)
    }
    if "x-default" in value:
        tidy["description"] = f"{value['description']} Default: {value['x-default']}."
    return tidy


def keys() -> list[Key]:
    """Every key of an inventory, parents first, in the schema's order. Daemon keys only where they have a meaning."""
    made = InventoryFile.model_json_schema()
    return list(_keys(made, made, ()))


def _keys(at: dict[str, Any], root: dict[str, Any], path: tuple[str, ...]) -> Iterator[Key]:
    for name, prop in at.get("properties", {}).items():
        if "description" not in prop:
            continue
        place = (*path, name)
        yield Key(place, _type(prop, root), _default(prop), prop["description"], json.dumps(prop["examples"][0]))
        if path and name in SHARED:
            continue
        inside = prop.get("additionalProperties")
        if isinstance(inside, dict) and "$ref" in inside:
            yield from _keys(_resolved(inside, root), root, (*place, "<name>"))
        else:
            yield from _keys(_resolved(prop, root), root, place)


def _resolved(at: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    name = at.get("$ref", "").rpartition("/")[2]
    found: dict[str, object] = root["$defs"][name] if name else at
    return found


def _default(prop: dict[str, object]) -> str:
    if "x-default" in prop:
        return str(prop["x-default"])
    default = prop.get("default")
    return "–" if default is None else f"`{json.dumps(default)}`"


def _type(prop: dict[str, Any], root: dict[str, object]) -> str:
    if "anyOf" in prop:
        kinds = [_type(option, root) for option in prop["anyOf"] if option.get("description") != "a reference"]
        return "duration" if kinds == ["number", "text"] else " or ".join(kinds)
    if "enum" in prop:
        return " or ".join(f"`{word}`" for word in prop["enum"])
    kind = _resolved(prop, root).get("type", "any")
    if kind == "integer":
        low, high = prop.get("minimum"), prop.get("maximum")
        return f"whole number, {low} to {high}" if high is not None else f"whole number, at least {low}"
    if kind == "string" and prop.get("pattern", "").startswith("^\\$"):
        return "reference"
    if kind == "array":
        items = _type(prop.get("items", {}), root)
        return "list of mappings" if items == "mapping" else "list of texts"
    if isinstance(kind, list):
        return "text"
    return {"string": "text", "boolean": "true or false", "object": "mapping"}.get(kind, str(kind))


_INTRODUCTION = """\
# The inventory

<!-- Made from skep/inventory/schema.py by `python -m skep.inventory`. Do not edit. -->

One YAML file describes one environment. `inventory/example.yml` shows every key at work;
`docs/inventory.schema.json` lets an editor complete and check the file. `invoke inventory.check` reports every
problem at once, each with its line and key.

**Which value holds.** A host gets the keys of the file's top level, then those of its groups, then its own; the
later one holds. Its groups are those that name it under `hosts`, in the file's order, then those it names under
`groups`, in its order. `ssh`, `engine`, `daemon` and `labels` are merged key by key; a list replaces a list.

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


def markdown() -> str:
    """The page on every key."""
    parts = [_INTRODUCTION]
    sections: dict[str, list[Key]] = {"": []}
    for key in keys():
        parent = ".".join(key.path[:-1])
        sections.setdefault(parent, []).append(key)
    for parent, found in sections.items():
        parts.append(f"\n## {f'`{parent}`' if parent else 'Top level'}\n\n{_table(found)}")
        if parent == "daemon":
            parts.append(_DAEMON)
            parts.append(_daemon_table())
    return "".join(parts)


def _table(found: list[Key]) -> str:
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
