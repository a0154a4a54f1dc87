"""Which lab an inventory describes, and what is refused before anything is started."""

from __future__ import annotations

import pytest

from skep.commands.lab_hosts import described
from skep.errors import UsageError
from skep.inventory import load
from tests.unit.inventory.conftest import REPOSITORY

LAB = load(REPOSITORY / "inventory" / "lab.yml")


@pytest.mark.parametrize("hosts", [1, 5, 7, 154])
def test_as_many_hosts_as_asked_for(hosts: int) -> None:
    found = described(LAB, hosts=hosts).hosts
    assert len({host.address for host in found}) == len({host.name for host in found}) == hosts
    assert [host.name for host in found[:7]] == ["m1", "m2", "m3", "w1", "w2", "x1", "x2"][:hosts]
    assert len(described(LAB).hosts) == 5


def test_no_more_than_fit() -> None:
    with pytest.raises(UsageError, match=r"--hosts 155: .* has room for 154"):
        described(LAB, hosts=155)
