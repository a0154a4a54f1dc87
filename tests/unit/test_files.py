"""Files that somebody reads are written whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from skep.errors import OutputLost, UsageError
from skep.files import put, replacing, user_path, writable


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_folder_is_found_and_that_of_nobody_is_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    for text, path in {"~/a": "/home/ops/a", "~": "/home/ops", "a~/b": "a~/b", "~no-one/a": "~no-one/a"}.items():
        assert user_path(text) == Path(path)
    assert user_path("~\0/a") == Path("~\0/a")


def test_a_file_replaces_the_one_before_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    put(file, "first")
    assert mode(file) == 0o666 & ~umask()
    file.chmod(0o640)
    before = file.stat().st_ino
    put(file, b"second")
    assert (file.read_text(), mode(file), names(tmp_path)) == ("second", 0o640, ["page.html"])
    assert file.stat().st_ino != before
    put(file, "third", mode=0o755)
    assert mode(file) == 0o755


def umask() -> int:
    found = os.umask(0o22)
    os.umask(found)
    return found


def test_what_fails_halfway_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    put(file, "first")
    with pytest.raises(OutputLost, match="cannot write") as lost, replacing(file) as opened:
        opened.write(b"half of the sec")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (file.read_text(), names(tmp_path)) == ("first", ["page.html"])
    assert lost.value.cause == "No space left on device"
    assert lost.value.next_action == f"make room: df -h {tmp_path}; then run the same command again"


def test_ctrl_c_leaves_what_was_there(tmp_path: Path) -> None:
    put(tmp_path / "page.html", "first")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "page.html"):
        raise KeyboardInterrupt
    assert (tmp_path / "page.html").read_text() == "first" and names(tmp_path) == ["page.html"]


def test_characters_that_no_encoding_has_are_replaced(tmp_path: Path) -> None:
    put(tmp_path / "page.html", "a\udcffb")
    assert (tmp_path / "page.html").read_text() == "a?b"


def test_a_link_of_our_own_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link = tmp_path / "link"
    link.symlink_to("kept/page.html")
    put(link, "text")
    assert link.is_symlink() and (tmp_path / "kept" / "page.html").read_text() == "text"
    assert names(tmp_path / "kept") == ["page.html"]


def test_a_link_of_somebody_else_is_not_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "link").symlink_to("other")
    _owned(monkeypatch, tmp_path / "link", by=4712, ours=4711)
    put(tmp_path / "link", "text")
    assert (tmp_path / "other").read_text() == "mine" and (tmp_path / "link").read_text() == "text"
    assert not (tmp_path / "link").is_symlink()


def test_a_link_of_root_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").write_text("before")
    (tmp_path / "link").symlink_to("other")
    _owned(monkeypatch, tmp_path / "link", by=0, ours=4711)
    put(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "other").read_text() == "text"


def test_a_link_of_the_folder_s_owner_is_not_written_through_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "link").symlink_to("other")
    owner, found = 4712, Path.stat
    _owned(monkeypatch, tmp_path / "link", by=owner, ours=4711)

    def owned(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        fields = list(found(path, follow_symlinks=follow_symlinks))
        return os.stat_result([*fields[:4], owner if path == tmp_path else fields[4], *fields[5:]])

    monkeypatch.setattr(Path, "stat", owned)
    put(tmp_path / "link", "text")
    assert (tmp_path / "other").read_text() == "mine" and not (tmp_path / "link").is_symlink()


def _owned(monkeypatch: pytest.MonkeyPatch, link: Path, *, by: int, ours: int) -> None:
    found = Path.lstat
    monkeypatch.setattr(os, "geteuid", lambda: ours)

    def lstat(path: Path) -> os.stat_result:
        fields = list(found(path))
        return os.stat_result([*fields[:4], by if path == link else fields[4], *fields[5:]])

    monkeypatch.setattr(Path, "lstat", lstat)


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM])
def test_a_file_that_no_other_may_replace_is_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    file = tmp_path / "page.html"
    file.write_text("a longer text")
    before = file.stat().st_ino

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    put(file, "text")
    assert (file.read_text(), file.stat().st_ino, names(tmp_path)) == ("text", before, ["page.html"])
    with pytest.raises(OutputLost):
        put(tmp_path / "new.html", "text")
    assert names(tmp_path) == ["page.html"]


def test_the_group_is_kept_where_the_owner_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "page.html"
    file.write_text("before")
    given: list[int] = []

    def chown(descriptor: int, owner: int, group: int) -> None:
        if owner != -1:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        given.append(group)

    monkeypatch.setattr(os, "fchown", chown)
    put(file, "text")
    assert file.read_text() == "text"
    assert given == [file.stat().st_gid]


@pytest.mark.parametrize("folder", [None, 0o700])
def test_folders_are_made_where_that_is_asked_for(tmp_path: Path, folder: int | None) -> None:
    if folder is None:
        with pytest.raises(OutputLost) as lost:
            put(tmp_path / "new" / "sub" / "file", "", folder=folder)
        assert names(tmp_path) == []
        assert str(lost.value.next_action).startswith(f"see who may write there: ls -ld {tmp_path};")
    else:
        put(tmp_path / "new" / "file", "", folder=folder)
        assert mode(tmp_path / "new") == 0o700


def test_a_device_stays_one() -> None:
    writable(Path("/dev/null"), "--html")
    put(Path("/dev/null"), "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OutputLost, match="cannot write /dev/full") as lost:
        put(Path("/dev/full"), "text")
    assert "make room" in str(lost.value.next_action)


def test_what_the_shell_has_opened_is_written_on(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as opened:
        put(Path(f"/dev/fd/{opened.fileno()}"), "text")
        assert os.fstat(opened.fileno()).st_size == 4


def test_a_file_in_a_folder_that_takes_no_other_is_written_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "page.html"
    file.write_text("a longer text")
    before = file.stat().st_ino
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    writable(file, "--html")
    put(file, "text")
    assert (file.read_text(), file.stat().st_ino) == ("text", before)


@pytest.mark.parametrize("place", ["folder", "nowhere/page.html", "file/page.html", f"{'x' * 300}.html"])
def test_what_cannot_be_written_is_known_before(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    before = names(tmp_path)
    with pytest.raises(UsageError, match="cannot write") as caught:
        writable(tmp_path / place, "--html")
    assert caught.value.cause and "--html" in str(caught.value.next_action)
    with pytest.raises(OutputLost) as lost:
        put(tmp_path / place, "text")
    assert lost.value.cause and lost.value.next_action
    assert names(tmp_path) == before


def test_a_look_ahead_leaves_nothing(tmp_path: Path) -> None:
    writable(tmp_path / "page.html", "--html")
    assert names(tmp_path) == []
    put(tmp_path / "page.html", "text")
    writable(tmp_path / "page.html", "--html")
    assert (tmp_path / "page.html").read_text() == "text"


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    with pytest.raises(OutputLost) as lost:
        put(tmp_path / "in the way" / "page.html", "text", folder=0o755)
    assert lost.value.cause == f"{tmp_path / 'in the way'}: File exists"
