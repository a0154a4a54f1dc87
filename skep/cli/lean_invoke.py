"""A quick start: what Invoke imports and no command needs is left out."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

UNNEEDED = ("unittest", "unittest.mock")
"""Invoke's ``MockContext``, which is for tests of tasks, imports these and with them asyncio: a third of its start."""

COPIED = "invoke.vendor.yaml"
"""Invoke's own copy of PyYAML, which imports the installed one as well. That one serves both."""

COLLECTED = 200_000
"""New objects after which Python looks for garbage, instead of 700: loading modules makes some 100,000 and none."""


def quickly() -> None:
    """Spend as little as can be on loading modules: keep them compiled, unless Python was started with ``-B``; Invoke's
    own program keeps none. And look for no garbage while they load and when all ends."""
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    gc.set_threshold(COLLECTED)
    atexit.register(gc.freeze)  # else the interpreter's last collections take longer than all that is left to do


@contextmanager
def lightly() -> Iterator[None]:
    """Within it Invoke is to be imported; what is imported later gets the real modules."""
    quickly()
    if "invoke" in sys.modules:
        yield
        return
    import yaml

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
