"""A quick start: what Invoke imports and no command needs is left out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

UNNEEDED = ("unittest", "unittest.mock")
"""Invoke's ``MockContext``, which is for tests of tasks, imports these and with them asyncio: a third of its start."""


@contextmanager
def lightly() -> Iterator[None]:
    """Within it Invoke is to be imported; what is imported later gets the real modules."""
    if not any(name in sys.modules for name in UNNEEDED):
        sys.modules.update((name, ModuleType(name)) for name in UNNEEDED)
        vars(sys.modules["unittest.mock"])["Mock"] = object
        try:
            yield
        finally:
            for name in UNNEEDED:
                del sys.modules[name]
    else:
        yield
