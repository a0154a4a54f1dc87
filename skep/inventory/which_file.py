"""Which inventory file a command works on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from skep.errors import UsageError
from skep.files import user_path
from skep.inventory.bases import SUFFIXES as SUFFIXES
from skep.inventory.bases import bases, environments
from skep.reading.wording import MANY, did_you_mean, few

EXAMPLE = "example"


def choose(name_or_file: str | None, *, environ: Mapping[str, str], configured: str | None, folder: Path) -> Path:
    """The inventory file: the one asked for, else ``SKEP_INVENTORY``, else configured, else the only one.

    A bare name means ``folder/NAME.yml``; what holds a slash or ends in .yml is a file's path, from where ``./inv`` was
    called (``SKEP_FROM``) or from here. Raises ``UsageError`` when there is no such file, or none or several to take it
    from.
    """
    sources = (
        ("--inventory", name_or_file),
        ("SKEP_INVENTORY", environ.get("SKEP_INVENTORY")),
        ("invoke.yaml", configured),
    )
    for source, desired in sources:
        if desired:
            start = "" if source == "invoke.yaml" else environ.get("SKEP_FROM", "")
            return _named(source, desired, folder, Path(start))
    return _only(folder)


def _named(source: str, desired: str, folder: Path, start: Path) -> Path:
    is_file_name = desired.endswith(SUFFIXES)
    if "/" in desired:
        path = user_path(desired)
        candidates = [start / path, path]
    elif is_file_name:
        candidates = [start / desired, Path(desired), folder / desired]
    else:
        candidates = [folder / f"{desired}{suffix}" for suffix in SUFFIXES]
    for candidate in candidates:
        if candidate.is_file():
            _refuse_base(candidate, source)
            return candidate
    names = [path.stem for path in environments(folder)]
    word = Path(desired).stem if is_file_name else Path(desired).name
    raise UsageError(
        f"there is no inventory '{desired}' (from {source}){did_you_mean(word, names)}",
        cause=f"{_why_not(candidates)}; in {folder}/ there is {_listed(names)}",
        next_action=f"{'name one of these with -i, or ' * bool(names)}write a first one with: invoke inventory.init",
    )


def _why_not(candidates: Sequence[Path]) -> str:
    """Why none of them is a file that could be read."""
    for one in candidates:
        if one.is_symlink() and not one.exists():
            return f"{one} is a link to {one.readlink()}, which leads to no file"
        if one.exists():
            return f"{one} is {'a folder' if one.is_dir() else 'no regular file'}"
        if one.parent.exists() and not one.parent.is_dir():
            return f"{one.parent} is a file, where a folder is expected"
    return f"{candidates[0]} does not exist"


def _refuse_base(file: Path, source: str) -> None:
    """A file that others beside it extend is no environment, even where it might be one."""
    by = bases(file.parent).get(Path(os.path.normpath(file.absolute())))
    if by is not None:
        raise UsageError(
            f"{file} is no environment (from {source}): {by.name} extends it",
            next_action=f"name one that extends it, such as -i {by.stem}; what an environment has besides goes into a"
            " file that only it is",
        )


def _only(folder: Path) -> Path:
    found = [path for path in environments(folder) if path.stem != EXAMPLE]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"there is no inventory in {folder}/",
            next_action="write a first one with: invoke inventory.init, or name one with -i",
        )
    names = [path.stem for path in found]
    raise UsageError(
        f"which inventory? in {folder}/ there is {_listed(names)}",
        next_action=f"choose one with -i NAME, for example: -i {names[0]}, or set SKEP_INVENTORY",
    )


def _listed(names: list[str]) -> str:
    return few(names, MANY) if names else "none"
