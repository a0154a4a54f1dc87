"""``docs KEY``: what it prints, and what it says of a key that is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import tasks
from skep.commands.every import every_task

ROOT = Path(__file__).parents[3]


def docs(*words: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns)}
    argv = [sys.executable, "-m", "skep", "docs", *words]
    return subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_a_key_has_type_default_meaning_place_and_example() -> None:
    ended = docs("engine.version")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "engine.version  (inventory)"
    assert lines[1] == "  Version desired, whole or its first parts."
    assert [line.split()[0] for line in lines[3:7]] == ["type", "default", "where", "example"]
    assert lines[7:] == ["    engine:", "      version: '26.1'"]


def test_the_task_is_described_and_not_run() -> None:
    ended = docs("cluster.up")
    assert ended.returncode == 0
    assert "cluster.up  (task)" in ended.stdout and "usage    skep cluster.up [options]" in ended.stdout


def test_a_mistyped_key_ends_with_2_and_the_nearest() -> None:
    ended = docs("engine.verson")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[0] == "there is no key or task engine.verson; did you mean engine.version?"
    assert ended.stderr.splitlines()[1] == "  next:  skep docs engine.version"


def test_all_keys_fit_a_screen() -> None:
    lines = docs().stdout.splitlines()
    assert "  engine. source version" in lines
    assert any(line.startswith("  cluster. down") for line in lines)
    assert len(lines) <= 50 and max(map(len, lines)) <= 80


def test_json() -> None:
    (event,) = map(json.loads, docs("ssh.user", "--json").stdout.splitlines())
    assert event["event"] == "docs"
    (one,) = event["entries"]
    assert (one["key"], one["kind"], one["type"]) == ("ssh.user", "inventory", "text")
    assert one["places"] == ["ssh.user", "groups.<name>.ssh.user", "hosts.<name>.ssh.user"]
    (event,) = map(json.loads, docs("--json").stdout.splitlines())
    assert {"engine.version", "services.<name>.image"} <= set(event["keys"]) and "cluster.up" in event["tasks"]


def test_every_task_is_known() -> None:
    assert set(every_task()) == set(tasks.namespace.task_names)
