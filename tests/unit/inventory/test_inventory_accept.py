"""``accept:`` of an inventory."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from skep.errors import InventoryError
from skep.inventory import load

HEAD = """hosts:
  m1: {address: 10.0.0.1, role: manager}
  w1: {address: 10.0.0.2, role: worker, groups: [spare]}
groups: {spare: {}}
stacks: {web: }
accept:
"""
IDS = ("disk-low", "image-tag-moves")


def loaded(folder: Path, text: str) -> list[str]:
    """Problems of an entry."""
    (folder / "stacks" / "web").mkdir(parents=True)
    (folder / "stacks" / "web" / "compose.yml").write_text("services: {}\n")
    path = folder / "inventory" / "prod.yml"
    path.parent.mkdir()
    path.write_text(HEAD + text)
    try:
        found = load(path, environ={}, ids=lambda: IDS)
    except InventoryError as error:
        return [problem.partition(": ")[2] for problem in error.problems]
    return [str(one) for one in found.cluster.accepted]


def test_an_entry_is_read_with_groups_as_their_hosts(tmp_path: Path) -> None:
    entry = "  - {id: disk-low, reason: a spare, until: 2027-03-31, owner: ops, hosts: [spare], stacks: [web]}\n"
    assert loaded(tmp_path, entry) == ["a spare (until 2027-03-31, ops)"]
    [accepted] = load(tmp_path / "inventory" / "prod.yml", environ={}).cluster.accepted
    assert (accepted.until, accepted.hosts, accepted.stacks) == (date(2027, 3, 31), {"w1"}, {"web"})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{id: disk-lwo, reason: x}", "accept[0].id: 'disk-lwo' is the id of no warning (did you mean 'disk-low'?)"),
        ("{id: q, reason: x}", "accept[0].id: 'q' is the id of no warning; all are listed by: invoke docs findings"),
        ("{id: disk-low}", "accept[0].reason: is missing"),
        ("{reason: x}", "accept[0].id: is missing"),
        ("{id: disk-low, reason: ' '}", "accept[0].reason: is empty: say why"),
        ("{id: disk-low, reason: }", "accept[0].reason: has no value: must be text"),
        ("{id: disk-low, reason: x, owner: ''}", "accept[0].owner: is empty"),
        ("{id: disk-low, reason: x, until: soon}", "accept[0].until: must be a date such as 2027-03-31, not 'soon'"),
        ("{id: disk-low, reason: x, until: 2027-02-30}",
         "accept[0].until: must be a date such as 2027-03-31, not '2027-02-30'"),
        ("{id: disk-low, reason: x, until: 20270331}",
         "accept[0].until: must be a date such as 2027-03-31, not '20270331'"),
        ("{id: disk-low, reason: x, hosts: [m2]}",
         "accept[0].hosts[0]: 'm2' is not a host or group of this file"),
        ("{id: disk-low, reason: x, stacks: [wbe]}",
         "accept[0].stacks[0]: 'wbe' is not a stack of this file (did you mean 'web'?)"),
        ("{id: disk-low, reason: x, for: ever}",
         "accept[0].for: unknown key (known here: id, reason, until, owner, hosts, stacks)"),
        ("disk-low", "accept[0]: must be a mapping (key: value), not a single value"),
    ],
)  # fmt: skip
def test_an_entry_that_can_never_accept_anything_is_an_error(tmp_path: Path, entry: str, expected: str) -> None:
    assert loaded(tmp_path, f"  - {entry}\n") == [expected]


def test_the_ids_are_not_looked_at_where_nobody_knows_them(tmp_path: Path) -> None:
    loaded(tmp_path, "  - {id: of-a-role, reason: x}\n")
    assert load(tmp_path / "inventory" / "prod.yml", environ={}).cluster.accepted[0].id == "of-a-role"
