"""Times as a user gives them."""

from __future__ import annotations

import pytest

from skep.commands import wording
from skep.errors import UsageError


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), (None, None)])
def test_an_options_time(text: str | None, seconds: float | None) -> None:
    assert wording.seconds_of("--wait-lock", text) == seconds
    with pytest.raises(UsageError, match="--wait-lock soon"):
        wording.seconds_of("--wait-lock", "soon")
