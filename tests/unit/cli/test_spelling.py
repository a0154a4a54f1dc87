"""What is printed can be typed: every command in a text of ours, and in the docs, goes through the parser."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.parser.context import ParserContext

import tasks
from skep.cli.line import Line
from skep.cli.program import Program
from skep.cli.spelling import COMMAND, NAMED, WITHOUT_INVENTORY, spelled

ANY = "1"
"""Stands for whatever is put into a text: a name, a number, a host."""


def texts(path: Path, word: str = "invoke ") -> Iterator[str]:
    """Every text of a file of ours with that word, with ``ANY`` for what is put into it; docstrings left out."""
    source = path.read_text()
    nodes = list(ast.walk(ast.parse(source))) if word in source else []
    inner = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (inner | docs):
            yield node.value


def commands() -> Iterator[tuple[str, str]]:
    for folder in ("skep", "roles"):
        for path in sorted(Path(folder).rglob("*.py")):
            for text in texts(path):
                yield from ((str(path), found[0]) for found in COMMAND.finditer(text))


OF_OTHERS = re.compile(
    r"(?<=[:;] |n |d )(?:docker (?:pull|push|save|load|tag|run|exec|rm|(?:volume|network|service|node|config|secret"
    r"|image|container|stack) (?:rm|inspect))|tar -\w+|skopeo copy)\b[^;,)\n]*"
)
"""Commands of other programs that work on something, where a text says to type them."""
VALUED = re.compile(r" --(?:platform|output|input|filter|format|compose-file) \S+")


def others() -> Iterator[tuple[str, str]]:
    for folder in ("skep", "roles"):
        for path in sorted(Path(folder).rglob("*.py")):
            for text in texts(path, "docker "):
                yield from ((str(path), found[0]) for found in OF_OTHERS.finditer(text))
        for path in sorted(Path(folder).rglob("*.sh")):
            for line in path.read_text().splitlines():
                if " >&2" in line and (said := re.search(r'"(.*)"', line)):
                    yield from ((str(path), found[0]) for found in OF_OTHERS.finditer(said[1].replace("$", ANY)))


def documented() -> Iterator[tuple[str, str]]:
    for path in (Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").glob("*.md"))):
        for line in re.findall(r"\./inv ([a-z][^`#|\n)]*)", path.read_text()):
            yield str(path), re.split(r" {2,}| 2>&1| -- | in the ", line)[0]


COMMANDS, DOCUMENTED, OTHERS = sorted(set(commands())), sorted(set(documented())), sorted(set(others()))


def parse(command: str) -> None:
    """Raises ``UsageError`` for what the program would not take."""

    def context(name: str) -> ParserContext:
        return ParserContext(name=name, args=tasks.namespace[name].get_arguments())

    core = Program(namespace=Collection()).initial_context
    Line(core, {name: partial(context, name) for name in tasks.namespace.task_names}).read(shlex.split(command))


def test_there_is_much_to_try() -> None:
    assert len({path for path, _ in COMMANDS}) > 15
    assert len(DOCUMENTED) > 20
    assert len(OTHERS) > 12


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_command_in_our_texts_can_be_typed(path: str, command: str) -> None:
    assert not re.search(r"\b[A-Z]{3,}\b", command), "a placeholder cannot be typed"
    parse(command.removeprefix("invoke "))


@pytest.mark.parametrize(("path", "command"), OTHERS)
def test_commands_of_other_programs_have_what_they_work_on(path: str, command: str) -> None:
    words = VALUED.sub("", command).split(" (")[0].split()
    verb = 3 if len(words) > 2 and words[2] in ("rm", "inspect") else 2
    assert [word for word in words[verb:] if not word.startswith("-")], "there is nothing to work on"
    assert not re.search(r"\b[A-Z]{3,}\b", command), "a placeholder cannot be typed"


@pytest.mark.parametrize(("path", "command"), DOCUMENTED)
def test_every_command_in_the_docs_can_be_typed(path: str, command: str) -> None:
    parse(command)


@pytest.mark.parametrize("example", [tasks.namespace[name].__doc__ for name in sorted(tasks.namespace.task_names)])
def test_every_example_can_be_typed(example: str) -> None:
    (command,) = re.findall(r"Example: (?:invoke|\./inv) (.*)", example)
    parse(command)


def test_all_tasks_are_known_that_take_an_inventory() -> None:
    nouns = {name.partition(".")[0] for name in tasks.namespace.task_names if "." in name}
    assert nouns == set(NAMED)
    takes = {name: "inventory" in tasks.namespace[name].common for name in tasks.namespace.task_names}
    assert {name for name, given in takes.items() if not given and "." in name} == set(WITHOUT_INVENTORY)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("see: invoke cluster.plan", "see: ./inv cluster.plan -i prod"),
        ("invoke stack.rm web, or invoke stack.ls", "./inv stack.rm -i prod web, or ./inv stack.ls -i prod"),
        ("invoke cluster.up -i other; then", "./inv cluster.up -i other; then"),
        ("invoke inventory.init --hosts a", "./inv inventory.init --hosts a"),
        ("what invoke does, invoke.yaml, and reinvoke cluster.up", None),
        ("all: invoke --list", "all: ./inv --list"),
    ],
)
def test_commands_as_they_are_typed(text: str, typed: str | None) -> None:
    assert spelled(text, "./inv", "prod") == (typed or text)


def test_an_inventory_that_was_not_named_is_not_added() -> None:
    assert spelled("invoke cluster.up", "skep") == "skep cluster.up"
    assert spelled("invoke cluster.up", "skep", "a b.yml") == "skep cluster.up -i 'a b.yml'"
