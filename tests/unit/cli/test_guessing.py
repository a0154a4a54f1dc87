"""What is answered to words that other tools have: the task, option or key that does the same here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import tasks
from skep.cli import guessing
from skep.cli.program import Program

Said = Callable[[str | list[str]], list[str]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """The lines that a command line is answered with. It is that of a site with one environment."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "prod.yml").write_text(
        "hosts: {m1: {address: 10.0.0.11, role: manager}}\nstacks: {shop: {}}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEP_INVENTORY", raising=False)

    def lines(words: str | list[str]) -> list[str]:
        program = Program(name="skep", binary="skep", namespace=tasks.namespace, version="1")
        program.execute = lambda: None  # type: ignore[method-assign]
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            program.run(["skep", *(words.split() if isinstance(words, str) else words)])
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    return lines


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("apply -f prod.yml", "cluster.up or schedule.apply"),
        ("provision", "cluster.up"),
        ("swarm init", "cluster.up"),
        ("swarm join", "cluster.up"),
        ("swarm leave", "cluster.down"),
        ("edit", ""),
        ("playbook site.yml", ""),
        ("server bootstrap", ""),
        ("destroy", "cluster.down"),
        ("describe node m1", "node.ls"),
        ("get nodes", "node.ls"),
        ("get pods", "stack.ps or stack.ls"),
        ("nodes", "node.ls"),
        ("hosts", "node.ls"),
        ("host.ls", "node.ls"),
        ("service ls", "stack.ls"),
        ("services", "stack.ls"),
        ("service.logs shop", "stack.logs"),
        ("app logs -f", "stack.logs"),
        ("service update shop", "stack.deploy"),
        ("rollout restart shop", "stack.restart"),
        ("rollout undo shop", "stack.rollback"),
        ("rollout status shop", "stack.ps or stack.ls"),
        ("stack up shop", "stack.deploy"),
        ("stack.down shop", "stack.rm"),
        ("stack.remove shop", "stack.rm"),
        ("stack.stop shop", "stack.scale or stack.rm"),
        ("stack.status shop", "stack.ps or stack.ls"),
        ("stakc deploy shop", "stack.deploy"),
        ("compose up", "stack.deploy"),
        ("undo", "stack.rollback"),
        ("revert shop", "stack.rollback"),
        ("pull", "stack.refresh"),
        ("tail shop", "stack.logs"),
        ("validate", "inventory.check"),
        ("lint", "inventory.check"),
        ("doctor", "cluster.audit"),
        ("explain engine.version", "docs"),
        ("events", "cluster.history"),
        ("ping", "cluster.status"),
        ("run", "schedule.run"),
        ("swarm.up", "cluster.up"),
        ("swarm.apply", "cluster.up"),
        ("env show", "cluster.status"),
        ("deploy shop", "stack.deploy"),
        ("rollback shop", "stack.rollback"),
        ("preview", "cluster.plan"),
        ("cron", "schedule.ls"),
    ],
)
def test_a_task_that_is_called_otherwise_elsewhere(said: Said, words: str, meant: str) -> None:
    first = said(words)[0]
    asked = f"; did you mean {meant}?" if meant else ""
    assert first == f"there is no task {words.split()[0]}{asked}"


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("cluster.up --dry-run", "--plan"),
        ("cluster.up --check", "--plan"),
        ("cluster.up --diff", "--plan"),
        ("cluster.up --auto-approve", "--yes"),
        ("cluster.up --env prod", "--inventory"),
        ("cluster.up --forks 5", "--parallel-workers"),
        ("cluster.plan --host m1", "--limit"),
        ("cluster.status -o json", "--json"),
        ("cluster.status --output json", "--json"),
        ("cluster.status --format json", "--json"),
        ("cluster.history -n 5", "--last"),
        ("cluster.history --tail 5", "--last"),
        ("stack.rm shop --force", "--yes"),
        ("stack.logs shop -n 50", "--tail"),
        ("stack.logs shop --lines 50", "--tail"),
        ("stack.logs shop --watch", "--follow"),
        ("stack.deploy shop --wait 5m", "--timeout"),
        ("stack.rollback shop --to-revision 3", "--revision"),
        ("stack.deploy shop --silent", "--quiet"),
    ],
)
def test_an_option_that_is_called_otherwise_elsewhere(said: Said, words: str, option: str) -> None:
    task = words.split()[0]
    given = next(word for word in words.split() if word.startswith("-"))
    assert said(words)[0] == f"{task} has no option {given}; did you mean {option}?"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("drain m1", "hosts.availability"),
        ("node.drain m1", "hosts.availability"),
        ("node cordon m1", "hosts.availability"),
        ("host.promote m1", "hosts.role"),
        ("node.label m1", "hosts.labels"),
    ],
)
def test_what_the_inventory_says_is_no_task(said: Said, words: str, key: str) -> None:
    assert said(words) == [
        f"there is no task {words.split()[0]}: {key} of the inventory says that", f"  next:  skep docs {key}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("exec shop", "skep help stack.ps"),
        ("app.exec", "skep help stack.ps"),
        ("attach shop", "skep help stack.ps"),
        ("cp a b", "skep docs configs"),
        ("port-forward shop 80", "skep docs services.ports"),
        ("version", "skep --version"),
    ],
)
def test_what_skep_does_not_do_is_answered_with_what_does(said: Said, words: str, after: str) -> None:
    first, following = said(words)
    assert first.startswith(f"there is no task {words.split()[0]}: ")
    assert following == f"  next:  {after}"
    assert _ends_well(after)


def _ends_well(line: str) -> bool:
    """Whether that can be typed."""
    program = Program(name="skep", binary="skep", namespace=tasks.namespace, version="1")
    program.execute = lambda: None  # type: ignore[method-assign]
    try:
        program.run(line.split())
    except SystemExit as ended:
        return not ended.code
    return True


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("cluster.plan --limit m1 m1", "skep cluster.plan --limit m1,m1"),
        ("cluster.up prod", "skep cluster.up --inventory prod"),
        ("cluster.up -e prod", "skep cluster.up --inventory prod"),
        ("stack.deploy shop prod", "skep stack.deploy shop --inventory prod"),
        ("cluster.plan m1", "skep cluster.plan --limit m1"),
        ("prod cluster.up", "usage: skep TASK -i prod"),
    ],
)
def test_a_name_of_the_inventory_has_its_place(said: Said, words: str, instead: str) -> None:
    assert said(words)[1] == f"  next:  {instead}"


def test_the_tables_name_what_there_is() -> None:
    names = tasks.namespace.task_names
    nouns = {name.partition(".")[0] for name in names}
    verbs = {name.rpartition(".")[2] for name in names}
    options = {str(one.names[0]) for name in names for one in tasks.namespace[name].get_arguments()}
    assert set(guessing.LONE) <= set(names)
    assert set(guessing.NOUNS) <= nouns
    assert set(guessing.VERBS) <= verbs
    assert set(guessing.OPTIONS) <= options


@pytest.mark.parametrize("word", ["secret", "secrets", "network", "volume", "image"])
def test_what_files_say_is_explained(said: Said, word: str) -> None:
    first, after = said(f"{word} ls")
    section = f"{word.removesuffix('s')}s"
    assert first.startswith(f"there is no task {word}: files have a section {section}")
    assert after == f"  next:  skep docs {section}"


@pytest.mark.parametrize("words", ["cluster.up -i=", "cluster.plan --limit=", "stack.scale --timeout="])
def test_an_option_that_an_empty_variable_left_without_a_value_is_refused(said: Said, words: str) -> None:
    option = words.split()[1].rstrip("=")
    assert said(words)[0].startswith(f"{option} is empty: ")


def test_a_word_that_is_empty_is_refused(said: Said) -> None:
    assert said(["stack.deploy", ""])[0].startswith("NAME is empty: a stack of the inventory")
    assert said(["cluster.up", "-i", ""])[0].startswith("-i is empty: ")
    for words in (["--site", "", "cluster.up"], ["cluster.up", "--site="], ["-f", "", "cluster.up"]):
        assert " is empty: " in said(words)[0]


@pytest.mark.parametrize("words", ["cluster.up -- --limit m1", "stack.deploy shop -- x"])
def test_what_stands_behind_two_dashes_is_not_passed_over(said: Said, words: str) -> None:
    task, last = words.split()[0], words.partition(" -- ")[2].split()[0]
    assert said(words)[0] == f"{task} hands nothing on: {last} stands behind --"


def test_idle_core_options_are_no_guess(said: Said) -> None:
    for words in ("cluster.up --become", "stack.deploy shop --detach", "--check"):
        assert "--echo" not in said(words)[0]
        assert "--hide" not in said(words)[0]
