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

STOPS = (signal.SIGINT, signal.SIGTERM)


def heed_stops() -> None:
    """The first Ctrl-C or SIGTERM ends the tests; later ones do nothing, so that the labs are taken down."""

    def stop(_: int, __: FrameType | None) -> None:
        for number in STOPS:  # not SIG_IGN, which programs started from here would inherit
            signal.signal(number, lambda _, __: None)
        raise KeyboardInterrupt

    for number in STOPS:
        signal.signal(number, stop)


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
    """A Ctrl-C or SIGTERM that comes meanwhile takes effect at the end: for as long as it takes to clean up."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
