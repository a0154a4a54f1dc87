"""Numbers as people write them, none of them rounded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.compose.keys.quantities import duration, nano_cpus, size
from skep.diff import Change
from skep.measures import in_units

S, M, H = 10**9, 60 * 10**9, 3600 * 10**9
MIB, GIB = 2**20, 2**30
NUMBERS = st.one_of(
    st.integers(0, 2**53),
    st.builds(lambda count, unit: count * unit, st.integers(0, 5000), st.sampled_from([1, 10**6, S, M, H, MIB, GIB])),
)
KEYS = ["StopGracePeriod", "Interval", "MemoryBytes", "SizeBytes", "NanoCPUs", "Mode", "Replicas"]


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("StopGracePeriod", (90 * S, 100 * S), ["90s", "100s"]),
        ("Interval", (90 * S, 2 * M), ["90s", "120s"]),
        ("Interval", (60 * S, 5 * M), ["1m", "5m"]),
        ("StartPeriod", (500 * 10**6, S), ["500ms", "1000ms"]),
        ("StartPeriod", (500 * 10**6, 90 * S), ["500ms", "1m30s"]),
        ("Delay", (0, 10 * S), ["0s", "10s"]),
        ("Delay", (None, 0), [None, "0s"]),
        ("Monitor", (H + 1, 3), ["1h1ns", "3ns"]),
        ("MemoryBytes", (GIB * 3 // 2, 2 * GIB), ["1.5G", "2G"]),
        ("MemoryBytes", (512 * MIB, GIB * 3 // 2), ["512M", "1536M"]),
        ("SizeBytes", (64 * MIB, None), ["64M", None]),
        ("MemoryBytes", (GIB, GIB + 1), ["1073741824b", "1073741825b"]),
        ("NanoCPUs", (250_000_000, S), ["0.25 CPUs", "1 CPU"]),
        ("NanoCPUs", (1, 123_456_789), ["0.000000001 CPUs", "0.123456789 CPUs"]),
        ("Mode", (0o400, 0o440), ["0400", "0440"]),
        ("Mode", (0o4755, 0), ["4755", "0000"]),
        ("Mode", ("global", "replicated"), ["global", "replicated"]),
        ("Delay", (True, "90"), [True, "90"]),
        ("MemoryBytes", (-1, MIB), [-1, "1M"]),
        ("Replicas", (1, 2), [1, 2]),
    ],
)
def test_in_units(key: str, values: tuple[Any, Any], expected: list[Any]) -> None:
    assert in_units(key, values) == expected


@given(st.sampled_from(KEYS), NUMBERS, NUMBERS)
def test_numbers_that_differ_are_distinguished_and_can_be_read_again(key: str, old: int, new: int) -> None:
    texts = in_units(key, (old, new))
    assert (texts[0] == texts[1]) == (old == new)
    read = {"Bytes": size, "Period": duration, "Interval": duration, "Mode": lambda text: int(text, 8)}
    read["CPUs"] = lambda text: nano_cpus(text.split()[0])
    reader = next((read[end] for end in read if key.endswith(end)), int)
    assert [reader(text) for text in texts] == [old, new]


@given(st.one_of(NUMBERS, st.text(), st.booleans(), st.none(), st.lists(st.text())), st.data())
def test_values_that_differ_never_look_the_same(old: Any, data: st.DataObject) -> None:
    like = [st.text(), st.just(str(old)), st.just(f'"{old}"'), st.just(f"{old} "), NUMBERS, st.none(), st.booleans()]
    new = data.draw(st.one_of(like))
    if old != new and not ("***" in str(old) or "***" in str(new)):
        one, other = Change(("Env", data.draw(st.sampled_from([*KEYS, "A"]))), old, new).texts
        assert one != other
        assert not {"\n", "\x1b", "\u202e"} & set(one + other)
