"""A site's own names for command lines: run, listed, explained, completed, and refused where they cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import tasks
from skep.cli.program import Program
from skep.commands.site_check import examined

ALIASES = """
    look: cluster.plan -i prod --exit-code
    both: "inventory.check -i prod cluster.status -i prod"
"""

Run = Callable[..., tuple[Program, str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the aliases of a site with one environment."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "prod.yml").write_text("hosts: {m1: {address: 10.0.0.11, role: manager}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEP_INVENTORY", raising=False)

    def write(aliases: str) -> None:
        (tmp_path / "invoke.yaml").write_text(f"skep:\n  aliases: {aliases}")

    write(ALIASES)
    return write


@pytest.fixture
def run(settings: object, capsys: pytest.CaptureFixture[str]) -> Run:
    """What the program makes of a line, and prints; no task is run."""

    def ran(*words: str) -> tuple[Program, str]:
        program = Program(name="skep", binary="skep", namespace=tasks.namespace, version="1")
        program.execute = lambda: None  # type: ignore[method-assign]
        capsys.readouterr()
        try:
            program.run(["skep", *words])
        except SystemExit as ended:
            return program, f"{ended.code}\n{''.join(capsys.readouterr())}"
        return program, "".join(capsys.readouterr())

    return ran


def test_an_alias_stands_for_its_line_and_takes_more(run: Run) -> None:
    program, _ = run("look", "--limit", "m1")
    (task,) = program.tasks
    given = task.as_kwargs
    assert (task.name, given["inventory"], given["exit_code"], given["limit"]) == ("cluster.plan", "prod", True, "m1")
    assert [task.name for task in run("both")[0].tasks] == ["inventory.check", "cluster.status"]


def test_only_the_first_word_is_an_alias(run: Run) -> None:
    _, said = run("cluster.plan", "look")
    assert said.startswith("2\ncluster.plan takes no word: look is one too many")


def test_aliases_are_listed_explained_completed_and_meant(run: Run) -> None:
    assert re.search(r"  look +cluster.plan -i prod --exit-code\n", run("--list")[1])
    assert (
        "look stands for: skep cluster.plan -i prod --exit-code\n\nUsage: skep cluster.plan" in run("help", "look")[1]
    )
    assert run("--complete", "--", "skep lo")[1] == "0\nlook\n"
    assert run("--complete", "--", "skep look --limit ")[1] == "0\nm1\n"
    assert "did you mean look?" in run("lok")[1]


def test_what_is_wrong_in_an_alias_is_reported_with_what_it_stands_for(
    run: Run, settings: Callable[[str], None]
) -> None:
    settings('{odd: "cluster.plan --foo"}')
    assert "  cause: odd stands for: cluster.plan --foo\n" in run("odd")[1]


@pytest.mark.parametrize(
    ("aliases", "said"),
    [
        ("look", "skep.aliases: must be a mapping"),
        ("{demo: cluster.up}", "skep.aliases.demo: there is a task of that name"),
        ("{look: cluster}", "skep.aliases.look: cluster is no task"),
        ("{look: }", "skep.aliases.look: it must be a task"),
        ("{look: [cluster.up]}", "skep.aliases.look: it must be a task"),
        ("""{look: "cluster.up 'x"}""", "skep.aliases.look: a quotation in it has no end"),
        ("{'a b': cluster.up}", "skep.aliases.a b: a name is one word"),
        ("{-a: cluster.up}", "skep.aliases.-a: a name is one word, and no option"),
    ],
)
def test_one_that_cannot_be_used_is_refused_by_its_key(
    run: Run, settings: Callable[[str], None], aliases: str, said: str
) -> None:
    settings(aliases)
    assert f"invoke.yaml: {said}" in run("--list")[1]
    assert run("cluster.plan")[0].tasks, "what is no alias is as it was"
    assert any(f"invoke.yaml: {said}" in error for error in examined(Path.cwd()).errors)
