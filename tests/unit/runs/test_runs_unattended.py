"""What a run leaves where nobody looks on."""

from __future__ import annotations

from dataclasses import replace

from skep.model import Stack
from skep.runs.listener import Listener
from skep.runs.loop import run
from tests.unit.commands.test_commands_rollouts import Stage, stack, stage
from tests.unit.runs.test_runs_loop import DEPLOY

__all__ = ["stage"]

PRUNED = replace(DEPLOY, rollout=replace(DEPLOY.rollout, prune=True))


def test_nothing_is_removed_and_what_was_left_is_named(stage: Stage) -> None:
    stage.deploy(stack())
    less = Stack("web", ("compose.yml",), {"compose.yml": b"services: {app: {image: 'busybox:1'}}"})
    result = run(stage.site(less), replace(PRUNED, unattended=True), Listener())
    assert "web_db" in stage.images
    assert [finding.kind.id for finding in result.undone if finding.kind] == ["left-undone"]
    assert "invoke stack.deploy web" in str(result.undone[0].next_action)
    again = run(stage.site(less), PRUNED, Listener())
    assert "web_db" not in stage.images and not again.undone
