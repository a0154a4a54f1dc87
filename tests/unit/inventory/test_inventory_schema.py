"""Every key's example is what the key takes, and what the JSON Schema takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from skep.inventory.dialect import Dialect
from skep.inventory.schema import INVENTORY
from skep.inventory.value_references import Surroundings
from skep.reading.documented import Key, json_schema
from skep.reading.findings import Findings
from skep.reading.mapping_kinds import Record, Table
from skep.reading.tree import Reading
from skep.reading.value_kinds import At


def described(record: Record, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Key]]:
    for name, key in record.fields.items():
        if isinstance(key, Key):
            yield ".".join((*path, name)), key
            inside = key.kind.kind if isinstance(key.kind, Table) else key.kind
            if isinstance(inside, Record) and len(path) < 2:
                yield from described(inside, (*path, name))


KEYS = dict(described(INVENTORY))


@pytest.mark.parametrize("name", KEYS)
def test_an_example_is_taken(name: str, world: Path, environ: dict[str, str]) -> None:
    key = KEYS[name]
    findings = Findings(("example",), once=True, discreet=True)
    text = yaml.safe_dump({"example": key.example})
    pairs = Reading(findings, Dialect(findings, Surroundings(environ, world))).file("example", text.encode())
    assert pairs is not None
    key.read(pairs["example"][1], At(findings, ("example",)))
    assert findings.errors == []
    schema = json_schema(INVENTORY, "inventory")
    validator = jsonschema.Draft202012Validator({"$defs": schema["$defs"], **key.json()})
    validator.validate(key.example)


def test_a_wrong_example_would_be_noticed(world: Path, environ: dict[str, str]) -> None:
    findings = Findings(("example",))
    pairs = Reading(findings, Dialect(findings, Surroundings(environ, world))).file("example", b"example: [1]")
    assert pairs is not None
    KEYS["ssh.port"].read(pairs["example"][1], At(findings, ("ssh", "port")))
    assert findings.errors == ["example:1: ssh.port: must be a whole number from 1 to 65535, not a list"]
