"""The page on audits: what it offers for the inventory is read as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skep.audit.controls import all_controls
from skep.commands.repository.audit_page import page
from skep.inventory import load

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
HOSTS = "hosts:\n  m1: {address: 10.0.0.1, role: manager}\n  w1: {address: 10.0.0.2, role: worker}\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_page_offers_for_the_inventory_is_right(tmp_path: Path, block: str) -> None:
    path = tmp_path / "prod.yml"
    path.write_text(HOSTS + block)
    found = load(path, environ={}, ids=all_controls)
    assert found.cluster.accepted or found.cluster.hosts[0].daemon


def test_the_page_has_some() -> None:
    assert len(BLOCKS) == 3
