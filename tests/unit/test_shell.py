"""Values in scripts: they arrive as they are, and there is one way for them to get there."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skep.commands.repository.testing import BIN, STATIC
from skep.shell import exported, quoted, script

ROOT = Path(__file__).parents[2]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def sh(script: str) -> str:
    done = subprocess.run(["/bin/sh", "-s"], input=script.encode(), capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3))
def test_words_arrive_as_they_are(values: list[str]) -> None:
    assert sh(f"printf '%s|' {quoted(*values)}") == "".join(f"{value}|" for value in values)


@settings(max_examples=40, deadline=None)
@given(TEXT, st.integers())
def test_variables_arrive_as_they_are_in_what_the_script_starts(text: str, number: int) -> None:
    script = exported({"B": text, "A": number})
    assert sh(script + """sh -c 'printf "%s|%s" "$A" "$B"'""") == f"{number}|{text}"


@pytest.mark.parametrize("package", ["skep", "roles"])
def test_nothing_else_quotes(package: str) -> None:
    quoting = {
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module in ("shlex", "pipes"))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in ("shlex.quote", "shlex.join"))
    }
    assert quoting - {"skep/shell.py"} == set()


def test_what_a_script_sources_stands_in_its_place_unless_it_has_run_before() -> None:
    shared = script("skep/places.sh")
    assert shared in script("roles/swarm/probe.sh")
    assert shared not in script("roles/swarm/probe.sh", "skep/places.sh")
    assert not [line for line in script("roles/daemon/apply.sh").splitlines() if line.startswith((". ", "#"))]


def test_a_mistyped_variable_of_another_file_is_found(tmp_path: Path) -> None:
    """What is sourced is read with what sources it."""
    text = (ROOT / "roles/swarm/probe.sh").read_text().replace("$data_roots", "$data_rots")
    (tmp_path / "probe.sh").write_text(text)
    argv = [str(BIN / "shellcheck"), "-x", str(tmp_path / "probe.sh")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "data_rots is referenced but not assigned" in done.stdout


def test_scripts_that_stand_in_python_are_short() -> None:
    """More than ten lines of sh belong into a file that shellcheck reads."""
    long, shell = [], ("done", "echo", "esac", "exit", "fi", "printf", "[")
    for package in ("skep", "roles"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                texts = node.values if isinstance(node, ast.JoinedStr) else [node]
                text = "".join(str(one.value) for one in texts if isinstance(one, ast.Constant))
                if text.count("\n") > 10 and {line.split()[0] for line in text.splitlines() if line.split()} & {*shell}:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert long == []


def test_every_script_is_checked() -> None:
    [checked] = [set(argv) for name, argv in STATIC if name == "scripts"]
    folders = ("bench", "roles", "skep")
    assert checked >= {str(path.relative_to(ROOT)) for name in folders for path in (ROOT / name).rglob("*.sh")}
