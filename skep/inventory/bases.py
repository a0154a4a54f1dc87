"""Which files in a folder are environments, and which are what those extend. Reads no YAML: completion asks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from skep.files import user_path
from skep.reading.plain import text_of

SUFFIXES = (".yml", ".yaml")
LARGEST = 1024 * 1024
_EXTENDS = re.compile(r"^extends:[ \t]*([^\n]*)((?:\n[ \t]*(?:-[^\n]*|#[^\n]*)?)*)", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


def environments(folder: Path) -> list[Path]:
    """The files of a folder that are environments, the example among them: those that no other one there extends."""
    files = _files(folder)
    under = bases(folder)
    return [file for file in files if _normal(file) not in under]


def bases(folder: Path) -> dict[Path, Path]:
    """What files of a folder extend, each with the first of those files."""
    found: dict[Path, Path] = {}
    for file in _files(folder):
        for base in extended(file):
            if _normal(base) != _normal(file):
                found.setdefault(_normal(base), file)
    return found


def extended(file: Path) -> Iterator[Path]:
    """The paths that a file extends, as far as that can be seen without reading it as YAML."""
    try:
        text = text_of(file.read_bytes()[:LARGEST], "replace")
    except OSError:
        return
    said = _EXTENDS.search(text)
    if said is None:
        return
    first = _COMMENT.sub("", said[1]).strip()
    lines = (_COMMENT.sub("", line).strip().removeprefix("-") for line in said[2].splitlines())
    words = first.strip("[]").split(",") if first else [*lines]
    for word in words:
        if name := word.strip().strip("'\""):
            yield file.parent / user_path(name)


def whole(file: Path) -> list[Path]:
    """A file and all that it extends, directly or not."""
    found = {_normal(file): file}
    waiting = [file]
    while waiting:
        new = [base for base in extended(waiting.pop()) if _normal(base) not in found]
        found |= {_normal(base): base for base in new}
        waiting += new
    return [*found.values()]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))
