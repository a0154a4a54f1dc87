"""The page: whole in itself, with the trend of the audits before it, and no name can become more than text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from skep.audit.html import page
from skep.audit.results import results_of
from skep.picture.model import Audit
from skep.verify.check import Check
from tests.unit.audit.conftest import TODAY

NOW = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"' onload=x \u202e {{ 7 * 7 }} " + "w" * 200


def check(
    host: str = "m1", outcome: Any = "failed", message: str = "full", identity: str = "disk-use", **more: Any
) -> Check:
    return Check("hosts", host, "has room", outcome, message, 0.5, id=identity, remedy="make room", **more)


def audits(*found: int) -> list[Audit]:
    """Newest first."""
    return [Audit(NOW - timedelta(days=day), "", "", {"finding": number}, {}) for day, number in enumerate(found)]


def written(checks: list[Check], earlier: tuple[int, ...] = ()) -> str:
    results = results_of(checks, [], TODAY)
    return page(results, cluster="prod", now=NOW, about="--profile cis", audits=audits(1, *earlier))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_needs_nothing_else_and_has_every_result() -> None:
    text = written([check(), check("w1", "passed"), check("w2", "error", "no answer")])
    found = Tags(text)
    assert "src" not in found.attributes and not {"img", "iframe"} & set(found.tags)
    assert text.count("<tr data-filter>") == 3
    assert "default-src 'none'" in text and "unsafe-inline" not in text and "width=device-width" in text
    assert text.index("finding</span>") < text.index("not seen</span>") < text.index("passed</span>")
    assert "<code>on m1: make room</code>" in text and "--profile cis" in text


def test_hostile_names_stay_text() -> None:
    text = written([check(HOSTILE, message=HOSTILE, evidence=((HOSTILE, HOSTILE),), stack=HOSTILE)])
    plain = Tags(written([check(evidence=(("a", "b"),))]))
    assert Tags(text).tags == plain.tags and Tags(text).attributes == plain.attributes
    assert "\u202e" not in text and "\\u202e" in text and "{{ 7 * 7 }}" in text


def test_the_trend_shows_the_audits_before() -> None:
    assert "No earlier audit" in written([check()])
    text = written([check()], (2, 0, 3))
    assert "2 findings before, 1 now" in text and "of the last 4 audits: at most 3, now 1" in text
    heights = [float(one) for one in re.findall(r'class="bar[^>]*height="([\d.]+)"', text)]
    assert len(heights) == 4 and heights[0] == max(heights) and heights[1] == min(heights)
