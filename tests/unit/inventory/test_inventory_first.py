"""A first inventory from names loads cleanly and says what was asked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import yaml

from skep.errors import UsageError
from skep.inventory import Inventory, initial

Load = Callable[[str | bytes], Inventory]


@pytest.mark.parametrize(
    ("names", "managers", "workers"),
    [
        (["10.0.0.11"], ["m1"], []),
        (["10.0.0.11", "10.0.0.12"], ["m1"], ["w1"]),
        (["10.0.0.11", "10.0.0.12", "10.0.0.13"], ["m1", "m2", "m3"], []),
        (["a", "b", "c", "d", "e"], ["a", "b", "c"], ["d", "e"]),
        (["a.x.org", "a.y.org", "fd00::1", "m3", "10.0.0.7"], ["a", "a.y.org", "m3-2"], ["m3", "w2"]),
        (["no", "on", "true"], ["no", "on", "true"], []),
        (["my_host", "w1", "w2", "10.0.0.1"], ["m1", "w1", "w2"], ["w1-2"]),
    ],
)
def test_hosts(names: list[str], managers: list[str], workers: list[str], load_text: Load) -> None:
    inventory = load_text(initial(names))
    assert inventory.warnings == ()
    assert [host.name for host in inventory.cluster.managers] == managers
    assert [host.name for host in inventory.cluster.workers] == workers
    assert [host.address for host in inventory.cluster.hosts] == names


def test_users(load_text: Load) -> None:
    same = load_text(initial(["admin@10.0.0.11", "admin@10.0.0.12"]))
    assert {access.user for access in same.access.values()} == {"admin"}
    mixed = load_text(initial(["admin@10.0.0.11", "DOMAIN\\me@b", "c"]))
    assert [access.user for access in mixed.access.values()] == ["admin", "DOMAIN\\me", None]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "name at least one host"),
        (["a", "A"], "named twice"),
        (["10.0.0.300"], "not a valid IPv4 address"),
        (["a b"], "neither an IP address nor a host name"),
        (["ssh://a"], "is not an address"),
        (["a:22"], "holds a port"),
        (["the user@a"], "is not a user name"),
        (["--help"], "neither an IP address nor a host name"),
    ],
)
def test_what_is_no_host(names: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        initial(names)


def test_what_is_commented_out_fits_in() -> None:
    text = initial(["admin@10.0.0.11"])
    assert text.startswith("# yaml-language-server: $schema=")
    switched_on = re.sub(r"^#(?=[a-z]|  )", "", text, flags=re.MULTILINE)
    assert set(yaml.safe_load(switched_on)) == {"ssh", "daemon", "swarm", "hosts", "networks", "stacks"}
