"""Stacks that Docker's CLI deployed are taken over as they are: recorded from two engines, the oracle's corpus whole.

``recorded/stacks-VERSION.json.gz`` holds what ``/services``, ``/networks``, ``/configs`` and ``/secrets`` held after
``docker stack deploy`` of every folder of ``tests/oracle/corpus`` (times and virtual addresses left out).
"""

from __future__ import annotations

import ast
import base64
import copy
import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from roles.stacks.role import role
from roles.stacks.state import State, SwarmObjects
from skep.compose import convert, load
from skep.model import Host, Stack
from skep.plan import Finding, Step, Wait
from skep.request import RequestedCluster, RequestedStack
from tests.seen import seen

TESTS = Path(__file__).parent.parent
CORPUS = TESTS / "oracle" / "corpus"
ENGINES = ("26.1", "28.5")
FOLDER = "/srv/corpus"
"""Where the corpus lay when it was deployed: relative paths of binds became absolute from there."""


def constant(name: str) -> Any:
    """A constant of the oracle's, whose modules are no package."""
    for node in ast.parse((TESTS / "oracle" / "cases.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise LookupError(name)


VARIABLES = constant("VARIABLES")


def fits(case: str, engine: str) -> bool:
    first = (CORPUS / case / "compose.yml").read_text().partition("\n")[0]
    return not first.startswith("# engines:") or engine in first


PAIRS = [
    (engine, folder.name) for folder in sorted(CORPUS.iterdir()) for engine in ENGINES if fits(folder.name, engine)
]


def a_stack(case: str) -> Stack:
    folder = CORPUS / case
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    compose = tuple(name for name in ("compose.yml", "compose.override.yml") if name in files)
    return RequestedStack(f"s{case}", compose, files, VARIABLES)


@cache
def recorded(engine: str) -> SwarmObjects:
    text = gzip.decompress((TESTS / "roles" / "recorded" / f"stacks-{engine}.json.gz").read_bytes()).decode()
    found = json.loads(text.replace(f"{FOLDER}/15-binds", "").replace(FOLDER, ""))
    return SwarmObjects(**{kind: tuple(objects) for kind, objects in found.items()})


def mounted(stack: Stack, objects: SwarmObjects) -> dict[str, str]:
    """Checksums of the stack's secrets, as the hosts of its tasks would tell them."""
    specs = convert(load(stack.files, stack.compose, variables=stack.variables), stack.name)
    ids = {one["Spec"]["Name"]: one["ID"] for one in objects.secrets}
    return {
        ids[name]: hashlib.sha256(base64.b64decode(body["Data"])).hexdigest()
        for name, body in specs.secrets.items()
        if "Data" in body and name in ids
    }


def planned(stack: Stack, objects: SwarmObjects, marks: Mapping[str, str]) -> list[Step | Finding]:
    cluster = RequestedCluster("adopted", (Host("m1", "10.0.0.1", "manager"),), stacks=(stack,))
    return [
        item
        for item in role.plan(cluster, seen({"m1": State(marks, objects)}))
        if isinstance(item, Step) or item.level == "error"
    ]


@pytest.mark.parametrize(("engine", "case"), PAIRS, ids=[f"{engine} {case}" for engine, case in PAIRS])
def test_taking_over_changes_nothing(engine: str, case: str) -> None:
    stack, objects = a_stack(case), recorded(engine)
    assert objects.of(stack.name).services
    items = planned(stack, objects, mounted(stack, objects))
    assert [line for item in items for line in (str(getattr(item, "id", item)), *getattr(item, "detail", ()))] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_other_hands_changed_is_reported_field_by_field(engine: str) -> None:
    for case in (case for version, case in PAIRS if version == engine):
        stack, objects = a_stack(case), copy.deepcopy(recorded(engine))
        name, raw = sorted(objects.of(stack.name).services.items())[0]
        raw["Spec"]["TaskTemplate"]["ContainerSpec"].setdefault("Env", []).append("BY=hand")
        raw["Spec"]["TaskTemplate"]["ForceUpdate"] += 1
        steps = [item for item in planned(stack, objects, mounted(stack, objects)) if isinstance(item, Step)]
        shown_lines = {step.id: step.detail for step in steps if step.detail and not isinstance(step, Wait)}
        assert shown_lines == {f"stacks/update:{stack.name}/{name}": ("Env.BY: hand → unset",)}
        assert [step.id.partition(":")[0] for step in steps] == [
            "stacks/begin",
            "stacks/update",
            "stacks/running",
            "stacks/done",
        ]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_secret_that_cannot_be_compared_forces_nothing(engine: str) -> None:
    """Without a task that has it mounted, nobody knows what a secret of the CLI's holds: it stays, and that is said."""
    stack, objects = a_stack("02-web-and-database"), recorded(engine)
    cluster = RequestedCluster("adopted", (Host("m1", "10.0.0.1", "manager"),), stacks=(stack,))
    items = role.plan(cluster, seen({"m1": State({}, objects)}))
    assert [item for item in items if isinstance(item, Step)] == []
    (finding,) = [item for item in items if isinstance(item, Finding) and "secret" in item.text]
    assert "was not compared with its file, and stays as it is: no running task of s02" in finding.text
    assert not finding.standing, "it is said even where nothing else is to do"
