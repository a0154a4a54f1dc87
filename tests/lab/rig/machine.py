"""This machine for one run of tests at a time, with its labs: cleaned before and after, however a run ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import pytest

from skep import lab
from tests.lab.rig.hosts import Hosts
from tests.lab.rig.leftovers import must_be_gone
from tests.lab.rig.turn import turn


def heed_sigterm() -> None:
    """SIGTERM acts as Ctrl-C does, so that the labs are taken down."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


@contextmanager
def only_ours(config: pytest.Config, labs: Mapping[str, lab.Lab]) -> Iterator[Callable[[str], Hosts]]:
    """A maker of labs by name, of those given; no other is touched.

    Labs that a crashed run left are taken down first, all labs at the end, however it comes; then nothing is left.
    """
    assert not lab.unsupported(), lab.unsupported()
    with turn(config):
        for name in labs:
            lab.down(name)
        try:
            yield lambda name: Hosts(labs[name])
        finally:
            with undisturbed():
                for name in labs:
                    lab.down(name)
        must_be_gone(labs)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Neither Ctrl-C nor SIGTERM, for as long as it takes to clean up."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
