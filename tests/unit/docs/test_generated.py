"""The tasks' page and the man page are those of today's tasks, and the man page is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skep.cli.described import described
from skep.cli.known_tasks import TASKS
from skep.commands.repository import pages
from skep.commands.repository.manpage import man_page
from skep.commands.tasks import (
    every,  # noqa: F401 - fills TASKS
    repository,
)

ROOT = Path(__file__).parents[3]
TEXTS = pages.texts()
REQUESTS = {"TH", "SH", "SS", "B", "BR", "br", "PP", "TP", "nh", "ad", '\\"'}
"""Requests and macros of man(7) that the page may use."""


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_what_is_generated_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == TEXTS[name], "run ./inv manual"


def test_every_task_of_the_package_is_on_both_pages() -> None:
    of_the_clone = {"inventory.docs", *(str(one.name) for one in repository.TASKS)}
    names = set(TASKS) - of_the_clone
    assert names <= set(re.findall(r"^### (\S+)$", TEXTS["tasks.md"], re.MULTILINE))
    assert names <= set(re.findall(r"^\.SS (\S+)$", TEXTS["skep.1"].replace("\\-", "-"), re.MULTILINE))


def test_every_command_for_hosts_is_in_the_list_of_operations() -> None:
    of_the_clone = {"inventory.docs", *(str(one.name) for one in repository.TASKS)}
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## Commands\n")[2].partition("\n## ")[0]
    firsts = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    listed = {name for first in firsts for name in re.findall(r"`([a-z][a-z.]*)[ `]", first)}
    assert {name for name in TASKS if not name.startswith("lab.")} - of_the_clone - listed == set()


def test_the_man_page_says_no_request_by_chance() -> None:
    said = {line[1:].split(" ")[0] for line in TEXTS["skep.1"].splitlines() if line.startswith(".")}
    assert said <= REQUESTS
    assert TEXTS["skep.1"].isascii() and not any(line.startswith("'") for line in TEXTS["skep.1"].splitlines())


def test_what_roff_would_take_for_its_own_is_escaped() -> None:
    page = man_page([], (("1", "a \\ b - c → d"), ("2", ".TH of 'x'"), ("3", "'quoted'")))
    assert "a \\e b \\- c \\-> d" in page
    assert "\n\\&.TH of 'x'\n" in page and "\n\\&'quoted'\n" in page


def test_exit_codes_are_those_of_the_readme() -> None:
    codes = dict(pages.exit_codes((ROOT / "README.md").read_text()))
    assert codes["0"] == "done, or nothing to do" and {"2", "7", "130", "141"} <= set(codes)


def test_an_option_that_is_on_by_itself_is_described_by_how_it_is_switched_off() -> None:
    found = described("stack.deploy", TASKS["stack.deploy"])
    assert "--no-resolve" in dict(found.options) and "-i NAME, --inventory NAME" in dict(found.options)
    assert found.usage == "stack.deploy NAME [options]" and found.words[0][0] == "NAME"
