"""Which ranges lie in which, for thousands of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from skep.inventory.checks.addresses import Range


def containers(ranges: Sequence[Range]) -> list[list[int]]:
    """For each range, the indexes of the others that hold it whole, widest first.

    Two ranges in CIDR notation overlap only if one holds the other, so this is all there is to overlaps.
    Of equal ranges the first one holds the others.
    """
    order = sorted(range(len(ranges)), key=lambda index: _key(ranges[index], index))
    result: list[list[int]] = [[] for _ in ranges]
    around: list[int] = []
    for index in order:
        current = ranges[index]
        while around and not _holds(ranges[around[-1]], current):
            around.pop()
        result[index] = list(around)
        if not around or ranges[around[-1]] != current:
            around.append(index)
    return result


def _key(item: Range, index: int) -> tuple[int, int, int, int]:
    return item.version, int(item.network_address), item.prefixlen, index


def _holds(outer: Range, inner: Range) -> bool:
    if outer.version != inner.version:
        return False
    first = int(inner.network_address)
    return int(outer.network_address) <= first <= int(outer.broadcast_address)
