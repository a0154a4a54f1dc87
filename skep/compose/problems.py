"""What compose files that are wrong end in."""

from __future__ import annotations

from collections.abc import Iterable

from skep.errors import SkepError


class ComposeError(SkepError):
    """Compose files are wrong; carries every problem at once, each ``file:line: key.path: message``."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        super().__init__(f"the compose files have {count} error{'s' if count != 1 else ''}")

    def lines(self) -> list[str]:
        return [*self.problems, self.message]
