"""What lies on the hosts' disks: every path with its times, and the content of what configures or remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from tests.lab.rig.hosts import Hosts, until

Listing = Mapping[str, frozenset[str]]
T = TypeVar("T")

PATHS = r"""
export LC_ALL=C
cd /
find / /tmp /run /var/lib/docker /var/lib/containerd -xdev \
  \( -path /proc -o -path /sys -o -path /dev -o -path '/run/*/*' -o -path '/var/lib/docker/containers/*/*' \
     -o -path /var/log -o -path /run/utmp \) -prune \
  -o \( -path /tmp -o -path /run -o -path '/run/*' -o -path '/var/lib/docker/containers/*' \) \
  -printf '%p\t%y\t%m\t%l\n' \
  -o -printf '%p\t%y\t%m\t%U:%G\t%s\t%T@\t%C@\t%l\n' 2>/dev/null || true
"""
"""One line a path: kind, mode, owner, size, times of content and of inode, link target.

Left out is what lives without the tool: logs, what running containers note of themselves, and the times of folders in
memory, where only names count.
"""
CONTENTS = r"""
export LC_ALL=C
find /etc /var/lib /root /home /srv /opt /usr/local /tmp -type f \
  ! -path '*/overlay2/*' ! -path '/var/lib/docker/containers/*' -print0 2>/dev/null |
  xargs -0r sha256sum 2>/dev/null || true
"""
"""One line a file: its checksum."""

OF_ENGINES = ("/var/lib/docker/network/files", "/var/lib/docker/swarm")
"""Where engines write of their own accord: when a busy machine makes a node lose its manager for a while."""
TRIES = 3


def listing(hosts: Hosts) -> Listing:
    """Everything on every host, once two looks in a row agree."""
    looks = [_look(hosts, PATHS)]

    def settled() -> bool:
        looks.append(_look(hosts, PATHS))
        return looks[-1] == looks[-2]

    until("the disks come to rest", settled, patience=120)
    contents = _look(hosts, CONTENTS)
    return {name: found | contents[name] for name, found in looks[-1].items()}


def _look(hosts: Hosts, script: str) -> Listing:
    return {name: frozenset(text.splitlines()) for name, text in hosts.each(script).items()}


def must_be_same(before: Listing, after: Listing, why: str) -> None:
    """Nothing was written between two listings."""
    lines = _differing(before, after)
    assert not lines, f"{why}, and {len(lines)} lines of the hosts' listings differ:\n" + "\n".join(lines[:40])
    assert all(len(found) > 1000 for found in after.values()), "the listings are too short to prove anything"


def must_write_nothing(hosts: Hosts, act: Callable[[], T], why: str) -> T:
    """Nothing is written while ``act`` runs.

    Where engines alone may have written, it runs again: what they note happens once, what ``act`` writes happens at
    every run.
    """
    for _ in range(TRIES):
        before, result, after = listing(hosts), act(), listing(hosts)
        lines = _differing(before, after)
        if not lines or not all(any(path in line for path in OF_ENGINES) for line in lines):
            break
    must_be_same(before, after, why)
    return result


def _differing(before: Listing, after: Listing) -> list[str]:
    return [
        f"{name} {sign} {line}"
        for name in before
        for sign, found in (("-", before[name] - after[name]), ("+", after[name] - before[name]))
        for line in sorted(found)
    ]
