"""The files that compose files name: those of the stack's folder, and of others that the inventory allows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath

from skep.dataclass import dataclass
from skep.model import NoFile

MAX_BYTES = 4 * 1024 * 1024
"""Of one file. Swarm's own limits of configs and secrets are lower, and are checked where they are used."""


def is_inside(relative: str) -> bool:
    """Whether a relative path stays in the folder it is relative to."""
    path = PurePosixPath(relative)
    return bool(relative) and not path.is_absolute() and ".." not in path.parts and "\0" not in relative


@dataclass(eq=False)
class StackFiles:
    """Files by name, each read once, when it is asked for: what no compose file names is never looked at.

    A name is relative to ``folder``, absolute, or begins with ``~/``. ``roots`` are the absolute folders outside
    ``folder`` that names may lead into; ``None`` allows all. ``allow`` says how to allow another one, with ``{}`` for
    the folder.
    """

    folder: Path
    roots: Sequence[Path] | None = None
    home: str | None = None
    allow: str = "{}"
    _read: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> bytes:
        """The content. Raises ``NoFile``, which says why there is none."""
        if name not in self._read:
            self._read[name] = self._content(name)
        return self._read[name]

    def names(self) -> list[str]:
        """The YAML files that lie in the folder itself, for whoever mistyped one."""
        try:
            return sorted(path.name for path in self.folder.iterdir() if path.suffix in (".yml", ".yaml"))
        except OSError:
            return []

    def _content(self, name: str) -> bytes:
        try:
            path = self._path(name)
            if path.is_dir():
                raise NoFile("is a folder; name one of the files in it")
            if not path.exists():
                raise NoFile("is not there", absent=True)
            if not path.is_file():
                raise NoFile("is not a regular file")
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise NoFile(f"cannot be read: {error.strerror}") from None
        except ValueError:
            raise NoFile("is not a usable name of a file") from None
        if len(content) > MAX_BYTES:
            raise NoFile(f"is larger than {MAX_BYTES // 1024} KiB")
        return content

    def _path(self, name: str) -> Path:
        if "\0" in name:
            raise ValueError
        if name.startswith("~/"):
            if self.home is None:
                raise NoFile("begins with '~', and there is no HOME in the environment")
            name = os.path.join(self.home, name[2:])  # noqa: PTH118 (an absolute second part must win)
        path = Path(os.path.normpath(self.folder.absolute() / name))
        if self.roots is not None and not is_inside(name) and not self._allowed(path):
            raise NoFile(f"is outside the stack's folder; {self.allow.format(path.parent)}")
        return path

    def _allowed(self, path: Path) -> bool:
        folders = [self.folder.absolute(), *(self.roots or ())]
        return any(path.is_relative_to(os.path.normpath(root)) for root in folders)
