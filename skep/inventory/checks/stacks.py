"""Stacks and their files, and registries."""

from __future__ import annotations

import re
from pathlib import Path

from skep.inventory.stack_files import StackFiles, is_inside
from skep.inventory.value_references import Surroundings, located
from skep.model import NoFile
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,51}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def is_server(text: str) -> bool:
    """Whether it names a registry: host or host:port."""
    return bool(_SERVER.fullmatch(text))


def check_stacks(file: Fields, findings: Findings, surroundings: Surroundings) -> dict[str, StackFiles]:
    """Note stacks that do not exist or lack a compose file; gives the files of each by stack name."""
    found: dict[str, StackFiles] = {}
    for name, given in file.section("stacks").items():
        path = ("stacks", name)
        if not _NAME.fullmatch(name):
            findings.error(path, "not a stack name: letters, digits, '_' and '-', at most 52")
        for variable in given.section("variables"):
            if not _VARIABLE.fullmatch(variable):
                message = "not the name of a variable: letters, digits and '_', not starting with a digit"
                findings.error((*path, "variables", variable), message)
        if given.get("timeout") == 0:
            findings.error((*path, "timeout"), "must be more than 0")
        files = _files(path, given, findings, surroundings)
        if files is not None:
            found[name] = files
            _check_compose(path, given, files, findings)
    return found


def _files(path: KeyPath, given: Fields, findings: Findings, surroundings: Surroundings) -> StackFiles | None:
    folder = given.get("folder", path[-1])
    place = (*path, "folder") if "folder" in given else path
    stacks = surroundings.stacks
    if findings.is_broken((*path, "folder")):
        return None
    if not is_inside(folder):
        findings.error(place, "must be a folder inside stacks/")
        return None
    try:
        if (stacks / folder).is_dir():
            return StackFiles(
                stacks / folder,
                tuple(located(root, surroundings).absolute() for root in given.get("files-from", ())),
                surroundings.environ.get("HOME"),
                f"add '{{}}' to {'.'.join(map(str, path))}.files-from in the inventory to allow it",
            )
        shown = findings.written(place, folder)
        findings.error(place, f"{shown} is not a folder in {stacks}{findings.hint(folder, _folders(stacks))}")
    except (OSError, ValueError):
        findings.error(place, "not a usable name of a folder")
    return None


def _folders(stacks: Path) -> list[str]:
    """All folders there are."""
    return sorted(path.name for path in stacks.iterdir() if path.is_dir()) if stacks.is_dir() else []


def _check_compose(path: KeyPath, given: Fields, files: StackFiles, findings: Findings) -> None:
    names = given.get("compose", ["compose.yml"])
    place = (*path, "compose") if "compose" in given else path
    if not names:
        findings.error(place, "is empty: name at least one compose file")
    for index, name in enumerate(names):
        item = (*place, index) if (*place, index) in findings.places else place
        try:
            files[name]
        except NoFile as error:
            shown = findings.written(item, name)
            hint = findings.hint(name, files.names()) if error.absent else ""
            why = "is not a file in the stack's folder" if error.absent else error.why
            findings.error(item, f"{shown} {why}{hint}")


def check_registries(file: Fields, findings: Findings) -> None:
    """Note registries that are not named by host and port."""
    for server in file.section("registries"):
        if "://" in server:
            findings.error(("registries", server), "write the server without http:// or https://")
        elif not _SERVER.fullmatch(server):
            findings.error(("registries", server), "must be host or host:port")
