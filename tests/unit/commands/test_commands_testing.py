"""Which parts of the tests are run, and when no test at all has a keyword."""

from __future__ import annotations

import pytest

from skep import lab
from skep.commands.repository import testing
from skep.errors import LabError, SkepError, UsageError
from skep.report import Reporter

NONE = testing.NOTHING_CHOSEN


class Runs:
    """In the place of the programs: the status of each by a word of its arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statuses: dict[str, int] = {}
        self.run: list[list[str]] = []
        monkeypatch.setattr(testing, "_statuses", self._statuses)
        monkeypatch.setattr(lab, "unsupported", lambda: "")

    def _statuses(self, argvs: list[list[str]]) -> list[int]:
        self.run += argvs
        self.side_by_side = len(argvs)
        return [next((status for word, status in self.statuses.items() if word in argv), 0) for argv in argvs]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_all_parts_in_order(runs: Runs) -> None:
    testing.run(Reporter(), only=None, keyword=None)
    assert len(runs.run) == len(testing.STATIC) + 4
    assert "tests/unit" in runs.run[-4]
    assert runs.side_by_side == 3
    assert [argv[-1] for argv in runs.run[-3:]] == ["cluster", "beside", "not cluster and not beside"]
    assert all("tests/lab" in argv for argv in runs.run[-3:]) and "tests/oracle" in runs.run[-1]
    assert not any("-k" in argv for argv in runs.run)


@pytest.mark.parametrize("without", [["tests/unit"], ["cluster"], ["tests/unit", "beside"], []])
def test_a_keyword_may_choose_nothing_in_a_part(runs: Runs, without: list[str]) -> None:
    runs.statuses = dict.fromkeys(without, NONE)
    testing.run(Reporter(), only=None, keyword="triple")
    assert [argv[-2:] for argv in runs.run[-4:]] == [["-k", "triple"]] * 4


@pytest.mark.parametrize(("only", "unsupported"), [(None, ""), ("unit", ""), ("lab", ""), (None, "no root")])
def test_a_keyword_that_no_test_has_is_an_error(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, only: str | None, unsupported: str
) -> None:
    monkeypatch.setattr(lab, "unsupported", lambda: unsupported)
    runs.statuses = dict.fromkeys(("tests/unit", "tests/oracle", "tests/lab"), NONE)
    with pytest.raises(UsageError, match="no test that can run here is called tripel"):
        testing.run(Reporter(), only=only, keyword="tripel")


def test_a_failure_ends_it(runs: Runs) -> None:
    runs.statuses = {"tests/unit": 1}
    with pytest.raises(SkepError, match="unit tests failed"):
        testing.run(Reporter(), only=None, keyword="x")
    assert "tests/unit" in runs.run[-1]
    runs.statuses = {"tests/unit": NONE}
    with pytest.raises(SkepError, match="unit tests failed"):
        testing.run(Reporter(), only="unit", keyword=None)


def test_all_that_only_read_the_code_are_run_and_those_that_fail_are_named(runs: Runs) -> None:
    runs.statuses = {"check": 1, str(testing.BIN / "mypy"): 2}
    with pytest.raises(SkepError) as failed:
        testing.run(Reporter(), only=None, keyword=None)
    assert failed.value.message == "lint, types failed"
    assert len(runs.run) == len(testing.STATIC), "what comes after them is not run"


def test_golden_texts_are_written_by_their_tests_only(runs: Runs) -> None:
    testing.write_golden(Reporter(), "stacks")
    [argv] = runs.run
    assert {"SKEP_GOLDEN=write", "-m", "golden", "tests/unit", "tests/roles"} <= set(argv)
    assert "-n" not in argv, "two processes would write the same file"
    assert argv[-2:] == ["-k", "stacks"]


def test_static_has_no_keyword_and_other_parts_are_none(runs: Runs) -> None:
    testing.run(Reporter(), only="static", keyword="x")
    assert len(runs.run) == len(testing.STATIC)
    assert runs.side_by_side == len(testing.STATIC)
    with pytest.raises(UsageError, match="--only units is not one of static, unit, lab, vm"):
        testing.run(Reporter(), only="units", keyword=None)


def test_virtual_machines_are_run_only_when_asked_for(runs: Runs) -> None:
    testing.run(Reporter(), only=None, keyword=None)
    assert not any("tests/vm" in argv for argv in runs.run)
    runs.run.clear()
    testing.run(Reporter(), only="vm", keyword=None)
    assert [argv[-1] for argv in runs.run] == ["tests/vm"]


def test_without_a_lab_the_rest_is_done_but_nothing_else_is_taken_for_it(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "unsupported", lambda: "it needs root")
    testing.run(Reporter(), only=None, keyword=None)
    assert "tests/unit" in runs.run[-1]
    with pytest.raises(LabError, match="the lab tests cannot run here") as failure:
        testing.run(Reporter(), only="lab", keyword=None)
    assert failure.value.cause == "it needs root"
