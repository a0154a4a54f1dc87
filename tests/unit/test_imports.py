"""What a start may cost: listing, help and completion load no heavy library, a look no more than it needs."""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from skep.ssh.connection import UNREACHED
from tests.cost import beside
from tests.loaded import ALWAYS, ROOT, loaded

HEAVY = (
    *ALWAYS,
    "fabric",
    "paramiko",
    "cryptography",
    "skep.converge",
    "skep.compose",
    "skep.model",
    "skep.manual",
    "skep.inventory.schema",
    "shutil",
)


@pytest.mark.parametrize(
    "words",
    [
        ["--list"],
        ["--help", "cluster.up"],
        ["--complete", "--", "inv cluster."],
        ["--complete", "--", "inv cluster.up -i lab --limit "],
        ["--complete", "--", "inv stack.scale -i lab web web="],
        ["--complete", "--", "inv docs engine."],
        ["--print-completion-script", "bash"],
        ["cluster.up", "--nope"],
        ["cluster.pu", "--json"],
    ],
    ids=[
        "list",
        "help",
        "complete",
        "complete-hosts",
        "complete-services",
        "complete-keys",
        "completion-script",
        "option",
        "no-task",
    ],
)
def test_no_heavy_imports(words: list[str]) -> None:
    out, modules = loaded(words, {**os.environ, "XDG_CACHE_HOME": "/dev/null"})
    assert modules.isdisjoint(HEAVY), modules & {*HEAVY}
    assert len(out.splitlines()) > 1 or out == "web=\n" or "there is no task" in out


@pytest.mark.parametrize(
    "line", ["inv ", "inv cluster.up -i lab --limit ", "inv stack.scale -i lab web web=", "inv docs engine."]
)
def test_an_answer_that_is_known_loads_next_to_nothing(line: str, tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    first, _ = loaded(["--complete", "--", line], environ)
    again, modules = loaded(["--complete", "--", line], environ)
    assert again == first
    assert modules.isdisjoint({*HEAVY, "invoke", "yaml", "pathlib", "typing", "dataclasses", "shlex"})


@pytest.mark.parametrize("words", [["inventory.check", "-i", "lab"], ["stack.render", "web", "-i", "lab"]])
def test_what_asks_no_host_loads_no_ssh(words: list[str]) -> None:
    out, modules = loaded(words)
    assert "1 network" in out or "services:" in out
    assert modules.isdisjoint({*ALWAYS, "fabric", "paramiko"})


BARE = """
from invoke import task

@task
def one(context):
    '''One.'''
"""


@pytest.mark.parametrize(("program", "bound"), [("invoke", 1.15), ("skep", 0.85)])
def test_a_list_of_all_tasks_costs_no_more_than_invoke_s_of_one(tmp_path: Path, program: str, bound: float) -> None:
    """Each further task is some microseconds: what it does is imported when it runs."""
    bare, ours = tmp_path / "bare", tmp_path / "ours"
    for folder, text in ((bare, BARE), (ours, "from skep.tasks import namespace\n")):
        folder.mkdir()
        (folder / "tasks.py").write_text(text)
    floor = ("-m", "invoke", "--search-root", str(bare), "--list")
    words = ("-m", program, *(("--search-root", str(ours)) if program == "invoke" else ()), "--list")
    assert beside(words, floor, cwd=tmp_path, bound=bound) < bound


METADATA = ("importlib.metadata", "csv", "zipfile")
"""What Paramiko would load for its version alone."""


@pytest.mark.parametrize("task", ["cluster.up", "cluster.plan"])
def test_a_look_loads_no_more_than_it_needs(tmp_path: Path, task: str) -> None:
    inventory = tmp_path / "inventory" / "some.yml"
    inventory.parent.mkdir()
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    with socket.socket() as taken:  # a port where nobody listens
        taken.bind(("127.0.0.1", 0))
        inventory.write_text(
            f"ssh: {{user: root, agent: false, retries: 0, port: {taken.getsockname()[1]}}}\n"
            "hosts: {m1: {address: 127.0.0.1, role: manager}}\n"
            "networks: {front: {subnet: 10.90.0.0/24}}\n"
            "stacks: {web: {}}\n"
        )
        out, modules = loaded([task, "-i", str(inventory)], {**os.environ, "HOME": str(tmp_path)})
    assert f"m1: {UNREACHED}" in out
    assert {"paramiko", "skep.compose.service", "roles.stacks.role"} <= modules
    without = {*ALWAYS, *METADATA, "fractions", "skep.engine", "skep.gotemplate.expanding", "skep.lab", "skep.verify"}
    assert modules.isdisjoint(without), modules & without


def test_no_class_has_methods_compiled_for_it_alone() -> None:
    """``skep.dataclass`` has them written once; the standard library's costs half a millisecond a class."""
    said = re.compile(r"^\s*(from dataclasses import .*\bdataclass\b|import dataclasses\b)", re.MULTILINE)
    files = [*ROOT.glob("skep/**/*.py"), *ROOT.glob("roles/**/*.py")]
    assert [file.relative_to(ROOT) for file in files if said.search(file.read_text())] == [Path("skep/dataclass.py")]


def test_every_task_has_an_example_and_help_for_its_options() -> None:
    import tasks

    for name in tasks.namespace.task_names:
        task = tasks.namespace[name]
        assert "Example: " in (task.__doc__ or ""), name
        lacking = [argument.name for argument in task.get_arguments() if not argument.help]
        assert lacking == [], name
