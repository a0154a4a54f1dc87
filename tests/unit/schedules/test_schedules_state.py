"""What is kept of a schedule's runs, and what its unit was given in place of variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.inventory.value_references import BadReference, Surroundings
from skep.schedules.state import Kept


def test_a_run_begins_ends_and_is_paused(tmp_path: Path) -> None:
    kept = Kept.of("prod", "nightly", {"SKEP_STATE": str(tmp_path / "prod")})
    assert (kept.last, kept.begun, kept.known, kept.paused) == ({}, {}, {}, False)
    kept.begin({"started": "now"})
    assert kept.begun == {"started": "now"}
    kept.end({"result": "ok"})
    assert (kept.last, kept.begun) == ({"result": "ok"}, {})
    kept.pause("root@host")
    assert kept.paused
    kept.resume()
    assert not kept.paused


def test_two_runs_at_once_write_beside_each_other(tmp_path: Path) -> None:
    (tmp_path / "nightly.json.new").mkdir()  # what another run is writing
    kept = Kept(tmp_path, "nightly")
    kept.end({"result": "ok"})
    assert kept.last == {"result": "ok"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["nightly.json", "nightly.json.new"]


def test_a_variable_that_is_not_set_is_what_the_unit_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env.TOKEN").write_text("hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Surroundings({}, tmp_path).resolve("${env:TOKEN}").text == "hunter2"
    assert Surroundings({"TOKEN": "set"}, tmp_path).resolve("${env:TOKEN}").text == "set"
    with pytest.raises(BadReference):
        Surroundings({}, tmp_path).resolve("${env:OTHER}")
