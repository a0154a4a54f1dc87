"""The page of a cluster as text: everything is on it, nothing of others becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser

import pytest

from skep.cli.spelling import spelled
from skep.picture.model import Disk, Note, Outlook
from skep.picture.page import render
from skep.picture.topology import draw
from tests.pictures import HOSTILE, NOW, picture

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def test_everything_stands_on_it() -> None:
    text = " ".join(" ".join(Page(render(picture())).text).split())
    for words in (
        "Needs attention", "1 host not well: node3", "1 service below desired: shop_web", "2 of 3", "4 of 6",
        "registry.example/shop/web:1.4", "9 d ago", "node3", "down", "Connection refused", "60 d left", "40 % used",
        "12 GiB free", "front", "10.20.0.0/24", "set label zone", "zone: + b", "disk-low", "docker system prune",
        "cluster.up", "ana@desk", "invoke cluster.up", "2 findings", "90 passed", "node2, node3", "/var is 93 % full",
        "2 findings before, 2 now", "invoke cluster.audit --profile cis --html audit.html",
    ):  # fmt: skip
        assert words in text, f"{words}\n{text}"


def test_a_healthy_cluster_says_so() -> None:
    text = " ".join(Page(render(picture(ill=False))).text)
    assert "Healthy." in text and "Needs attention" not in text and "Nothing differs from the inventory." in text


def test_what_runs_out_is_trouble() -> None:
    first, *others = picture(ill=False).machines
    full = replace(first, outlook=Outlook(NOW + timedelta(days=3), (Disk("/var", 1, 0.5, 0.97),)))
    shown = replace(picture(ill=False), machines=(full, *others))
    assert shown.troubles == ("1 host with a full disk: node1", "1 certificate not renewed in time: node1")


def test_without_a_manager_nothing_is_claimed() -> None:
    text = " ".join(Page(render(replace(picture(tasks=0), listed=False, networks=()))).text)
    assert text.count("not known") >= 4 and "0 of 0" not in text and "managers reachable not known" in text
    assert text.count("Not known: no manager in a quorum answers.") == 2 and "No services." not in text


def test_without_an_audit_it_says_how_to_take_one() -> None:
    text = " ".join(Page(render(replace(picture(), audits=()))).text)
    assert "No audit is on record." in text and "invoke cluster.audit" in text and "none taken" in text


def test_commands_are_those_of_this_environment() -> None:
    """Typed without it, they would be about the environment that is the usual one."""
    note = Note("error", "", "node1", "it is down", "bring it back, then: invoke cluster.up")
    page = Page(render(replace(picture(), notes=(note,)), partial(spelled, program="skep", inventory="north side")))
    text = " ".join(page.text)
    for words in ("cluster.up", "cluster.audit", "cluster.report"):
        assert f"skep {words} -i 'north side'" in text, text
    assert "then: skep cluster.up -i 'north side'" in text and "invoke" not in text


def test_it_asks_for_nothing_else() -> None:
    for tag, attributes in Page(render(picture())).tags:
        assert tag not in ("iframe", "object", "embed", "img"), tag
        for key, value in attributes.items():
            assert key not in ("src", "srcset", "action", "style") and not key.startswith("on"), (tag, key)
            if key == "href":
                assert (value or "").startswith("#") or value == "data:,", (tag, value)
    assert not re.search(r"url\(|@import|https?://", render(picture()))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    tame, wild = Page(render(picture(zones=1))), Page(render(picture(zones=1, names=(name,))))
    assert [tag for tag, _ in tame.tags] == [tag for tag, _ in wild.tags]
    assert any(name in text for text in wild.text)


def test_every_node_and_task_is_drawn_once_and_none_over_another() -> None:
    shown = picture(machines=100, tasks=1000, zones=3)
    drawing = draw(shown.zones)
    boxes = [box for group in drawing.groups for box in group.boxes]
    assert {box.machine.name for box in boxes} == {one.name for one in shown.machines} and len(boxes) == 100
    assert sum(len(box.squares) for box in boxes) == 1000
    for place, one in enumerate(boxes):
        assert one.x >= 0 and one.x + drawing.box <= drawing.width and one.y + one.height <= drawing.height
        for square in one.squares:
            assert square.x + drawing.task <= drawing.box and square.y + drawing.task <= one.height
        for other in boxes[place + 1 :]:
            apart = (
                abs(one.x - other.x) >= drawing.box or one.y + one.height <= other.y or other.y + other.height <= one.y
            )
            assert apart, (one, other)


def test_a_cluster_of_nothing_is_a_page() -> None:
    assert "No services." in render(picture(machines=1, tasks=0, zones=0))
