"""The labs of a run of tests: its own from first to last, and gone after it, however it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

import pytest

from skep import lab
from tests.lab.rig.hosts import Hosts
from tests.lab.rig.leftovers import must_be_gone
from tests.lab.rig.turn import if_free, on_machine, turn

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
def only_ours(
    config: pytest.Config, labs: Mapping[str, lab.Lab], *, alone: bool = False
) -> Iterator[Callable[[str], Hosts]]:
    """A maker of labs by name, of those given; no other is touched. ``alone``: while no other tests have labs.

    From its first use on a lab is this run's. What a crashed run left is taken down first, this run's labs at the
    end, however it comes; then nothing is left of them.
    """
    assert not lab.unsupported(), lab.unsupported()
    ours: list[str] = []
    with ExitStack() as held:

        def make(name: str) -> Hosts:
            if name not in ours:
                held.enter_context(turn(config, name))
                ours.append(name)
                lab.down(name)
            return Hosts(labs[name])

        held.enter_context(on_machine(config, alone=alone))
        for name in labs:
            with if_free(name) as free:
                if free:
                    lab.down(name)
        try:
            yield make
        finally:
            with undisturbed():
                for name in ours:
                    lab.down(name)
        must_be_gone(ours)


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
