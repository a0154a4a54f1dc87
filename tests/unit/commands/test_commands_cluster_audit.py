"""An audit's remedies can be typed as they stand, wherever they are written."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from skep.cli.spelling import spelled
from skep.commands.cluster import audit as cluster_audit
from skep.commands.cluster.audit import Asked, audited
from skep.verify.check import UNREACHABLE, Check
from tests.unit.audit.conftest import CLUSTER


class _Tell:
    def busy(self, _: str) -> Any:
        return contextlib.nullcontext()

    def spelled(self, text: str) -> str:
        return spelled(text, "skep", "prod")


ROLES = {file.parent.name: file for file in (Path(__file__).parents[3] / "roles").glob("*/verify.py")}


def test_each_remedy_names_program_and_inventory_and_no_checks_of_a_role_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = Check("engine", "m1", "runs", "failed", "it is down", 0.1, id="engine-runs", remedy="invoke cluster.up")
    lost = Check("ssh", "m2", "can be reached", "error", "no answer", 0.1, id=UNREACHABLE)
    files: list[Path] = []
    monkeypatch.setattr(
        cluster_audit, "run_checks", lambda cluster, pool, suites, **_: files.extend(suites.values()) or [check, lost]
    )
    monkeypatch.setattr(cluster_audit, "hosts_of", lambda *_: None)
    monkeypatch.setattr(cluster_audit, "facts_for", lambda *_: None)
    monkeypatch.setattr(cluster_audit, "narrowed", lambda site, _: site)
    kept: list[Any] = []
    monkeypatch.setattr(cluster_audit.history, "note_audit", lambda pool, managers, line: kept.append((managers, line)))
    site = SimpleNamespace(cluster=CLUSTER, pool=SimpleNamespace(hosts=("m1",)), manager_names=["m1", "m2"])
    one, _ = audited(cast("Any", site), cast("Any", _Tell()), ROLES, Asked("cis"))
    assert {*ROLES.values()} <= {*files} and "swarm" in ROLES
    assert {*cluster_audit.CHECKS.glob("[a-z]*.py")} <= {*files}
    assert one.fix == one.as_json()["remedy"] == "skep cluster.up -i prod"
    ((managers, line),) = kept
    assert managers == ["m1"] and line["findings"][0]["next"] == "skep cluster.up -i prod"
