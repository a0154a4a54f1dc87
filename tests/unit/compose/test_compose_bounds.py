"""Whatever a file of 1 MiB holds, reading it ends, in memory that is limited and with work that is counted.

Work is counted in Python calls, in a process of its own: the same on every machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest

MEMORY = 1536 * 1024 * 1024
"""Bytes of address space that the process may have."""
SIZE = 1024 * 1024
SCRIPT = """
import cProfile, json, resource, sys
from skep.compose import ComposeError, convert, load
from tests.unit.compose.test_compose_bounds import FILES
content = FILES[sys.argv[1]](int(sys.argv[2])).encode()
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
said, counter = "loaded", cProfile.Profile(subcalls=False, builtins=False)
if sys.argv[4] == "count":
    counter.enable()
try:
    convert(load({"compose.yml": content}, ["compose.yml"], variables={}), "stack")
except ComposeError as error:
    said = error.problems[0]
finally:
    counter.disable()
print(json.dumps([said, sum(entry.callcount for entry in counter.getstats()), len(content)]))
"""


def services(count: int) -> str:
    return "services:\n" + "".join(f"  s{n}:\n    image: a:{n}\n" for n in range(count))


def laughs(levels: int) -> str:
    """Billion laughs: each level names the one before ten times."""
    lines = ["x-0: &a0 [ha, ha]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join([*lines, "services: {web: {image: a}}", ""])


def merges(levels: int) -> str:
    """The same by merge keys."""
    lines = ["x-0: &a0 {k: v, l: w}"]
    lines += [f"x-{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: v}}" for n in range(1, levels)]
    return "\n".join([*lines, "services: {web: {image: a}}", ""])


def many_users(count: int) -> str:
    """One large mapping, merged by many."""
    large = ", ".join(f"V{n}: x" for n in range(count))
    users = "".join(f"  s{n}: {{image: a, environment: {{<<: *large}}}}\n" for n in range(count))
    return f"x-large: &large {{{large}}}\nservices:\n{users}"


FILES: dict[str, Callable[[int], str]] = {
    "plain": services,
    "laughs": laughs,
    "merges": merges,
    "many users": many_users,
    "merge cycle": lambda count: "services: &a\n" + "  <<: *a\n" * count,
    "cycle of two": lambda count: "x-a: &a {b: &b {<<: *a}, c: [" + "*b, " * count + "]}\n" + services(1),
    "nested lists": lambda depth: "services: " + "[" * depth,
    "nested mappings": lambda depth: "services: " + "{a: " * depth + "1" + "}" * depth,
    "nested blocks": lambda depth: "".join(" " * n + "a:\n" for n in range(depth)),
    "nested variables": lambda depth: "services: {web: {image: a, hostname: '" + "${A:-" * depth + "}" * depth + "'}}",
    "one word": lambda size: "services: {web: {image: a, hostname: " + "x" * size + "}}",
}


@cache
def read(name: str, amount: int, how: str = "count") -> tuple[str, int, int]:
    """What is said of the file, calls it took, and its bytes."""
    argv = [sys.executable, "-c", SCRIPT, name, str(amount), str(MEMORY), how]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said, calls, size = json.loads(done.stdout)
    return said, calls, size


PLAIN = 8_000
"""Services in a plain file; what others take is measured by it."""


def test_a_plain_file_takes_work_by_its_size() -> None:
    calls, half = read("plain", PLAIN)[1], read("plain", PLAIN // 2)[1]
    assert half < calls < 2.5 * half


def test_a_plain_file_of_a_mebibyte_is_read() -> None:
    said, _, size = read("plain", 30_000, "only read")
    assert said == "loaded"
    assert 0.8 * SIZE < size <= SIZE


@pytest.mark.parametrize(
    ("name", "amount", "said"),
    [
        ("laughs", 9, "compose.yml:1: more than 200000 values or 32 levels"),
        ("laughs", 10_500, "compose.yml:1: more than 200000 values or 32 levels"),
        ("merges", 9, "compose.yml:1: more than 200000 values or 32 levels"),
        ("merges", 9_000, "compose.yml:1: more than 200000 values or 32 levels"),
        ("many users", 1_000, "compose.yml:1: more than 200000 values or 32 levels"),
        ("many users", 15_000, "compose.yml:1: more than 200000 values or 32 levels"),
        ("merge cycle", 1, "compose.yml:2: "),
        ("merge cycle", 100_000, "compose.yml:2: "),
        ("cycle of two", 1, "compose.yml:1: "),
        ("cycle of two", 200_000, "compose.yml:1: "),
        ("nested lists", 1_000_000, "compose.yml:1: nested more than 32 levels deep"),
        ("nested mappings", 200_000, "compose.yml:1: nested more than 32 levels deep"),
        ("nested blocks", 1_400, "compose.yml:33: nested more than 32 levels deep"),
        ("nested variables", 150_000, "compose.yml:1: services.web.hostname: "),
    ],
)
def test_what_multiplies_ends_with_the_work_of_a_plain_file_at_most(name: str, amount: int, said: str) -> None:
    found, calls, size = read(name, amount)
    assert found.startswith(said)
    assert size <= SIZE
    assert calls < 4 * read("plain", PLAIN)[1]


def test_one_long_word_takes_work_by_its_length() -> None:
    said, calls, _ = read("one word", 200_000)
    assert said == "loaded"
    assert calls < 2.5 * read("one word", 100_000)[1]
