"""The inventories, the page and the schema that come with the repository."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from skep.inventory import json_schema, load, reference_markdown
from skep.inventory.__main__ import schema_text
from skep.inventory.key_reference import keys

SCHEMA_LINE = "# yaml-language-server: $schema=../docs/inventory.schema.json\n"
REFUSED = ("daemon", "hosts")


def everything_on(text: str) -> str:
    """The example with every setting switched on that stands behind a '#' without a space."""
    return re.sub(r"^( *)#(?=[^ #\n])", r"\1", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def example(repository: Path) -> str:
    return (repository / "inventory" / "example.yml").read_text()


def present(data: Any, path: tuple[str, ...]) -> bool:
    """Whether a key is anywhere in the data; ``<name>`` is any key."""
    if not path:
        return True
    if isinstance(data, list):
        return any(present(item, path) for item in data)
    if not isinstance(data, dict):
        return False
    inside = data.values() if path[0] == "<name>" else [data[path[0]]] if path[0] in data else []
    return any(present(value, path[1:]) for value in inside)


def test_the_example_is_valid(repository: Path) -> None:
    inventory = load(repository / "inventory" / "example.yml", environ={})
    assert inventory.warnings == ()
    assert len(inventory.cluster.managers) == 3


def test_the_example_with_everything_on_is_valid(example: str, world: Path) -> None:
    path = world / "everything.yml"
    (world / "base.yml").write_text("x-shared: true\n")
    text = everything_on(example)
    for file in ("engines/docker-28.5.2.tgz", "images/shop-1.2.tar.gz"):  # in the order of the example
        text = text.replace("0" * 64, hashlib.sha256((world / file).read_bytes()).hexdigest(), 1)
    path.write_text(text)
    names = ("SSH_PASSWORD", "WEB_TOKEN", "REGISTRY_PASSWORD", "PROXY_PASSWORD", "HOOK_SECRET")
    urls = {"PING_URL": "https://example.com/ping", "APPRISE_URL": "mailto://me:s3cret@example.com"}
    inventory = load(path, environ={"HOME": str(world / "home")} | dict.fromkeys(names, "s3cret") | urls)
    assert inventory.warnings == ()
    assert inventory.extensions and inventory.host_extensions


def test_the_example_shows_every_key(example: str) -> None:
    data = yaml.safe_load(everything_on(example))
    places = (data, *data["hosts"].values())
    shown = [key.path for key in keys() if any(present(place, key.path) for place in places)]
    missing = [".".join(key.path) for key in keys() if key.path != REFUSED and key.path not in shown]
    assert missing == []


@pytest.mark.parametrize("name", ["example", "lab"])
def test_files_match_the_schema_and_name_it(name: str, repository: Path) -> None:
    text = (repository / "inventory" / f"{name}.yml").read_text()
    assert text.startswith(SCHEMA_LINE)
    jsonschema.Draft202012Validator(json_schema()).validate(yaml.safe_load(text))


def test_the_example_with_everything_on_matches_the_schema(example: str) -> None:
    data = json.loads(json.dumps(yaml.safe_load(everything_on(example)), default=str))  # a date is text to editors
    jsonschema.Draft202012Validator(json_schema()).validate(data)


@pytest.mark.parametrize(
    "data",
    [
        {"hosts": {}, "network": {}},
        {"hosts": {}, "ssh": {"password": "hunter2"}},
        {"hosts": {"m1": {"address": "10.0.0.11", "role": "manger"}}},
        {"hosts": {}, "daemon": {"debug": "loud"}},
        {"hosts": {}, "swarm": {"data-path-port": 80}},
        {"hosts": {}, "registries": {"r": {"username": "u"}}},
    ],
)
def test_the_schema_refuses(data: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema()).validate(data)


@pytest.mark.parametrize("data", [{}, {"extends": "base.yml", "hosts": {"m1": {"labels": {"zone": "a"}}}}])
def test_the_schema_takes_parts_of_what_is_merged(data: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(data)


def test_the_schema_is_a_schema_and_explains_every_key() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, section in schema["$defs"].items():
        if name != "Daemon":
            assert all("description" in key for key in section["properties"].values()), name


def test_the_lab(repository: Path) -> None:
    inventory = load(repository / "inventory" / "lab.yml", environ={"HOME": "/home/operator"})
    assert inventory.warnings == ()
    assert [(host.name, host.address, host.role) for host in inventory.cluster.hosts] == [
        ("m1", "10.83.0.11", "manager"),
        ("m2", "10.83.0.12", "manager"),
        ("m3", "10.83.0.13", "manager"),
        ("w1", "10.83.0.21", "worker"),
        ("w2", "10.83.0.22", "worker"),
    ]
    access = inventory.access["w2"]
    assert access.key == Path("/home/operator/.cache/skep/lab/id_ed25519")
    assert access.known_hosts == Path("/home/operator/.cache/skep/lab/known_hosts-lab")
    assert inventory.extensions["x-lab"] == {"name": "lab", "subnet": "10.83.0.0/24", "suite": "bookworm"}
    (stack,) = inventory.cluster.stacks
    assert b"services:" in stack.files["compose.yml"] and b"skep" in stack.files["index.html"]
    elsewhere = load(repository / "inventory" / "lab.yml", environ={"XDG_CACHE_HOME": "/var/cache/me"})
    assert elsewhere.access["m1"].key == Path("/var/cache/me/skep/lab/id_ed25519")


def test_the_page_and_the_schema_file_are_current(repository: Path) -> None:
    hint = "run: python -m skep.inventory"
    assert (repository / "docs" / "inventory.md").read_text() == reference_markdown(), hint
    assert (repository / "docs" / "inventory.schema.json").read_text() == schema_text(), hint


def test_the_page_names_every_key() -> None:
    page = reference_markdown()
    assert [key.path for key in keys() if f"`{'.'.join(key.path)}`" not in page] == []
