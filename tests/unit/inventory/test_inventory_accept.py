"""``accept:`` of an inventory."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.errors import InventoryError
from skep.inventory import load
from tests.golden import golden

HEAD = """hosts:
  m1: {address: 10.0.0.1, role: manager}
  w1: {address: 10.0.0.2, role: worker, groups: [spare]}
groups: {spare: {}}
stacks: {web: }
accept:
"""
FILE = Path(__file__).with_name("accept.yml")
CASES = yaml.safe_load(FILE.read_text())
IDS = ("disk-low", "image-tag-moves", "cis-5.11", "cis-5.1")


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


@pytest.mark.golden
@pytest.mark.parametrize(("place", "case"), list(enumerate(CASES)), ids=[case["entry"] for case in CASES])
def test_an_entry_that_can_never_accept_anything_is_an_error(tmp_path: Path, place: int, case: dict[str, Any]) -> None:
    problems = loaded(tmp_path, f"  - {case['entry']}\n")
    assert problems == golden(FILE, place, case, "problems", problems)
    assert len(problems) == 1 and problems[0].startswith("accept[0]"), problems


def test_the_ids_are_not_looked_at_where_nobody_knows_them(tmp_path: Path) -> None:
    loaded(tmp_path, "  - {id: of-a-role, reason: x}\n")
    assert load(tmp_path / "inventory" / "prod.yml", environ={}).cluster.accepted[0].id == "of-a-role"
