"""Whatever stands in the files: a document that converts, or ``ComposeError``, soon, and no secret in what is said."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skep.compose import ComposeError, convert, load, render
from skep.compose.keys import every as tables
from skep.compose.lints import lints
from skep.model import Secret
from skep.reading.mapping_kinds import ListOf, Record, Table
from skep.reading.value_kinds import Kind

CORPUS = Path(__file__).parents[2] / "oracle" / "corpus"
EXAMPLES = {folder.name: (folder / "compose.yml").read_text() for folder in sorted(CORPUS.iterdir())}
FILES = {"x.txt": b"x", "x.env": b"A=b\nC\n"}
NODES = [{"ID": "n1", "Spec": {"Role": "manager", "Availability": "active"}, "Status": {"Addr": "10.0.0.1"}}]
VARIABLES: dict[str, str | Secret] = {"A": "a", "N": "5", "PW": Secret("hunter2")}


def words_of(kind: Kind) -> set[str]:
    """All keys below a kind."""
    if isinstance(kind, Record):
        return set(kind.fields) | {word for inner in kind.fields.values() for word in words_of(inner)}
    return words_of(kind.kind) if isinstance(kind, Table | ListOf) else set()


WORDS = sorted({"soft", "hard", "source", "target", "type", "options"} | words_of(tables.compose("/", None)))
VALUES = [
    "volume", "bind", "tmpfs", "a:/b", "/a:/b:ro", "80:80", "8000-8010:80", "${PW}", "${N}", "$A", "${", "$$", "web",
    "x.txt", "x.env", "~/x", "30s", "5", "64M", "replicated", "global", "host", "10.0.0.0/8", "a=b", "a:1.2.3.4", "CMD",
    "", "\x00", "é", "yes", "<<", "3.8", "on-failure:3", "default", "no", "\\\\.\\pipe\\x",
]  # fmt: skip
names = st.sampled_from([*WORDS, "web", "front", "data", "x-any", "<<"]) | st.text(max_size=4)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text(max_size=6)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5), max_leaves=25
)
examples = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def try_it(*contents: bytes) -> None:
    files = {f"{place}.yml": content for place, content in enumerate(contents)}
    try:
        document = load({**FILES, **files}, list(files), variables=VARIABLES)
        specs = convert(document, "stack")
    except ComposeError as error:
        assert error.problems
        assert "hunter2" not in str(error)
        return
    assert "hunter2" not in repr(document.warnings)
    json.dumps(specs.as_json(), allow_nan=False)
    assert "hunter2" not in repr(lints(document, specs, nodes=NODES, services=()))
    shown = render(document)
    assert "hunter2" not in shown
    yaml.safe_load(shown)


@examples
@given(st.text() | st.text("{}[]:-,&*!|>'\"%@`#? \n\tab<$", max_size=60))
def test_any_text(text: str) -> None:
    try_it(text.encode("utf-8", "surrogatepass"))


@examples
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes(content: bytes, other: bytes) -> None:
    try_it(content, b"services: {web: {image: a}}\n", other)


@examples
@given(st.dictionaries(st.sampled_from(["services", "networks", "volumes", "configs", "secrets", "version"]), trees))
def test_any_tree(tree: dict[str, Any]) -> None:
    try_it(json.dumps(tree).encode())


services = st.dictionaries(st.sampled_from(sorted(tables.service("/", None).fields)), trees, max_size=6)


@examples
@given(services, services)
def test_any_service_over_another(first: dict[str, Any], second: dict[str, Any]) -> None:
    other = {"networks": {"front": None}, "volumes": {"data": None}, "configs": {"web": {"file": "x.txt"}}}
    try_it(
        json.dumps({"services": {"web": {"image": "a", **first}}, **other}).encode(),
        json.dumps({"services": {"web": second}}).encode(),
    )


OURS = ["x-skep", "waves", "prune", "on-failure", "keep", "hook", "command", "comand", "file", "external", "driver"]
ours = st.recursive(
    leaves | st.just("before") | st.lists(st.sampled_from(VALUES), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from(OURS), inner, max_size=3),
    max_leaves=4,
)


@examples
@given(ours, ours, ours, ours)
def test_anything_under_x_skep(stack: Any, service: Any, config: Any, secret: Any) -> None:
    tree = {
        "x-skep": stack,
        "services": {"web": {"image": "a", "x-skep": service}, "db": {"image": "a"}},
        "configs": {"c": {"x-skep": config}},
        "secrets": {"s": {"x-skep": {"command": secret}}, "t": secret},
    }
    try_it(json.dumps(tree).encode())


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inside = list(data.items())
    elif isinstance(data, list):
        inside = list(enumerate(data))
    return [place for key, value in inside for place in [(*path, key), *places(value, (*path, key))]]


@settings(examples, max_examples=400)
@given(st.data())
def test_a_right_file_with_something_wrong(data: st.DataObject) -> None:
    text = EXAMPLES[data.draw(st.sampled_from(sorted(EXAMPLES)))]
    tree = json.loads(json.dumps(yaml.safe_load(text), default=str))
    place = data.draw(st.sampled_from(places(tree)))
    holder = tree
    for part in place[:-1]:
        holder = holder[part]
    how = data.draw(st.sampled_from("vkxd"))
    if how == "v":
        holder[place[-1]] = data.draw(trees)
    elif how == "k" and isinstance(holder, dict):
        holder[data.draw(names)] = holder.pop(place[-1])
    elif how == "x":
        del holder[place[-1]]
    try_it(json.dumps(tree).encode(), text.encode())
    try_it(text.encode(), json.dumps(tree).encode())


@pytest.mark.parametrize("seed", range(80))
def test_an_example_with_characters_changed(seed: int) -> None:
    chance = random.Random(seed)
    text = list(chance.choice(list(EXAMPLES.values())))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(max(1, len(text)))
        change = chance.choice("dirc")
        if change == "d":
            del text[at : at + chance.randint(1, 20)]
        elif change == "i":
            text.insert(at, chance.choice("{}[]:-,&*!|>'\"%@`#? \n\t\x00é$"))
        elif change == "r":
            text[at : at + 1] = chance.choice("abcz09:. \n$")
        else:
            text[at:at] = text[at : at + chance.randint(1, 100)]
    try_it("".join(text).encode())
