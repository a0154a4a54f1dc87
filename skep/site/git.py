"""What git says of a site: which files it keeps, and which it ignores."""

from __future__ import annotations

import subprocess
from functools import cached_property
from pathlib import Path

SECONDS = 60.0


class Git:
    """The git repository that a folder is in. Names are relative to the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    @cached_property
    def problem(self) -> str:
        """Why git cannot tell; empty where it can."""
        code, _, error = self._ask("rev-parse", "--is-inside-work-tree")
        return "" if code == 0 else (error.strip().splitlines() or ["git failed"])[-1]

    @cached_property
    def files(self) -> frozenset[str]:
        """Files that are committed, or will be with the next commit."""
        return frozenset(self._ask("ls-files", "-z")[1].split("\0")[:-1])

    def ignores(self, name: str) -> bool:
        """Whether ``git add`` passes the file over."""
        return self._ask("check-ignore", "--quiet", "--no-index", name)[0] == 0

    def short(self, path: Path) -> str:
        """The path's name in the folder; of one outside, the whole path."""
        path = path.absolute()
        for folder in (self.folder, Path.cwd()):
            if path.is_relative_to(folder):
                return str(path.relative_to(folder))
        return str(path)

    def _ask(self, *words: str) -> tuple[int, str, str]:
        try:
            done = subprocess.run(
                ["git", *words], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="surrogateescape", timeout=SECONDS, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            return 127, "", "git is not installed"
        except subprocess.TimeoutExpired:
            return 124, "", f"git did not answer within {SECONDS:g} s"
        return done.returncode, done.stdout, done.stderr
