"""Malformed compose files: every problem of each, in the very words, and never a secret in them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.compose import ComposeError, load
from skep.errors import SkepError
from skep.inventory.stack_files import StackFiles
from tests.golden import golden
from tests.unit.compose.conftest import Problems

FOLDER = Path(__file__).parent / "bad"
CASES = [
    (file, place, case)
    for file in sorted(FOLDER.glob("*.yml"))
    for place, case in enumerate(yaml.safe_load(file.read_text()))
]
IDS = [f"{file.stem}: {case['case']}" for file, _, case in CASES]
EFFORT = 10.0
"""Most CPU time a file may take, in that of a right one of the largest size."""


def test_there_are_enough_cases_and_no_name_twice() -> None:
    names = [(file, case["case"]) for file, _, case in CASES]
    assert len(set(names)) == len(names) >= 80


@pytest.mark.golden
@pytest.mark.parametrize(("file", "place", "case"), CASES, ids=IDS)
def test_problems_are_these(file: Path, place: int, case: dict[str, Any], problems_of: Problems) -> None:
    problems = problems_of(case.get("files") or {"compose.yml": case["compose"]})
    assert problems == golden(file, place, case, "problems", problems)
    assert problems, "a malformed file must have a problem"
    assert not any("hunter2" in problem for problem in problems)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfeh", "compose.yml:1: the file is not UTF-8 text"),
        (b"services:\n  web: \xe9\n", "compose.yml:2: the file is not UTF-8 text"),
        (b"# " + b"x" * (1024 * 1024), "compose.yml:1: the file is larger than 1024 KiB"),
        (b"[" * 100_000, "compose.yml:1: nested more than 32 levels deep"),
    ],
)
def test_content_that_is_no_text_or_too_much(content: bytes, problem: str, problems_of: Problems) -> None:
    assert problems_of({"compose.yml": content}) == [problem]


def test_thousands_of_problems_are_counted_not_printed(problems_of: Problems) -> None:
    text = "services:\n" + "".join(f"  s{number}: {{imaeg: x, blubb: 1}}\n" for number in range(3000))
    problems = problems_of({"compose.yml": text})
    assert len(problems) == 1001
    assert problems[-1].endswith("errors more")


def test_files_outside_the_stacks_folder(tmp_path: Path) -> None:
    text = """services:
  w:
    image: a
    env_file: [../e.env, {path: ../f.env, required: false}, gone.env, {path: none.env, required: false}]
configs:
  a: {file: ../shared/f}
  b: {file: /srv/f}
  c: {file: sub/../gone}
  d: {file: sub}
  e: {file: ~/f}
"""
    web = tmp_path / "stacks" / "web"
    (web / "sub").mkdir(parents=True)
    (web / "compose.yml").write_text(text)
    files = StackFiles(web, (), allow="add '{}' to stacks.web.files-from")
    with pytest.raises(ComposeError) as raised:
        load(files, ["compose.yml"], variables={}, shown="stacks/web")
    outside = "is outside the stack's folder; add '{}' to stacks.web.files-from"
    home = "begins with '~', and there is no HOME in the environment"
    beside = outside.format(tmp_path / "stacks")
    shared = outside.format(tmp_path / "stacks" / "shared")
    assert raised.value.problems == [
        f"stacks/web/compose.yml:4: services.w.env_file: the file '../e.env' {beside}",
        f"stacks/web/compose.yml:4: services.w.env_file: the file '../f.env' {beside}",
        "stacks/web/compose.yml:4: services.w.env_file: the file 'gone.env' is not there",
        f"stacks/web/compose.yml:6: configs.a.file: the file '../shared/f' {shared}",
        f"stacks/web/compose.yml:7: configs.b.file: the file '/srv/f' {outside.format('/srv')}",
        "stacks/web/compose.yml:8: configs.c.file: the file 'gone' is not there",
        "stacks/web/compose.yml:9: configs.d.file: the file 'sub' is a folder; name one of the files in it",
        f"stacks/web/compose.yml:10: configs.e.file: the file '~/f' {home}",
    ]


def test_no_file_at_all() -> None:
    with pytest.raises(ComposeError, match="no compose file is named"):
        load({}, [], variables={})


def test_the_error_says_all_and_ends_with_a_count(problems_of: Problems) -> None:
    error = ComposeError(["a:1: x", "a:2: y"])
    assert isinstance(error, SkepError)
    assert error.exit_code == 2
    assert str(error).splitlines() == ["a:1: x", "a:2: y", "the compose files have 2 errors"]


@pytest.fixture(scope="module")
def honest() -> float:
    """CPU seconds for a right file of nearly the largest size."""
    service = "    image: a:1\n    environment: {A: 'b', C: '${A:-x}'}\n    labels: [a=b, c=d]\n"
    text = "services:\n" + "".join(f"  s{number}:\n{service}" for number in range(10_000))
    assert len(text) < 1024 * 1024
    start = time.process_time()
    load({"compose.yml": text.encode()}, ["compose.yml"], variables={})
    return time.process_time() - start


SERVICE = "services:\n  web:\n    image: a\n"


@pytest.mark.parametrize(
    "text",
    [
        "services:\n" + "".join(f"  s{n}: *a\n" for n in range(50_000)),
        "services: {" + ", ".join(f"s{n}: 1" for n in range(60_000)) + "}",
        SERVICE + "    ports: [" + ", ".join(f"'{n}-65535'" for n in range(1, 30_000)) + "]",
        SERVICE + "    networks: [" + ", ".join(f"n{n}" for n in range(60_000)) + "]",
        SERVICE + "    volumes: [" + ", ".join(f"'v{n}:/x'" for n in range(40_000)) + "]",
        SERVICE + "    volumes: ['" + ":" * 500_000 + "']",
        SERVICE + "    volumes: ['" + "a:/b" * 200_000 + "']",
        SERVICE + "    secrets: [" + ", ".join(f"s{n}" for n in range(60_000)) + "]",
        SERVICE + "    hostname: '" + "${A:-" * 100_000 + "'",
        SERVICE + "    hostname: '" + "$A" * 400_000 + "$'",
        SERVICE + "    command: " + "'" * 400_001,
        SERVICE + "    command: '" + "a " * 300_000 + "\"'",
        SERVICE + "    env_file: [" + ", ".join(f"f{n}" for n in range(40_000)) + "]",
        SERVICE + "    stop_grace_period: " + "1h" * 300_000,
        SERVICE + "    image: " + "a/" * 300_000,
        SERVICE + "    labels: {n: " + "9" * 500_000 + ", b: true}",
        "".join(f"x-{n}: &a{n} {{<<: *a{n - 1}, k{n}: v}}\n" if n else "x-0: &a0 {k: v}\n" for n in range(20_000)),
        SERVICE + "".join(f"    k{n}: 1\n" for n in range(50_000)),
        "? " * 3_000,
        "{" * 3_000,
        "&a " * 3_000,
    ],
    ids=lambda text: text[30:60].strip().replace("\n", " "),
)
def test_much_of_it(text: str, problems_of: Problems, honest: float) -> None:
    start = time.process_time()
    problems_of({"compose.yml": text[: 1024 * 1024]})
    assert (time.process_time() - start) / honest < EFFORT


def test_references_to_much_do_not_multiply(honest: float) -> None:
    lines = b"".join(b"N%d=1\n" % number for number in range(50_000))
    text = "services:\n" + "".join(f"  s{n}: {{image: a, env_file: [e.env]}}\n" for n in range(5_000))
    start = time.process_time()
    with pytest.raises(ComposeError, match="more than 200000 variables from env files"):
        load({"compose.yml": text.encode(), "e.env": lines}, ["compose.yml"], variables={})
    text = "services:\n" + "".join(f"  s{n}: {{image: a, hostname: '$A$A$A$A'}}\n" for n in range(5_000))
    with pytest.raises(ComposeError, match="the variables give more than 4096 KiB together"):
        load({"compose.yml": text.encode()}, ["compose.yml"], variables={"A": "x" * 100_000})
    assert (time.process_time() - start) / honest < EFFORT
