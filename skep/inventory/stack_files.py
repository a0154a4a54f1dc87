"""The files of a stack's folder, as bytes."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

MAX_BYTES = 1024 * 1024
MAX_FILES = 1000


class BadStack(Exception):
    """The folder cannot be taken as a stack; its text says why."""


def is_inside(relative: str) -> bool:
    """Whether a relative path stays in the folder it is relative to."""
    path = PurePosixPath(relative)
    return bool(relative) and not path.is_absolute() and ".." not in path.parts and "\0" not in relative


def read_folder(folder: Path) -> dict[str, bytes]:
    """All regular files under a folder, by their path in it, sorted. Raises ``BadStack``.

    Links to folders are not followed. At most 1 MiB together, because all of it goes to a manager at each deploy.
    """
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    try:
        for path in _regular_files(folder):
            with path.open("rb") as stream:
                content = stream.read(left + 1)
            left -= len(content)
            if left < 0:
                size = MAX_BYTES // 1024
                raise BadStack(f"{folder} holds more than {size} KiB: keep data out of a stack's folder")
            files[path.relative_to(folder).as_posix()] = content
    except OSError as error:
        raise BadStack(f"cannot read {error.filename or folder}: {error.strerror}") from None
    return files


def _regular_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [path for name in sorted(names) if (path := Path(parent) / name).is_file()]
        if len(found) > MAX_FILES:
            raise BadStack(f"{folder} holds more than {MAX_FILES} files")
    return sorted(found)
