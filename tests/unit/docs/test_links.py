"""Links of the documents lead somewhere: files are there, and so are the headings in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
DOCUMENTS = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"``.+?``|`[^`\n]*`")


def prose(path: Path) -> str:
    """What is not code, in which brackets mean other things."""
    return CODE.sub("", FENCE.sub("", path.read_text()))


def links(path: Path) -> Iterator[str]:
    for target in LINK.findall(prose(path)):
        if not re.match(r"[a-z]+:", target):
            yield target


@cache
def anchors(path: Path) -> frozenset[str]:
    """Of the headings, as GitHub and Python's Markdown both make them of plain words. None stands twice in a file."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*?) *$", FENCE.sub("", path.read_text()), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        found.add(
            f"{name}-{sum(one == name or one.startswith(f'{name}-') for one in found)}" if name in found else name
        )
    return frozenset(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    dead = []
    for target in links(path):
        name, _, anchor = target.partition("#")
        file = (path.parent / name.replace("\\", "")).resolve() if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_links_are_found() -> None:
    assert sum(len(list(links(path))) for path in DOCUMENTS) > 60
    assert "#two-managers" in set(links(ROOT / "docs/operations.md"))


def test_a_dead_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n\n[a](#a-heading) [b](#none) [c](gone.md)\n\n```\n[d](code)\n```\n`[e](code)`\n")
    assert list(links(page)) == ["#a-heading", "#none", "gone.md"]
    assert anchors(page) == {"a-heading"}


def test_every_decision_is_in_the_list() -> None:
    listed = set(links(ROOT / "docs/decisions/README.md"))
    assert {path.name for path in (ROOT / "docs/decisions").glob("0*.md")} <= listed


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_in_a_list_is_fenced(path: Path) -> None:
    """Indented by the width of a list's number it is code for GitHub and a paragraph for the site."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^ {5,7}\S.*$", text, re.MULTILINE) == []
