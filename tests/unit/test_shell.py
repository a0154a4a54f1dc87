"""Values in scripts: they arrive as they are, and there is one way for them to get there."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skep.shell import exported, quoted

ROOT = Path(__file__).parents[2]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def sh(script: str) -> str:
    done = subprocess.run(["/bin/sh", "-s"], input=script.encode(), capture_output=True, timeout=10, check=True)
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
