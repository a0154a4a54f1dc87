"""The language of keys: everything wrong is said at once, with its place, and the JSON Schema says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jsonschema
import pytest
import yaml

from skep.reading import mapping_kinds
from skep.reading.documented import Key, json_schema
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.mapping_kinds import ANY_NAME, MAPPING, ListOf, Record, Table
from skep.reading.scalars import Scalar, setting
from skep.reading.settings import Flag, Text
from skep.reading.source import Form
from skep.reading.tree import Entry, Leaf, Reading
from skep.reading.value_kinds import At
from skep.reading.values import Fields
from skep.reading.wording import suggested

PUMP = Record(
    {"name": Text(), "on": Flag(), "tags": ListOf(Text(), "texts", empty=True, all_or_none=True)},
    required=("name",),
    name="Pump",
)
PLANT = Record(
    {
        "title": Key(Text(), "What it is called.", "west", shown="the file's name"),
        "pumps": Key(Table(PUMP, name=ANY_NAME), "Its pumps.", {"p1": {"name": "one"}}),
        "spare": PUMP,
        "notes": ListOf(Text(), "texts", single=True),
    },
    extensions=True,
)


@dataclass(frozen=True)
class Plain:
    """Scalars as they are."""

    form: ClassVar[Form] = Form(empty="write pumps", key="pumps:", single="a plant is one document")

    def key(self, scalar: Scalar, place: Place, path: KeyPath) -> str | None:
        return None

    def leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        return Leaf(str(scalar), setting(scalar) if scalar.unquoted else str(scalar))


def read(text: str, **how: bool) -> tuple[Fields | None, list[str]]:
    findings = Findings(("plant.yml",), **how)
    pairs = Reading(findings, Plain()).file("plant.yml", text.encode())
    if pairs is None:
        return None, findings.errors
    found = PLANT.read(Entry(Place("plant.yml", 1), pairs), At(findings))
    assert isinstance(found, Fields)
    return found, findings.errors


def test_a_right_file() -> None:
    found, errors = read(
        "title: west\npumps:\n  p1: &a {name: one, on: yes, tags:}\n  p2:\n    <<: *a\n    name: two\n"
    )
    assert errors == []
    assert found == {
        "title": "west",
        "pumps": {"p1": {"name": "one", "on": True, "tags": []}, "p2": {"on": True, "tags": [], "name": "two"}},
    }
    assert str(found["pumps"].where("p2")) == "plant.yml:4"


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = "title: [a]\npumps:\n  p1:\n    nmae: one\n  p2: {name: a, on: perhaps}\n  p3: {tags: [a, [b]]}\nspare:\n"
    found, errors = read(text)
    assert [error.split(": ")[:2] for error in errors] == [
        ["plant.yml:1", "title"],
        ["plant.yml:4", "pumps.p1.nmae"],
        ["plant.yml:5", "pumps.p2.on"],
        ["plant.yml:6", "pumps.p3.tags[1]"],
        ["plant.yml:6", "pumps.p3.name"],
        ["plant.yml:7", "spare"],
    ]
    assert errors[1].endswith(suggested("name"))
    assert errors[5].endswith(MAPPING)
    assert found == {"pumps": {"p1": {}, "p2": {"name": "a"}, "p3": {}}}


def test_a_key_beside_the_one_it_resembles_hides_nothing_of_that() -> None:
    _, errors = read("pump: x\npumps: {p1: {on: perhaps, name: a}}\n", once=True)
    assert errors[0].startswith("plant.yml:1: pump: ") and errors[0].endswith(suggested("pumps"))
    assert errors[1].startswith("plant.yml:2: pumps.p1.on: ") and len(errors) == 2


@pytest.mark.parametrize(("discreet", "shown"), [(False, "'hunter2'"), (True, "a single value")])
def test_what_stands_for_a_mapping_may_be_a_password(discreet: bool, shown: str) -> None:
    assert read("spare: hunter2\n", discreet=discreet)[1] == [f"plant.yml:1: spare: {MAPPING}, not {shown}"]


def test_how_it_is_worded_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping_kinds, "MAPPING", "cannot be used")
    assert read("spare: hunter2\n", discreet=True)[1] == ["plant.yml:1: spare: cannot be used, not a single value"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: the file is empty: write pumps"),
        ("- a\n", "1: the file must be a mapping of keys such as 'pumps:', not a list"),
        ("title: a\n---\ntitle: b\n", "2: a second document ('---'): a plant is one document"),
        ("pumps:\n  p1: !!binary x\n", "2: pumps.p1: the YAML tag 'tag:yaml.org,2002:binary' is not allowed"),
        ("title: a\ntitle: b\n", "2: title: the same key twice, first in line 1"),
        ("pumps: {<<: a}\n", "1: pumps: '<<' takes an alias to a mapping, or a list of them"),
    ],
)
def test_files_that_are_none(text: str, problem: str) -> None:
    assert read(text)[1] == [f"plant.yml:{problem}"]


def test_the_json_schema_says_the_same() -> None:
    schema = json_schema(PLANT, "plant")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "required" not in schema and schema["$defs"]["Pump"]["required"] == ["name"]
    assert list(schema["properties"]) == ["title", "pumps", "spare", "notes"]
    assert schema["properties"]["title"]["description"] == "What it is called. Default: the file's name."
    assert schema["properties"]["pumps"]["additionalProperties"] == {"$ref": "#/$defs/Pump"}
    validator = jsonschema.Draft202012Validator(schema)
    for text in (
        "pumps: {p1: {name: a}}\nx-own: 1\n",
        "pumps: {p1: {nmae: a}}\n",
        "pumps: {}\nspare: {}\n",
        "pumps: 1\n",
    ):
        assert validator.is_valid(yaml.safe_load(text)) == (read(text)[1] == []), text


@pytest.mark.parametrize("end", ["---\n", "---\n# nothing more\n...\n", "---\n---\n"])
def test_a_document_of_nothing_behind_the_first_is_none(end: str) -> None:
    assert read(f"title: a\n{end}") == read("title: a\n")


@pytest.mark.parametrize("width", ["utf-16-le", "utf-16-be"])
def test_text_of_16_bits_is_text_where_it_is_marked(width: str) -> None:
    findings = Findings(("plant.yml",))
    pairs = Reading(findings, Plain()).file("plant.yml", "\ufefftitle: Öl\n".encode(width))
    assert pairs is not None and pairs["title"][1].content == Leaf("Öl", "Öl")
    assert not findings.errors
