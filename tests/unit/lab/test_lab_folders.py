"""The lab's files in the cache."""

from pathlib import Path

import pytest

from skep.errors import LabError
from skep.lab import folders
from skep.lab.spec import Lab, LabHost

LAB = Lab("unit", "10.84.0.0/24", (LabHost("bee-1", "10.84.0.11"),))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "skep" / "lab"


def test_everything_lies_in_the_cache(cache: Path) -> None:
    assert folders.run("unit") == cache / "run-unit"
    assert folders.host("unit", LAB.hosts[0]) == cache / "run-unit/hosts/bee-1"
    assert folders.known_hosts("unit") == cache / "known_hosts-unit"


def test_a_path_mounts_cannot_bear_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    with pytest.raises(LabError, match="cannot live in"):
        folders.cache()


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    with pytest.raises(LabError, match="lab name"):
        folders.run("../..")


def test_a_saved_lab_is_found_again() -> None:
    assert folders.saved("unit") is None
    folders.save(LAB)
    assert folders.saved("unit") == LAB


def test_mounts_are_found_innermost_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [("a", Path("/x/run-unit/r")), ("b", Path("/x/run-unit/r/sub")), ("c", Path("/x/run-unit2"))]
    monkeypatch.setattr(folders, "mounts", lambda: found)
    assert folders.mounts_below(Path("/x/run-unit")) == [Path("/x/run-unit/r/sub"), Path("/x/run-unit/r")]


def test_nothing_is_deleted_beneath_a_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    folders.save(LAB)
    monkeypatch.setattr(folders, "mounts", lambda: [("disk", folders.run("unit") / "hosts/bee-1/root")])
    with pytest.raises(LabError, match="still mounted"):
        folders.remove(folders.run("unit"))
    assert folders.saved("unit") == LAB


def test_a_lab_that_is_up_out_of_another_cache_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Path("/home/other/.cache/skep/lab/run-unit/hosts/bee-1/root")
    monkeypatch.setattr(folders, "mounts", lambda: [("skep-unit", other)])
    with pytest.raises(LabError, match=r"its files in /home/other/\.cache"):
        folders.refuse_foreign("unit")
    folders.refuse_foreign("unit2")


def test_a_written_file_has_text_and_mode(tmp_path: Path) -> None:
    folders.write(tmp_path / "start", "text", mode=0o755)
    assert (tmp_path / "start").read_text() == "text"
    assert (tmp_path / "start").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["start"]
