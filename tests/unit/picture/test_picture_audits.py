"""The audits that managers remember: the last one, since when each finding stands, and those to compare with."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skep import history
from skep.audit.record import about, line
from skep.audit.results import results_of
from skep.picture.audits import past_audits
from skep.verify.check import Check
from tests.unit.audit.conftest import TODAY
from tests.unit.lock.shells import ShellPool


def kept(day: int, *found: str, of: str = "", host: str = "m1") -> dict[str, Any]:
    """An audit of that day with findings of these ids."""
    checks = [Check("hosts", host, "x", "failed", f"{one} is wrong", 0.1, id=one, remedy="do it") for one in found]
    checks.append(Check("hosts", "w9", "x", "passed", "", 0.1, id="fine"))
    return dict(line(results_of(checks, [], TODAY), of=of, who="ana@desk", now=datetime(2026, 5, day, 4, tzinfo=UTC)))


def test_the_newest_comes_first_with_since_when_each_finding_stands() -> None:
    entries = [kept(1, "disk-use", "old"), kept(2, "disk-use"), kept(3, "disk-use", "node-down")]
    newest, *others = past_audits(entries)
    assert (newest.found, newest.who, newest.counts["passed"], [one.found for one in others]) == (
        2,
        "ana@desk",
        1,
        [1, 2],
    )
    assert {one.id: one.since.day for one in newest.findings if one.since} == {"disk-use": 1, "node-down": 3}
    assert newest.findings[0].text == "disk-use is wrong" and newest.findings[0].next


def test_what_is_remembered_can_be_given_to_scripts() -> None:
    (newest,) = past_audits([kept(1, "disk-use")])
    severities = json.loads(json.dumps(asdict(newest), default=str))["severities"]
    assert severities == newest.severities and sum(severities.values()) == 1


def test_one_that_was_gone_in_between_is_new() -> None:
    (newest, *_) = past_audits([kept(1, "disk-use"), kept(2), kept(3, "disk-use")])
    assert newest.findings[0].since == newest.taken


def test_only_audits_about_the_same_are_compared() -> None:
    cis, part = about("cis", None), about(None, ["w1", "north side"])
    assert (about(None, None), cis, part) == ("", "--profile cis", "--limit 'w1,north side'")
    entries = [kept(1, "a", of=cis), kept(2, "b"), kept(3, "a", "c", of=cis)]
    assert [one.found for one in past_audits(entries)] == [2, 1]
    assert [one.found for one in past_audits(entries, "")] == [1]
    assert past_audits(entries, part) == () and past_audits([]) == ()


def test_hosts_with_the_same_finding_stand_together_and_long_texts_are_cut() -> None:
    checks = [Check("hosts", host, "x", "failed", "w" * 999, 0.1, id="disk-use") for host in ("m1", "m2")]
    (finding,) = line(results_of(checks, [], TODAY), of="", who="", now=datetime.now(UTC))["findings"]  # type: ignore[misc]
    assert finding["where"] == ["m1", "m2"] and len(finding["text"]) == 200 and finding["text"].endswith("w…")


def test_hosts_with_a_remedy_of_their_own_have_a_row_of_their_own_and_alike_ones_name_all() -> None:
    """Who types what stands beside several hosts has fixed all of them, or sees that there is more to type."""

    def kept(*remedies: str) -> list[tuple[list[str], str]]:
        checks = [
            Check("audit.hosts", f"w{number}", "x", "failed", "stray", 0.1, id="volumes-dangling", remedy=remedy)
            for number, remedy in enumerate(remedies)
        ]
        found: Any = line(results_of(checks, [], TODAY), of="", who="", now=datetime.now(UTC))["findings"]
        return [(one["where"], one["next"]) for one in found]

    first, *others = [f"docker volume rm v{number}" for number in range(9)]
    assert kept(first, others[0], first) == [(["w0", "w2"], f"on each: {first}"), (["w1"], f"on w1: {others[0]}")]
    rows = kept(first, *others)
    assert [where for where, _ in rows[:4]] == [["w0"], ["w1"], ["w2"], ["w3"]]
    assert rows[4][0] == [f"w{number}" for number in range(4, 9)] and "docker" not in rows[4][1] and len(rows) == 5
    prunes = [f"invoke cluster.prune --safe --limit w{number}" for number in range(2)]
    assert kept(*prunes) == [(["w0", "w1"], "invoke cluster.prune --safe --limit w0,w1")]


def test_a_remedy_is_kept_whole_or_not_at_all() -> None:
    """Half of a command can be typed, too: ``rm`` of a volume whose name was cut removes another one."""
    names = [f"data-{number}" for number in range(200)]
    for many in (40, 200):
        remedy = f"docker volume rm {' '.join(names[:many])}"
        checks = [Check("hosts", "m1", "x", "failed", "stray", 0.1, id="volumes-dangling", remedy=remedy)]
        (kept,) = line(results_of(checks, [], TODAY), of="", who="", now=datetime.now(UTC))["findings"]  # type: ignore[misc]
        assert kept["next"].endswith(f" {remedy}") if many == 40 else "docker" not in kept["next"], kept


def test_a_line_that_is_none_of_ours_is_left_out() -> None:
    broken: list[dict[str, object]] = [{"time": "yesterday"}, {"time": "2026-05-01T10:00:00Z", "findings": 7}]
    (audit,) = past_audits(broken)
    assert audit.found == 0 and audit.findings == ()


def test_managers_keep_the_last_ones_and_hosts_that_know_nothing_of_us_stay_so(tmp_path: Path) -> None:
    pool: Any = ShellPool(tmp_path, "m1", "m2")
    pool.sessions["m1"].folder.mkdir()
    for day in range(1, 4):
        history.note_audit(pool, pool.hosts, kept(day, "disk-use"))
    assert not pool.sessions["m2"].folder.exists()
    entries, _ = history.read(pool, pool.hosts, 2, history.AUDITS)
    assert [one.taken.day for one in past_audits(entries)] == [3, 2]
