"""Whatever stands in the file: an inventory or ``InventoryError``, soon, and no secret in what is said."""

from __future__ import annotations

import json
import random
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skep.errors import InventoryError
from skep.inventory import load
from skep.inventory.key_reference import keys

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "inventory" / "example.yml").read_text()
EFFORT = 10.0
"""Most CPU time a file may take, in that of a right one of the same or a larger size."""

WORDS = sorted({part for key in keys() for part in key.path if part != "<name>"})
VALUES = [
    "manager", "worker", "drain", "10.0.0.11", "10.0.0.0/8", "fd00::1", "${env:WORD}", "${file:secrets/sudo}", "$${",
    "${", "m1", "m2", "90d", "compose.yml", "../x", "~", "~x/y", "a@b:22", "", "\x00", "\ud800", "é", "yes", "<<",
]  # fmt: skip
names = st.sampled_from([*WORDS, "m1", "m2", "web", "front", "x-any", "<<"]) | st.text(max_size=5)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.text(max_size=8)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)
examples = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@cache
def honest() -> float:
    """CPU seconds for a right file of 3000 hosts."""
    host = "{{address: 10.{}.{}.7, role: {}, labels: {{zone: north}}}}"
    roles = ["manager"] * 3 + ["worker"] * 2997
    hosts = "".join(f"  h{n}: {host.format(n // 250, n % 250, role)}\n" for n, role in enumerate(roles))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "honest.yml")
        path.write_text(f"hosts:\n{hosts}")
        start = time.process_time()
        load(path, environ={})
        return time.process_time() - start


def try_it(world: Path, environ: dict[str, str], content: bytes) -> None:
    path = world / "fuzz.yml"
    path.write_bytes(content)
    start = time.process_time()
    try:
        load(path, environ=environ)
    except InventoryError as error:
        assert error.problems
        shown = str(error)
        assert all(problem.startswith(str(path)) for problem in error.problems)
        assert "Traceback" not in shown
        assert "hunter2" not in shown
    assert (time.process_time() - start) / honest() < EFFORT


@examples
@given(st.text() | st.text("{}[]:-,&*!|>'\"%@`#? \n\tab<", max_size=60))
def test_any_text(world: Path, environ: dict[str, str], text: str) -> None:
    try_it(world, environ, text.encode("utf-8", "surrogatepass"))


@examples
@given(st.binary(max_size=60))
def test_any_bytes(world: Path, environ: dict[str, str], content: bytes) -> None:
    try_it(world, environ, content)


@examples
@given(st.dictionaries(st.sampled_from(["ssh", "hosts", "groups", "networks", "stacks", "swarm"]) | names, trees))
def test_any_tree(world: Path, environ: dict[str, str], tree: dict[str, Any]) -> None:
    try_it(world, environ, yaml.safe_dump(tree, allow_unicode=False).encode("utf-8", "surrogatepass"))
    try_it(world, environ, json.dumps(tree).encode())


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inside = list(data.items())
    elif isinstance(data, list):
        inside = list(enumerate(data))
    return [place for key, value in inside for place in [(*path, key), *paths(value, (*path, key))]]


COMPLETE = yaml.safe_load(EXAMPLE) | {
    "registries": {"r.example.com": {"username": "u", "password": "${file:secrets/sudo}"}},
    "ssh": {"sudo-password": "${file:secrets/sudo}", "gateway": ["m1"], "port": 22, "key": "~/k"},
}


@settings(examples, max_examples=150)
@given(st.sampled_from(paths(COMPLETE)), st.sampled_from(paths(COMPLETE)), trees, names, st.sampled_from("vkxs"))
def test_a_right_tree_with_something_wrong(
    world: Path, environ: dict[str, str], place: Any, other: Any, tree: Any, name: str, how: str
) -> None:
    data = json.loads(json.dumps(COMPLETE))
    holder, taken = data, data
    for part in place[:-1]:
        holder = holder[part]
    for part in other:
        taken = taken[part]
    if how == "v":
        holder[place[-1]] = tree
    elif how == "k" and isinstance(holder, dict):
        holder[name] = holder.pop(place[-1])
    elif how == "x":
        del holder[place[-1]]
    else:
        holder[place[-1]] = json.loads(json.dumps(taken))
    try_it(world, environ, json.dumps(data).encode())


@pytest.mark.parametrize("seed", range(60))
def test_the_example_with_characters_changed(seed: int, world: Path, environ: dict[str, str]) -> None:
    chance = random.Random(seed)
    text = list(EXAMPLE)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(max(1, len(text)))
        change = chance.choice("dircs")
        if change == "d":
            del text[at : at + chance.randint(1, 30)]
        elif change == "i":
            text.insert(at, chance.choice("{}[]:-,&*!|>'\"%@`#? \n\t\x00é"))
        elif change == "r":
            text[at : at + 1] = chance.choice("abcz09:. \n")
        elif change == "c":
            text[at:at] = text[at : at + chance.randint(1, 200)]
        else:
            text = text[:at]
    try_it(world, environ, "".join(text).encode())


@pytest.mark.parametrize(
    "text",
    [
        "hosts:\n" + "".join(f" h{n}: *a\n" for n in range(30_000)),
        "hosts: {" + ", ".join(f"h{n}: 1" for n in range(20_000)) + "}",
        "networks:\n" + "".join(f" n{n}: {{subnet: 10.0.0.0/24}}\n" for n in range(4_000)),
        "stacks:\n" + "".join(f" s{n}:\n" for n in range(8_000)),
        "groups: {g: {hosts: [" + ", ".join(f"h{n}" for n in range(15_000)) + "]}}",
        "ssh:\n" + "".join(f" k{n}: 1\n" for n in range(15_000)),
        "ssh: {user: '" + "${file:large2}" * 10_000 + "'}",
        "? " * 3_000,
        "- " * 3_000,
        "{" * 3_000,
        "&a " * 3_000,
        "'" * 30_001,
        "a: |\n" + " x\n" * 50_000,
        "#" * 200_000 + "\n\t",
    ],
    ids=lambda text: text[:12].replace("\n", " "),
)
def test_much_of_it(text: str, world: Path, environ: dict[str, str]) -> None:
    (world / "large2").write_text("x" * 60_000)
    path = world / "much.yml"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(InventoryError):
        load(path, environ=environ)
    assert (time.process_time() - start) / honest() < EFFORT
