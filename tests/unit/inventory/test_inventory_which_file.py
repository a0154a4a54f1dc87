"""Which file is chosen, and what is said when none can be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skep.errors import UsageError
from skep.inventory import choose


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inventory"
    folder.mkdir()
    for name in ("example.yml", "prod.yml", "staging.yml", "notes.txt"):
        (folder / name).write_text("")
    return folder


def test_what_is_asked_for_wins(folder: Path) -> None:
    environ = {"SKEP_INVENTORY": "staging"}
    assert choose("prod", environ=environ, configured="example", folder=folder) == folder / "prod.yml"
    assert choose(None, environ=environ, configured="prod", folder=folder) == folder / "staging.yml"
    assert choose(None, environ={}, configured="prod", folder=folder) == folder / "prod.yml"
    assert choose("", environ={"SKEP_INVENTORY": ""}, configured="prod", folder=folder) == folder / "prod.yml"


def test_the_only_one_but_for_the_example(folder: Path) -> None:
    (folder / "staging.yml").unlink()
    assert choose(None, environ={}, configured=None, folder=folder) == folder / "prod.yml"


def test_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    (folder.parent / "other.yml").write_text("")
    (folder.parent / "plain").write_text("")
    for name, path in {
        str(folder / "prod.yml"): folder / "prod.yml",
        "inventory/prod.yml": Path("inventory/prod.yml"),
        "other.yml": Path("other.yml"),
        "./plain": Path("plain"),
        "prod.yml": folder / "prod.yml",
    }.items():
        assert choose(name, environ={}, configured=None, folder=folder) == path


def test_a_file_from_where_inv_was_called(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("")
    environ = {"SKEP_FROM": str(tmp_path)}
    for name, path in {
        "./mine.yml": tmp_path / "mine.yml",
        "mine.yml": tmp_path / "mine.yml",
        "inventory/prod.yml": folder / "prod.yml",
        str(folder / "prod.yml"): folder / "prod.yml",
        "prod": folder / "prod.yml",
        "staging.yml": folder / "staging.yml",
    }.items():
        assert choose(name, environ=environ, configured=None, folder=folder) == path
    with pytest.raises(UsageError) as raised:
        choose("./nope.yml", environ=environ, configured=None, folder=folder)
    assert f"{tmp_path}/nope.yml does not exist" in str(raised.value)


def test_an_unknown_name_lists_what_is_there(folder: Path) -> None:
    with pytest.raises(UsageError) as raised:
        choose("pord", environ={}, configured=None, folder=folder)
    assert "'pord' (from --inventory)" in raised.value.message and "'prod'" in raised.value.message
    assert "example, prod, staging" in str(raised.value)
    with pytest.raises(UsageError, match="from SKEP_INVENTORY"):
        choose(None, environ={"SKEP_INVENTORY": "inventory/nope.yml"}, configured=None, folder=folder)
    with pytest.raises(UsageError, match=r"from invoke\.yaml"):
        choose(None, environ={}, configured="nope.yml", folder=folder)


def test_invoke_yaml_means_its_own_repository(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere" / "inventory"
    elsewhere.mkdir(parents=True)
    (elsewhere / "prod.yml").write_text("")
    monkeypatch.chdir(folder.parent)
    environ = {"SKEP_FROM": str(elsewhere.parent)}
    here = Path(folder.name)
    assert choose(None, environ=environ, configured=f"{here}/prod.yml", folder=here) == here / "prod.yml"
    named = choose(f"{here}/prod.yml", environ=environ, configured=None, folder=here)
    assert named == elsewhere.parent / here / "prod.yml"


def test_several_and_none_of_them_named(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"which inventory.* there is prod, staging"):
        choose(None, environ={}, configured=None, folder=folder)


def test_the_home_folder_of_nobody_is_a_name_like_any_other(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"'~nobody-of-that-name/prod\.yml'"):
        choose("~nobody-of-that-name/prod.yml", environ={}, configured=None, folder=folder)


def test_none_at_all(folder: Path) -> None:
    for name in ("prod.yml", "staging.yml"):
        (folder / name).unlink()
    for place in (folder, folder / "nowhere"):
        with pytest.raises(UsageError, match=re.escape(f" {place}/")):
            choose(None, environ={}, configured=None, folder=place)
        with pytest.raises(UsageError, match=r"'prod' \(from --inventory\)"):
            choose("prod", environ={}, configured=None, folder=place)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda path: path.mkdir(), "new.yml is a folder"),
        (lambda path: path.symlink_to("nowhere"), "new.yml is a link to nowhere, which leads to no file"),
        (lambda path: path.symlink_to("new.yml"), "new.yml is a link to new.yml, which leads to no file"),
        (os.mkfifo, "new.yml is no regular file"),
    ],
)
def test_what_stands_in_its_place_is_named(folder: Path, made: Callable[[Path], object], why: str) -> None:
    made(folder / "new.yml")
    with pytest.raises(UsageError) as raised:
        choose("new", environ={}, configured=None, folder=folder)
    assert f"{folder}/{why}; in {folder}/ there is example, prod, staging" in str(raised.value)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "inventory").write_text("")
    with pytest.raises(UsageError) as raised:
        choose("new", environ={}, configured=None, folder=tmp_path / "inventory")
    assert f"{tmp_path}/inventory is a file, where a folder is expected" in str(raised.value)
    assert raised.value.next_action == "write a first one with: invoke inventory.init"


def test_choosing_imports_neither_the_schema_nor_yaml(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from skep.inventory import choose;"
        f"choose('prod', environ={{}}, configured=None, folder=Path({str(folder)!r}));"
        "print([name for name in ('skep.inventory.schema', 'yaml') if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
