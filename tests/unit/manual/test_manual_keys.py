"""What the manual says of each key is true: it is there, and its example is taken."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from skep.compose import ComposeError, load
from skep.inventory import json_schema
from skep.manual import ANY, Entry, entries
from skep.manual import compose as of_compose
from skep.manual import inventory as of_inventory
from skep.manual.entry import read

INVENTORY = [one for one in entries() if one.kind == "inventory"]
COMPOSE = [one for one in entries() if one.kind == "compose" and one.usable]
SCHEMA = jsonschema.Draft202012Validator(json_schema())
WITH_EXAMPLE = [one for one in INVENTORY if one.example]


def named(entry: Entry) -> str:
    return entry.key


def test_every_key_of_a_compose_file_that_is_taken_has_a_meaning_and_no_other_has() -> None:
    taken = {".".join(path) for path, refusal in of_compose.structure() if refusal is None}
    tables = {f"{table}.{ANY}" for table in ("services", "networks")}
    assert len(taken) > 120 and tables <= taken
    assert taken == set(read(of_compose.FILE))


def test_what_is_not_taken_says_what_to_do_instead() -> None:
    said = {one.key: one.meaning for one in entries() if not one.usable}
    assert said["services.<name>.cpus"].endswith("use deploy.resources.")
    assert said["services.<name>.links"].startswith("Ignored by Swarm, with a warning: use networks")
    assert said["services.<name>.oom_score_adj"].startswith("Ignored by Docker's CLI")


@pytest.mark.parametrize("entry", WITH_EXAMPLE, ids=named)
def test_an_example_of_the_inventory_is_valid(entry: Entry) -> None:
    problems = SCHEMA.iter_errors(yaml.safe_load(entry.example))
    assert [one.message for one in problems if one.validator != "required"] == []


def test_every_key_of_the_inventory_has_a_meaning_and_an_example() -> None:
    assert len(INVENTORY) > 130
    assert [one.key for one in INVENTORY if not one.example or one.meaning == of_inventory.ELSEWHERE] == []
    assert set(read(of_inventory.FILE)) < {one.path[1] for one in INVENTORY if one.path[0] == "daemon" and one.path[1:]}


OBJECTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("networks", "back", {}),
    ("volumes", "data", {}),
    ("configs", "page", {"file": "index.html"}),
    ("secrets", "password", {"file": "password.txt"}),
)
FILES = dict.fromkeys(("app.env", "index.html", "password.txt", "app.json"), b"A=1\n")


LACKING = ("is missing", "needs one of", "has no output: it was not run", "there is no config 'gmsa'")
"""What an example may lack of the file it belongs into."""


@pytest.mark.parametrize("entry", COMPOSE, ids=named)
def test_an_example_of_a_compose_file_is_taken(entry: Entry) -> None:
    files = {"compose.yml": yaml.safe_dump(completed(yaml.safe_load(entry.example))).encode(), **FILES}
    try:
        load(files, ["compose.yml"], variables={"PASSWORD": "x", "PAGE": "x"})
    except ComposeError as error:
        assert [one for one in error.problems if not any(lacking in one for lacking in LACKING)] == []


def test_an_example_that_is_wrong_would_be_seen() -> None:
    with pytest.raises(ComposeError, match="must be a whole number"):
        load({"compose.yml": b"services: {web: {image: a, deploy: {replicas: many}}}"}, ["compose.yml"], variables={})


def completed(given: dict[str, Any]) -> dict[str, Any]:
    """The example with what else a file needs: an image, and the objects that services name."""
    whole: dict[str, Any] = {"services": {}, **given}
    for service in whole["services"].values():
        service.setdefault("image", "nginx:1.27")
        if service.get("x-skep"):
            service["deploy"] = {"mode": "replicated-job"}
    whole["services"].setdefault("db", {"image": "postgres:16"})
    for objects, name, what in OBJECTS:
        whole.setdefault(objects, {name: what})
    return whole
