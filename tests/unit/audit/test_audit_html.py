"""The page: whole in itself, with the trend of the page before it, and no name can become more than text."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from skep.audit.html import write
from skep.audit.results import results_of
from skep.verify.check import Check
from tests.unit.audit.conftest import TODAY

NOW = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"' onload=x \u202e @ROWS@ " + "w" * 200


def check(host="m1", outcome="failed", message="full", identity="disk-use", **more):
    return Check("hosts", host, "has room", outcome, message, 0.5, id=identity, remedy="make room", **more)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def written(path, checks):
    write(path, results_of(checks, [], TODAY), cluster="prod", now=NOW)
    return path.read_text()


def test_the_page_needs_nothing_else_and_has_every_result(tmp_path):
    text = written(tmp_path / "a.html", [check(), check("w1", "passed"), check("w2", "error", "no answer")])
    page = Tags(text)
    assert "@" not in re.sub(r"@media", "", text)
    assert not {"src", "href"} & page.attributes and not {"link", "img", "iframe"} & set(page.tags)
    assert text.count("<tr>") == 3 + 1
    assert "default-src 'none'" in text and "width=device-width" in text
    assert text.index("finding</span>") < text.index("not seen</span>") < text.index("passed</span>")
    assert "<code>on m1: make room</code>" in text


def test_hostile_names_stay_text(tmp_path):
    hostile = check(HOSTILE, message=HOSTILE, evidence=((HOSTILE, HOSTILE),), stack=HOSTILE)
    text = written(tmp_path / "a.html", [hostile])
    plain = Tags(written(tmp_path / "b.html", [check(evidence=(("a", "b"),))]))
    assert Tags(text).tags == plain.tags and Tags(text).attributes == plain.attributes
    assert "\u202e" not in text and "\\u202e" in text
    assert "@ROWS@" in text


def test_the_trend_goes_on_with_what_the_file_held(tmp_path):
    path = tmp_path / "a.html"
    first = written(path, [check(), check("w1")])
    assert "No earlier audit" in first
    second = written(path, [check()])
    assert "2 findings before, 1 now" in second and "<polyline" in second
    kept = json.loads(re.search(r'id="history">(.*?)</script>', second)[1])
    assert [one["finding"] for one in kept] == [2, 1]


def test_a_file_that_is_no_report_has_no_trend(tmp_path):
    for content in ("", "something", '<script type="application/json" id="history">{not json</script>'):
        path = tmp_path / "a.html"
        path.write_text(content)
        assert "No earlier audit" in written(path, [check()])
