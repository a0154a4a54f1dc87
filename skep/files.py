"""Files of this machine that somebody reads, such as reports: written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from skep.errors import OutputLost, UsageError
from skep.shell import quoted

FULL = (errno.ENOSPC, errno.EDQUOT)
KEPT = (errno.EBUSY, errno.EPERM, errno.EACCES)
"""Why no other file takes its place: a container has it mounted, or a folder such as ``/tmp`` keeps others' files."""
DEVICES = Path("/dev")


def user_path(name: str) -> Path:
    """A file as a user names it: ``~`` is the home folder, but where nobody has one it is a name like any other."""
    try:
        return Path(name).expanduser()
    except (RuntimeError, ValueError):
        return Path(name)


def put(path: Path, content: str | bytes, *, mode: int | None = None, folder: int | None = None) -> None:
    """Write a file in one move; as ``replacing``."""
    with replacing(path, mode=mode, folder=folder) as file:
        file.write(content.encode(errors="replace") if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, *, mode: int | None = None, folder: int | None = None) -> Iterator[BinaryIO]:
    """A file to write on, which takes the place of ``path`` in one move at the end: what fails leaves all as it was.

    A link stays, and so do owner and mode of what was there; ``mode`` is another one. ``folder`` is the mode of
    folders that are made. Raises ``OutputLost``.
    """
    try:
        target = _target(path)
        if folder is not None:
            target.parent.mkdir(parents=True, exist_ok=True, mode=folder)
        with target.open("wb") if _stays(target) else _beside(target, mode) as file:
            yield file
    except OSError as error:
        there = next((one for one in path.parents if one.exists()), path.parent)
        look = "make room: df -h" if error.errno in FULL else "see who may write there: ls -ld"
        raise OutputLost(
            f"cannot write {path}",
            cause=f"{error.filename}: {error.strerror}" if _is_above(path, error.filename) else error.strerror,
            next_action=f"{look} {quoted(str(there))}; then run the same command again",
        ) from None


def writable(path: Path, option: str) -> None:
    """Raise ``UsageError`` for a file that cannot be written: before hosts are asked, not after. Leaves nothing."""
    try:
        target = _target(path)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _stays(target):
            beside, descriptor = _created(target, 0o600)
            os.close(descriptor)
            beside.unlink()
        elif target.is_file():
            os.close(os.open(target, os.O_WRONLY))
    except OSError as error:
        raise UsageError(
            f"cannot write {path}",
            cause=error.strerror,
            next_action=f"name a file with {option}, in a folder that is there and that you may write to",
        ) from None


def _target(path: Path) -> Path:
    """Where a link leads to that we or root made. Another user's is replaced, also in a folder of theirs: it may be
    there to have a file overwritten that they may not write."""
    trusted = path.is_symlink() and path.lstat().st_uid in (os.geteuid(), 0)
    return Path(os.path.realpath(path)) if trusted and not _is_device(path) else path


def _stays(target: Path) -> bool:
    """Whether it is written on as it is: a device or a pipe, or a file in a folder that takes no other."""
    if _is_device(target):
        return True
    if target.is_symlink() or not target.exists() or target.is_dir():
        return False
    return not target.is_file() or not os.access(target.parent, os.W_OK)


def _is_device(path: Path) -> bool:
    """Also what the shell has opened, such as ``/dev/stdout``, which may lead to a file."""
    return DEVICES in path.absolute().parents and path.exists() and not path.is_dir()


def _is_above(path: Path, name: object) -> bool:
    """Whether it is a folder that the file lies in."""
    return isinstance(name, str | Path) and Path(name).absolute() in path.absolute().parents


@contextmanager
def _beside(target: Path, mode: int | None) -> Iterator[BinaryIO]:
    before = target.stat() if target.exists() and not target.is_symlink() else None
    mode = stat.S_IMODE(before.st_mode) if mode is None and before else mode
    beside, descriptor = _created(target, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if before:
                for owner in (-1, before.st_uid):  # the group may be ours to give where the owner is not
                    with suppress(PermissionError):
                        os.fchown(descriptor, owner, before.st_gid)
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield file
        _move(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _move(beside: Path, target: Path) -> None:
    try:
        beside.replace(target)
    except OSError as error:
        if error.errno not in KEPT or target.is_symlink() or not target.is_file():
            raise
        with target.open("r+b") as file:
            file.write(beside.read_bytes())
            file.truncate()


def _created(target: Path, mode: int) -> tuple[Path, int]:
    beside = target.with_name(f".skep-{os.urandom(6).hex()}")
    return beside, os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
