"""Failures say where, why and what next, and end the process with their own code."""

from __future__ import annotations

import pytest

from skep import errors
from skep.errors import InventoryError, SkepError, StepFailed

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SkepError)]


def test_lines_of_a_full_failure() -> None:
    failure = StepFailed("it broke", host="m1", step="engine/install", cause="no space", next_action="make room")
    assert failure.lines() == ["m1: engine/install: it broke", "  cause: no space", "  next:  make room"]
    assert str(failure) == "\n".join(failure.lines())


@pytest.mark.parametrize(
    ("where", "first"),
    [({}, "it broke"), ({"host": "m1"}, "m1: it broke"), ({"step": "swarm/init"}, "swarm/init: it broke")],
)
def test_only_what_is_known_is_said(where: dict[str, str], first: str) -> None:
    assert SkepError("it broke", **where).lines() == [first]


@pytest.mark.parametrize(("count", "word"), [(0, "errors"), (1, "error"), (3, "errors")])
def test_inventory_error_lists_all_problems_first(count: int, word: str) -> None:
    problems = [f"lab.yml:{line}: hosts: wrong" for line in range(count)]
    failure = InventoryError(iter(problems))
    assert failure.problems == problems
    assert failure.lines() == [*problems, f"the inventory has {count} {word}"]


def test_inventory_error_lists_warnings_beside_the_problems() -> None:
    failure = InventoryError(["a.yml:2: wrong"], ["a.yml:1: odd"])
    assert failure.lines() == ["a.yml:2: wrong", "warning: a.yml:1: odd", "the inventory has 1 error"]


def test_exit_codes_tell_kinds_apart() -> None:
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert codes == codes | {
        "SkepError": 1,
        "OutputLost": 1,
        "UsageError": 2,
        "InventoryError": 2,
        "ConnectError": 3,
        "HostKeyError": 3,
        "SudoError": 3,
        "ProbeError": 3,
        "PreflightError": 4,
        "StepFailed": 5,
        "NotConverged": 6,
        "LockHeld": 7,
        "LockLost": 7,
        "VerifyFailed": 8,
        "LabError": 9,
        "Interrupted": 130,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_documented(kind: type[SkepError]) -> None:
    assert kind.__doc__
