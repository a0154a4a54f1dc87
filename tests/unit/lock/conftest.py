"""Pools of hosts that are folders, and locks on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.lock.shells import ShellPool

MANAGERS = ("m1", "m2", "m3")


@pytest.fixture
def pool(tmp_path: Path) -> Callable[..., ShellPool]:
    """A view of the managers: each has sessions of its own; ``silent`` names those it cannot reach."""

    def make(*hosts: str, silent: str = "") -> ShellPool:
        made = ShellPool(tmp_path, *(hosts or MANAGERS))
        for name in silent.split():
            made[name].down = True
        return made

    return make
