"""What a shell offers, asked of the program and of real shells where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import tasks
from skep.cli import notes, quick
from skep.cli.completion import SCRIPTS, candidates, script
from skep.cli.notes import Notes
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
    settle(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("SKEP_INVENTORY", "SKEP_SITE", "SKEP_FROM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def settle(folder: Path) -> None:
    """What changed just now may change again within the same tick of a clock, so nothing is kept of it."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def offered(line: str) -> list[str]:
    program = Program(name="skep", namespace=tasks.namespace)
    program.create_config()
    program.normalize_argv(["skep"])
    program.core = program._line({}).read([])
    program.collection = tasks.namespace
    program.config.set_project_location(".")
    program.config.load_project()
    program.notes = Notes(os.environ)
    return candidates(program, [line])


def at_once(line: str) -> list[str] | None:
    """The answer without the program, where it is known."""
    return quick.offered([line], Notes(os.environ))


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
    assert at_once(line) == names.split(), "the second time it is known"


CHANGES = {
    "a host more": ("--limit ", "inventory/prod.yml", "extends: base.yml\nhosts: {m2: {}}"),
    "a base": ("--limit ", "inventory/base.yml", "hosts: {b2: {}}"),
    "another inventory": ("-i ", "inventory/test.yml", INVENTORY),
    "another one is the only one": ("--limit ", "inventory/test.yml", "extends: prod.yml\nhosts: {m3: {}}"),
    "the one that is named": ("-i ../new.yml --limit ", "new.yml", "hosts: {n1: {}}"),
    "a setting": ("--limit ", "invoke.yaml", "skep: {inventory: other.yml}"),
    "a setting in another form": ("--limit ", "invoke.json", '{"skep": {"inventory": "other.yml"}}'),
    "a service": ("shop --service ", "stacks/shop/compose.yml", "services: {only: {}}"),
    "a file goes before": ("shop --service ", "stacks/shop/compose.yaml", "services: {further: {}}"),
    "a site within": ("--limit ", "below/inventory/own.yml", "hosts: {own: {}}"),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_is_known_ends_with_any_file_that_it_was_read_from(
    site: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, file, text = CHANGES[change]
    line = f"skep {'stack.logs' if 'shop' in words else 'cluster.plan'} {words}"
    for other, hosts in (("other.yml", "hosts: {x1: {}}"), ("inventory/base.yml", "hosts: {b1: {}}")):
        (site / other).write_text(hosts)
    (site / "inventory" / "prod.yml").write_text(f"extends: base.yml\n{INVENTORY}")
    for folder in (".git", "below"):
        (site / folder).mkdir()
    settle(site)
    monkeypatch.chdir(site / "below")
    before = answered(site, line)
    assert at_once(line) == before
    (site / file).parent.mkdir(exist_ok=True)
    (site / file).write_text(text)
    after = answered(site, line)
    assert after != before
    settle(site)
    assert answered(site, line) == after == at_once(line)


def answered(site: Path, line: str) -> list[str]:
    """As a shell asks, in the folder one is in."""
    words = [sys.executable, "-m", "skep", "--complete", "--", line]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("kept", ["", "\n", "x", None, "half", "other", "\0\udc80", "folder"])
def test_what_is_kept_may_be_damaged(site: Path, kept: str | None) -> None:
    line = "skep cluster.plan --limit "
    names = offered(line)
    (file,) = (one for one in (site / "cache" / "skep" / "names").iterdir() if "'hosts'" in one.read_text())
    text = file.read_text()
    if kept is None or kept == "folder":
        file.unlink()
    if kept == "folder":
        file.mkdir()
    elif kept is not None:
        text = {"half": text[: len(text) // 2], "other": text[1:]}.get(kept, kept)
        file.write_text(text, errors="surrogateescape")
    assert at_once(line) is None
    assert offered(line) == names
    assert at_once(line) == (None if kept == "folder" else names)


def test_what_depends_on_the_user_s_settings_is_kept_apart(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "other.yml").write_text("hosts: {x1: {}}")
    settle(site)
    line = "skep cluster.plan --limit "
    assert offered(line) != ["x1"]
    for name in ("SKEP_INVENTORY", "INVOKE_SKEP_INVENTORY"):
        with monkeypatch.context() as within:
            within.setenv(name, "other.yml")
            assert at_once(line) is None
    assert at_once("skep --site other cluster.plan --limit ") is None
    monkeypatch.setenv("SKEP_INVENTORY", "other.yml")
    assert offered(line) == ["x1"] == at_once(line)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    assert (offered(line), at_once(line)) == (["x1"], None)


@pytest.mark.parametrize("line", ["--site {} cluster.plan --limit ", "cluster.plan --site {} --limit "])
@pytest.mark.parametrize("named", ["other", "{folder}/other", "missing"])
def test_names_are_those_of_the_site_that_the_line_names(site: Path, line: str, named: str) -> None:
    (site / "other" / "inventory").mkdir(parents=True)
    (site / "other" / "inventory" / "prod.yml").write_text("hosts: {x1: {}}")
    settle(site)
    line = f"skep {line.format(named.format(folder=site))}"
    desired = [] if named == "missing" else ["x1"]
    own = "skep cluster.plan --limit "
    assert (at_once(line), answered(site, line)) == (None, desired)
    assert (at_once(own), answered(site, line)) == (None, desired)
    assert answered(site, own) == ["m1", "w1", "north", "cold"] == at_once(own)
    assert answered(site, line) == desired


def test_in_a_folder_that_was_deleted_tab_offers_what_needs_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = site / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert at_once("skep cluster.plan --lim") == ["--limit"]
    assert at_once("skep cluster.plan --limit ") is None


def test_nothing_is_kept_of_a_file_that_may_have_changed_while_it_was_read(site: Path) -> None:
    os.utime(site / "inventory" / "prod.yml", (time.time() + 60,) * 2)
    line = "skep cluster.plan --limit "
    assert (offered(line), at_once(line)) == (["m1", "w1", "north", "cold"], None)


@pytest.mark.parametrize("whose", ["another user's", "open to others", "a link"])
def test_a_folder_that_others_may_write_to_is_not_used(site: Path, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    line = "skep cluster.plan --limit "
    names = offered(line)
    folder = site / "cache" / "skep" / "names"
    if whose == "another user's":
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    elif whose == "open to others":
        folder.chmod(0o777)
    else:
        folder.rename(site / "elsewhere")
        folder.symlink_to(site / "elsewhere")
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert at_once(line) is None
    assert offered(line) == names
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


@pytest.mark.parametrize("kind", ["hosts", "inventories", "aliases"])
def test_a_name_that_a_shell_would_evaluate_is_not_offered(site: Path, kind: str) -> None:
    bad = "x$(touch y);"
    hosts = f"hosts: {{x1: {{}}, '{bad}': {{}}, \"x\\e[2J\": {{}}}}"
    file, text, line = {
        "hosts": ("inventory/prod.yml", hosts, "cluster.plan --limit x"),
        "inventories": (f"inventory/{bad}.yml", INVENTORY, "cluster.plan -i x"),
        "aliases": ("invoke.yaml", f"skep: {{aliases: {{x1: cluster.up, '{bad}': cluster.up}}}}", "x"),
    }[kind]
    (site / file).write_text(text)
    settle(site)
    for found in (offered(f"skep {line}"), offered(f"skep {line}"), at_once(f"skep {line}")):
        assert found == ([] if kind == "inventories" else ["x1"])


def test_tab_runs_nothing_of_the_site(site: Path) -> None:
    (site / "invoke.py").write_text("open('ran', 'w')\nskep = {'inventory': 'prod'}\n")
    words = [sys.executable, "-P", "-m", "skep"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for line in ("skep ", "skep cluster.plan --limit "):
        asked = [*words, "--complete", "--", line]
        ended = subprocess.run(asked, env=environ, capture_output=True, text=True, check=True)
        assert {"cluster.up", "m1"} & set(ended.stdout.split())
        assert not (site / "ran").exists()
    subprocess.run([*words, "--list"], env=environ, capture_output=True, check=True)
    assert (site / "ran").exists(), "as settings it is still read"


def test_no_more_is_kept_than_a_bound(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST", 3)
    for line in ("cluster.plan --limit ", "stack.logs ", "stack.logs shop --service ", "lab.kill ", "cluster.plan -i "):
        offered(f"skep {line}")
        assert len([*(site / "cache" / "skep" / "names").iterdir()]) <= 3


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


def test_a_known_answer_costs_little_more_than_a_start_of_python(site: Path) -> None:
    line = ("-m", "skep", "--complete", "--", "skep stack.restart shop ")
    assert beside(line, ("-c", "pass"), cwd=site, bound=2.5) < 2.5


def test_an_answer_that_has_to_be_looked_up_costs_about_as_much_as_importing_invoke(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
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


def test_a_start_up_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").mkdir()
    environ = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    words = [sys.executable, "-m", "skep", "completion", "bash"]
    ended = subprocess.run(words, env={**environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, f"cannot read {tmp_path / '.bashrc'}")
