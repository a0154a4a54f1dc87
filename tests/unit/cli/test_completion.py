"""What a shell offers, asked of the program and of real shells where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tasks
from skep.cli.completion import SCRIPTS, candidates, script
from skep.cli.program import Program
from skep.errors import UsageError
from skep.inventory.machine_schema import ENGINE
from tests.cost import beside

INVENTORY = """\
groups: {north: {}}
hosts:
  m1: {address: 10.0.0.11, role: manager}
  w1: {address: 10.0.0.21, groups: [cold]}
networks: {front: {}}
stacks: {shop: {}, blog: {compose: blog.yml}}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "prod.yml").write_text(INVENTORY)
    for stack, file, services in (("shop", "compose.yml", "{app: {}, db: {}}"), ("blog", "blog.yml", "{front: {}}")):
        (tmp_path / "stacks" / stack).mkdir(parents=True)
        (tmp_path / "stacks" / stack / file).write_text(f"services: {services}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SKEP_INVENTORY", raising=False)
    return tmp_path


def offered(line: str) -> list[str]:
    program = Program(name="skep", namespace=tasks.namespace)
    program.create_config()
    program.normalize_argv(["skep"])
    program.core = program._line({}).read([])
    program.collection = tasks.namespace
    return candidates(program, [line])


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("skep node", "node.ls"),
        ("skep docs engine.", " ".join(f"engine.{key}" for key in ENGINE.fields)),
        ("skep docs stack.pl", "stack.plan"),
        ("skep inventory.", "inventory.check inventory.docs inventory.init inventory.show"),
        ("./inv help cluster.p", "cluster.plan cluster.prune"),
        ("skep cluster.plan --l", "--limit"),
        ("skep cluster.plan --no-", "--no-resolve"),
        ("skep cluster.plan -i ", "prod"),
        ("skep cluster.plan --limit ", "m1 w1 north cold"),
        ("skep cluster.plan --limit m1,", "m1,w1 m1,north m1,cold"),
        ("skep cluster.plan --limit=c", "--limit=cold"),
        ("skep cluster.up --replace-network ", "front"),
        ("skep cluster.up --verify ", "always changed never"),
        ("skep stack.deploy ", "shop blog"),
        ("skep stack.deploy --js", "--json"),
        ("skep stack.logs shop --service ", "app db"),
        ("skep stack.restart -i prod blog f", "front"),
        ("skep stack.scale shop app=3,", "app=3,app= app=3,db="),
        ("skep lab.kill -i prod ", "m1 w1"),
        ("skep --list-", "--list-depth --list-format"),
        ("skep stack.logs 'shop", ""),
        ("skep nonsense --", ""),
        ("skep stack.render --file ", ""),
    ],
)
def test_what_is_offered(site: Path, line: str, names: str) -> None:
    assert offered(line) == names.split()


@pytest.mark.parametrize("content", [None, "hosts: [", "- 1", "hosts: {m1: 3}\nstacks: 7", "\x00"])
def test_an_inventory_that_cannot_be_read_offers_nothing_and_breaks_nothing(site: Path, content: str | None) -> None:
    path = site / "inventory" / "prod.yml"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    assert offered("skep stack.deploy ") == []


def test_every_script_names_every_program() -> None:
    for shell in SCRIPTS:
        assert {"skep", "inv", "invoke", "hive"} <= set(script(shell, ["/opt/hive"]).replace(";", " ").split())
    with pytest.raises(UsageError, match="there is no completion for tcsh"):
        script("tcsh", [])


ASKED = {
    "bash": """
        source {script}
        COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}
        COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
        compopt() {{ :; }}
        _skep_complete {program}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """,
    "zsh": """
        compdef() {{ :; }}
        source {script}
        compadd() {{ shift; print -l -- ${{(P)1}} }}
        words=({line} ''); CURRENT=${{#words}}
        _skep_complete
    """,
    "fish": """
        source {script}
        complete -C '{line} '
    """,
}


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_a_real_shell(site: Path, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    program = site / "skep"
    root = Path(__file__).parents[3]
    program.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m skep "$@"\n')
    program.chmod(0o755)
    (site / "script").write_text(script(shell, ["skep"]))
    asked = textwrap.dedent(ASKED[shell]).format(script=site / "script", line="skep stack.deploy ", program="skep")
    environ = {**os.environ, "PATH": f"{site}:{os.environ['PATH']}"}
    ended = subprocess.run([shell, "-c", asked], env=environ, capture_output=True, text=True, check=False)
    assert sorted(ended.stdout.split()) == ["blog", "shop"], ended.stderr


def test_an_answer_costs_about_as_much_as_importing_invoke(site: Path) -> None:
    line = ("-m", "skep", "--complete", "--", "skep stack.restart shop ")
    assert beside(line, ("-c", "import invoke.program, yaml"), cwd=site, bound=1.2) < 1.2


@pytest.mark.parametrize(
    ("shell", "script", "start"),
    [
        ("bash", ".local/share/skep/completion.bash", ".bashrc"),
        ("zsh", ".local/share/skep/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/conf.d/skep.fish", None),
    ],
)
def test_one_command_installs_it_once(tmp_path: Path, shell: str, script: str, start: str | None) -> None:
    if start:
        (tmp_path / start).write_text("alias ll='ls -l'")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "ZDOTDIR"))}
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-m", "skep", "completion"],
            env={**environ, "HOME": str(tmp_path), "SHELL": f"/usr/bin/{shell}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, "")
    assert "--complete" in (tmp_path / script).read_text()
    if start:
        assert (tmp_path / start).read_text() == f"alias ll='ls -l'\nsource {tmp_path / script}\n"
