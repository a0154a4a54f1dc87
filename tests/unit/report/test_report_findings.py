"""Findings as a person reads them: alike ones in one line, accepted ones not, what stands once."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from skep.kinds.files import IMAGE_TAG_MOVES
from skep.kinds.hosts import DISK_LOW, KERNEL_MODULE_MISSING
from skep.model import Accepted
from skep.plan import Finding, Plan
from skep.report.json_events import JsonReporter
from skep.report.lines import LinesReporter
from skep.report.quiet import QuietReporter
from skep.report.shown import Shown
from tests.steps import roles

HOSTS = ("m1", "m2", "m3", "w1", "w2")
SPARE = Accepted("disk-low", "a spare", until=date(2027, 3, 31))


def module(host: str) -> Finding:
    return Finding("warning", "has no kernel module ip_vs", host, next_action="another kernel",
                   kind=KERNEL_MODULE_MISSING, standing=True)  # fmt: skip


def low(host: str, free: int, **more: Any) -> Finding:
    return Finding("warning", f"has only {free} MiB free", host, kind=DISK_LOW, **more)


def plan(*findings: Finding, whole: bool = True) -> Plan:
    return Plan(findings, roles("engine"), HOSTS, whole=whole)


def said(
    found: Plan, capsys: pytest.CaptureFixture[str], shown: Shown | None = None, *, verbose: bool = False, **how: Any
) -> list[str]:
    """Lines about a plan that is only shown, less the one that counts its steps."""
    tell = LinesReporter(verbose=verbose)
    tell.shown = shown
    tell.plan(found, **{"applying": False, **how})
    return capsys.readouterr().out.splitlines()


def test_the_same_of_several_hosts_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(plan(module("m1"), low("m1", 7), module("w2")), capsys) == [
        "warning m1, w2: has no kernel module ip_vs [kernel-module-missing]",
        "  next: another kernel",
        "warning m1: has only 7 MiB free [disk-low]",
    ]
    everywhere = said(plan(*map(module, HOSTS)), capsys)
    assert everywhere[0] == "warning every host: has no kernel module ip_vs [kernel-module-missing]"


def test_something_similar_of_many_hosts_is_one_line_and_verbose_reports_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = plan(*(low(host, 7 + place) for place, host in enumerate(HOSTS)))
    assert said(found, capsys) == [
        "warning m1: has only 7 MiB free; similar: m2, m3, w1, w2 (--verbose shows each) [disk-low]"
    ]
    assert len(said(found, capsys, verbose=True)) == 5
    few = plan(low("m1", 7), low("m2", 8))
    assert len(said(few, capsys)) == 2


def test_errors_are_reported_each(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(*(Finding("error", f"port {place} is held", host) for place, host in enumerate(HOSTS)))
    assert len([line for line in said(found, capsys) if line.startswith("error")]) == 5


def test_what_is_accepted_is_counted_and_reported_where_everything_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(low("w1", 7, accepted=SPARE), module("m1"))
    lines = said(found, capsys)
    assert lines[-1] == "1 finding not repeated (1 accepted); all of them: invoke cluster.status"
    assert not any("MiB" in line for line in lines)
    reported = "warning w1: has only 7 MiB free; accepted: a spare (until 2027-03-31) [disk-low]"
    assert reported in said(found, capsys, verbose=True)
    assert reported in said(found, capsys, everything=True)
    tell = JsonReporter()
    tell.plan(found, applying=False)
    event = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["accepted"] and one["accepted"]["until"]) for one in event["findings"]] == [
        ("disk-low", "2027-03-31"),
        ("kernel-module-missing", None),
    ]


def test_what_is_back_says_until_when_it_was_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(plan(low("w1", 7, lapsed=SPARE)), capsys) == [
        "warning w1: has only 7 MiB free; it was accepted until 2027-03-31: a spare [disk-low]"
    ]


def test_quiet_reports_no_accepted_ones(capsys: pytest.CaptureFixture[str]) -> None:
    QuietReporter().plan(plan(low("w1", 7, accepted=SPARE), low("m1", 8)), applying=True)
    assert capsys.readouterr().out == "warning m1: has only 8 MiB free [disk-low]\n"


def test_what_stands_is_reported_once_for_each_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def again(found: Plan, **how: Any) -> list[str]:
        shown = Shown.of(tmp_path / "prod.yml", {"XDG_STATE_HOME": str(tmp_path)})
        return [line for line in said(found, capsys, shown, **how) if not line.startswith("  next")]

    both = plan(module("m1"), low("m1", 7))
    first, second = again(both), again(both)
    assert len(first) == 2
    assert second == [
        "warning m1: has only 7 MiB free [disk-low]",
        "1 finding not repeated (1 shown before); all of them: invoke cluster.status",
    ]
    assert again(both, everything=True) == first == again(both, verbose=True)
    assert len(again(plan(module("m1"), module("w1")))) == 2, "that of another host is new"
    assert again(plan(whole=False)) == [], "a part of the cluster says nothing of the rest"
    assert again(plan(module("m1")))[0].startswith("1 finding not repeated")
    again(plan())
    assert len(again(plan(module("m1")))) == 1, "what has been gone is new"
    assert Shown.of(tmp_path / "staging.yml", {"XDG_STATE_HOME": str(tmp_path)}).knows(module("m1")) is False


def test_errors_are_repeated_though_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(tmp_path / "shown.json")
    found = plan(Finding("error", "is wrong", "m1", standing=True))
    assert said(found, capsys, shown) == said(found, capsys, shown)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"shown": 3}', "null", "\udcff"])
def test_what_was_shown_may_be_unreadable(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shown.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    shown = Shown(file)
    assert not shown.knows(module("m1"))
    shown.note([module("m1")])
    assert Shown(file).knows(module("m1"))
    assert "ip_vs" not in file.read_text()


def test_where_nothing_can_be_kept_everything_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown.of(Path("prod.yml"), {"XDG_STATE_HOME": "/dev/null"})
    found = plan(Finding("warning", "x", kind=IMAGE_TAG_MOVES, standing=True))
    said(found, capsys, shown)
    assert not Shown.of(Path("prod.yml"), {"XDG_STATE_HOME": "/dev/null"}).knows(found.findings[0])
