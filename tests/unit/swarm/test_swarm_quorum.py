"""How far the managers are from losing their quorum, as ``cluster.status`` shows it."""

from __future__ import annotations

import pytest

from skep.swarm.quorum import quorum


@pytest.mark.parametrize(
    ("reachable", "lost", "at_risk", "text"),
    [
        (1, 0, False, "1 of 1 managers reachable; one more loss stops changes"),
        (3, 0, False, "3 of 3 managers reachable; 1 more may be lost before changes stop"),
        (2, 1, True, "2 of 3 managers reachable; one more loss stops changes"),
        (1, 1, True, "1 of 2 managers reachable; changes have stopped"),
        (4, 1, False, "4 of 5 managers reachable; 1 more may be lost before changes stop"),
        (3, 2, True, "3 of 5 managers reachable; one more loss stops changes"),
        (3, 1, True, "3 of 4 managers reachable; one more loss stops changes"),
    ],
)
def test_a_quorum(reachable: int, lost: int, at_risk: bool, text: str) -> None:
    nodes = [
        {"ID": f"m{number}", "Description": {}, "ManagerStatus": {"Reachability": state}}
        for number, state in enumerate(["reachable"] * reachable + ["unreachable"] * lost)
    ]
    found = quorum([*nodes, {"ID": "w1", "Description": {}}])
    assert (found.at_risk, str(found)) == (at_risk, text)
    assert found.unreachable == tuple(f"m{number}" for number in range(reachable, reachable + lost))
