"""Compose files are put together once a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skep.compose import ComposeError, document_of
from skep.inventory.stack_files import StackFiles
from skep.model import Cluster, Stack
from skep.refusals import SwarmFacts
from skep.request import Request, Rollout

APP = "services: {web: {image: 'a:${TAG:-1}'}}\n"


def a_stack(folder: Path, text: str = APP) -> Stack:
    (folder / "app.yml").write_text(text)
    return Stack("shop", ("app.yml",), StackFiles(folder))


def test_a_request_does_not_make_the_document_anew(tmp_path: Path) -> None:
    stack = a_stack(tmp_path)
    request = Request("up", rollout=Rollout(prune=True), timeout=5.0)
    (asked,) = request.of(Cluster("prod", (), stacks=(stack,))).stacks
    assert document_of(stack) is document_of(asked)


def test_what_the_document_depends_on_makes_another(tmp_path: Path) -> None:
    stack = a_stack(tmp_path)
    first = document_of(stack)
    others = [
        document_of(replace(stack, variables={"TAG": "2"})),
        document_of(replace(stack, name="store")),
        document_of(replace(stack, directory="/elsewhere")),
        document_of(stack, SwarmFacts(newest=(26, 1))),
    ]
    assert all(other is not first for other in others)
    assert others[0].section("services")["web"]["image"] == "a:2"


def test_another_run_reads_the_files_again(tmp_path: Path) -> None:
    assert document_of(a_stack(tmp_path)).section("services")["web"]["image"] == "a:1"
    assert document_of(a_stack(tmp_path, APP.replace("a:", "b:"))).section("services")["web"]["image"] == "b:1"


def test_files_that_may_change_are_looked_at_each_time() -> None:
    files = {"app.yml": APP.encode()}
    stack = Stack("shop", ("app.yml",), files)
    document_of(stack)
    files["app.yml"] = b"services: []"
    with pytest.raises(ComposeError):
        document_of(stack)
