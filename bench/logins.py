"""Logins and session channels, counted from the hosts' own SSH servers (the lab's log at VERBOSE)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.place import Place

_COUNT = (
    "sleep 0.3; sudo journalctl --sync; sudo journalctl -q -t sshd -t sshd-session -o cat |"
    " awk '/^Accepted publickey/ {a++} /^Starting session/ {s++} END {print a, s}'"
)


@contextmanager
def counted(place: Place) -> Iterator[dict[str, tuple[int, int]]]:
    """Host → (logins, channels) within the context; filled when it ends. Counting itself is taken off."""
    found: dict[str, tuple[int, int]] = {}
    before = _read(place)
    yield found
    for name, (logins, channels) in _read(place).items():
        found[name] = (logins - before[name][0] - 1, channels - before[name][1] - 1)


def _read(place: Place) -> dict[str, tuple[int, int]]:
    answers = {name: text.split() for name, text in place.everywhere(_COUNT).items()}
    return {name: (int(logins), int(channels)) for name, (logins, channels) in answers.items()}
