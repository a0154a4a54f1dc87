"""Overlaps found at once are those found one by one."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from skep.inventory.checks.addresses import Range
from skep.inventory.checks.ranges import containers

ranges = st.one_of(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
        lambda pair: ip_network(f"10.0.0.{pair[0]}/{pair[1]}", strict=False)
    ),
    st.tuples(st.integers(0, 255), st.integers(120, 128)).map(
        lambda pair: ip_network(f"fd00::{pair[0]:x}/{pair[1]}", strict=False)
    ),
)


@given(st.lists(ranges, max_size=12, unique=True))
def test_containers_are_those_that_overlap_and_are_wider(found: list[Range]) -> None:
    for inner, outers in zip(found, containers(found), strict=True):
        expected = {
            index
            for index, outer in enumerate(found)
            if outer != inner
            and outer.version == inner.version
            and outer.overlaps(inner)
            and outer.prefixlen < inner.prefixlen
        }
        assert set(outers) == expected


def test_equal_ranges_lie_in_the_first() -> None:
    same = ip_network("10.0.0.0/24")
    assert containers([same, same, same]) == [[], [0], [0]]
