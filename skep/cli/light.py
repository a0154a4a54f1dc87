"""A quick start: what Invoke imports and no command needs is left out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import yaml

UNNEEDED = ("unittest", "unittest.mock")
"""Invoke's ``MockContext``, which is for tests of tasks, imports these and with them asyncio: a third of its start."""

COPIED = "invoke.vendor.yaml"
"""Invoke's own copy of PyYAML, which imports the installed one as well. That one serves both."""

COLLECTED = 200_000
"""New objects after which Python looks for garbage, instead of 700: loading modules makes some 100,000 and none."""


@contextmanager
def lightly() -> Iterator[None]:
    """Within it Invoke is to be imported; what is imported later gets the real modules."""
    gc.set_threshold(COLLECTED)
    if "invoke" in sys.modules:
        yield
        return
    sys.modules.setdefault(COPIED, yaml)
    stubs = {name: ModuleType(name) for name in UNNEEDED} if not set(UNNEEDED) & set(sys.modules) else {}
    for one in stubs.values():
        vars(one)["Mock"] = object
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for name in stubs:
            del sys.modules[name]
