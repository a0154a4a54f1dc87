"""``.env`` beside the file: what Compose makes of it, and what it may not be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.compose.dotenv import read_dotenv
from skep.compose.variables import Variables
from skep.reading.findings import Findings
from skep.secret import Secret


def read(text: str) -> Variables:
    variables = Variables({"OWN": "inventory", "PW": Secret("hunter2")}, {"ENV": "environment"}, Findings(()))
    read_dotenv(".env", text.encode(), variables)
    return variables


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=b", {"A": "b"}),
        ("\ufeff# x\r\n\r\n  A = b c \r\nB=\r\n", {"A": "b c", "B": ""}),
        ("export A=b\nexport\tB=c\nC: d", {"A": "b", "B": "c", "C": "d"}),
        ("A=\"x y\" # c\nB='x y'  \nC=x y # c\nD=x#y", {"A": "x y", "B": "x y", "C": "x y", "D": "x#y"}),
        ("A=\"one\ntwo\"\nB='one\n# two'\nC=3", {"A": "one\ntwo", "B": "one\n# two", "C": "3"}),
        (r'A="a\nb\t\"c\" \\n \x"', {"A": 'a\nb\t"c" \\n \\x'}),
        (r"A='a\nb $B \'c\''", {"A": r"a\nb $B 'c'"}),
        (r"A=a\nb", {"A": r"a\nb"}),
        ('A=1\nB=${A}x\nC="$B-$$y\\$z"\nD=${NOPE:-d}', {"A": "1", "B": "1x", "C": "1x-$y$z", "D": "d"}),
        ("OWN=dot\nENV=dot\nA=$OWN ${ENV}", {"OWN": "dot", "ENV": "dot", "A": "inventory environment"}),
        ("A=1\nA=${A}2", {"A": "12"}),
        ("A=''\nB=\"\"", {"A": "", "B": ""}),
    ],
)
def test_values(text: str, values: dict[str, str]) -> None:
    variables = read(text)
    assert not variables.findings.errors
    assert {name: value for name, (value, _) in variables.dotenv.items()} == values


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A=1\nwhat is this\nB=2", ".env:2: a line that is not NAME=value"),
        ("1A=b", ".env:1: a line that is not NAME=value"),
        ('A="a\nb"\n\nB="x\nC=1', ".env:4: B: a quote that is never closed"),
        ("A='x\\'", ".env:1: A: a quote that is never closed"),
        ('A="x" y', ".env:1: A: only a comment can follow the closing quote"),
        ("A=$B\nB=1", ".env:1: A: a variable in its value is not set: in single quotes a $ stays as it is"),
        ("A=pa$", ".env:1: A: its value cannot be filled in: in single quotes a $ stays as it is"),
    ],
)
def test_what_it_may_not_be(text: str, problem: str) -> None:
    assert read(text).findings.errors == [problem]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"A=1\nB=gr\xfcn", ".env:2: not UTF-8 text"),
        (b"A=1\nB=x\0y", ".env:2: a character that no text can hold"),
    ],
)
def test_what_is_no_text(content: bytes, problem: str) -> None:
    variables = Variables({}, {}, Findings(()))
    read_dotenv(".env", content, variables)
    assert variables.findings.errors == [problem]
    assert not variables.dotenv


def test_places_and_warnings() -> None:
    variables = read('A="x\ny"\nB=${A}')
    assert {name: place.line for name, (_, place) in variables.dotenv.items()} == {"A": 1, "B": 3}
    assert variables.findings.remarks == []


@pytest.mark.parametrize("value", ["Xy7$Secretpart!9", '"Xy7$Secretpart!9"', "$2y$10$Secretpart", "${Secretpart?}"])
def test_a_password_that_looks_like_a_variable_is_refused_and_not_reported(value: str) -> None:
    (problem,) = read(f"PW={value}").findings.errors
    assert problem.startswith(".env:1: PW: ") and problem.endswith(": in single quotes a $ stays as it is")
    assert "Secret" not in problem
    assert read("PW='Xy7$Secretpart!9'").dotenv["PW"][0] == "Xy7$Secretpart!9"


def test_a_secret_that_is_filled_in_stays_one() -> None:
    variables = read("A=x-${PW}")
    assert variables.dotenv["A"][0] == "x-hunter2"
    assert variables.findings.secrets == {"hunter2"}


@given(st.text("AB=\"'\\\n #$${}:\tx", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    variables = read(text)
    lines = [int(re.match(r"\.env:([0-9]+):", one)[1]) for one in variables.findings.errors]  # type: ignore[index]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
