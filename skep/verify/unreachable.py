"""A host that did not answer, as one item of pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.errors import SkepError
from skep.verify.check import UNREACHABLE

REACH = "can be reached and lets us become root"


class Lost(pytest.Item):
    """Stands for all that could not be looked at on a host."""

    error: SkepError

    @classmethod
    def of(cls, session: pytest.Session, name: str, error: SkepError) -> Lost:
        """The item for one host."""
        item: Lost = cls.from_parent(session, name=name)
        item.error = error
        item.add_marker(pytest.mark.audit(id=UNREACHABLE, remedy=error.next_action or ""))
        return item

    def setup(self) -> None:
        """Where pytest expects what makes an error, not a failure."""
        raise self.error

    def runtest(self) -> None:
        """Never comes to that."""

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is: in no file."""
        return self.path, None, f"ssh[{self.name}]"
