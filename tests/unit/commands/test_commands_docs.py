"""``docs KEY``: what it prints, and what it says of a key that is not there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tasks
from skep.audit.controls import all_controls
from skep.cli.known_tasks import TASKS
from skep.commands.tasks import every  # noqa: F401 - fills TASKS

ROOT = Path(__file__).parents[3]


def docs(*words: str, columns: int = 80, site: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns)}
    argv = [sys.executable, "-m", "skep", "docs", *words]
    return subprocess.run(argv, cwd=site, env=environ, capture_output=True, text=True, check=False)


def test_a_key_has_type_default_meaning_place_and_example() -> None:
    ended = docs("engine.version")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "engine.version  (inventory)"
    assert lines[1].startswith("  Version desired, whole or its first parts")
    assert [line.split()[0] for line in lines[3:7]] == ["type", "default", "where", "example"]
    assert lines[7:] == ["    engine:", "      version: '26.1'"]


def test_the_task_is_described_and_not_run() -> None:
    ended = docs("cluster.up")
    assert ended.returncode == 0
    assert "cluster.up  (task)" in ended.stdout and "usage    skep cluster.up [options]" in ended.stdout


def test_a_mistyped_key_ends_with_2_and_the_nearest() -> None:
    ended = docs("engine.verson")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "engine.verson" in ended.stderr.splitlines()[0]
    assert ended.stderr.splitlines()[1] == "  next:  skep docs engine.version"


def test_all_keys_fit_a_screen() -> None:
    lines = docs().stdout.splitlines()
    assert any(line.startswith("  engine. source version") for line in lines)
    assert any(line.startswith("  cluster. ") and " down " in line for line in lines)
    assert len(lines) <= 60 and max(map(len, lines)) <= 80


def test_a_check_of_audits_is_explained_with_level_reason_fix_and_how_to_accept_it() -> None:
    lines = docs("cis-5.11").stdout.splitlines()
    assert lines[:2] == ["cis-5.11  (audit)", "  Services have a memory limit."]
    text = "\n".join(lines)
    assert "why: one service can use up" in text and "CIS Docker Benchmark 1.8.0, 5.11, level 1" in text
    assert "fix        write deploy.resources.limits.memory" in text and "- id: cis-5.11" in text
    assert "skep cluster.audit --profile cis" in text
    other = docs("node-certificate").stdout
    assert "fix        on a manager: docker swarm ca --rotate --quiet" in other and "benchmark" not in other
    none = docs("cis-5.1").stdout
    assert "here       not applicable" in none and "on purpose" in none and "accept" not in none
    ended = docs("CIS-5.111")
    assert ended.returncode == 2 and "  next:  skep docs cis-5.11\n" in ended.stderr


@pytest.mark.parametrize("identity", list(all_controls()))
def test_each_check_says_why_it_matters(identity: str) -> None:
    control = all_controls()[identity]
    assert control.reason and not control.reason.endswith(".")
    assert control.why or control.why_not or control.watch or control.path


@pytest.mark.parametrize("words", [[], ["findings"], ["cluster.up"]])
def test_commands_in_it_can_be_typed(words: list[str]) -> None:
    printed = docs(*words).stdout
    keys = r"(?:engine\.version|disk-use|image-tag-moves|findings|daemon|cluster\.up)"
    before = re.findall(rf"(\S+) (?:docs|help) {keys}", printed)
    assert before and set(before) == {"skep"}


def test_json() -> None:
    (event,) = map(json.loads, docs("ssh.user", "--json").stdout.splitlines())
    assert event["event"] == "docs"
    (one,) = event["entries"]
    assert (one["key"], one["kind"], one["type"]) == ("ssh.user", "inventory", "text")
    assert one["places"] == ["ssh.user", "groups.<name>.ssh.user", "hosts.<name>.ssh.user"]
    (event,) = map(json.loads, docs("--json").stdout.splitlines())
    assert {"engine.version", "services.<name>.image"} <= set(event["keys"]) and "cluster.up" in event["tasks"]


def test_every_task_is_known() -> None:
    assert set(TASKS) == set(tasks.namespace.task_names)


def test_a_warning_has_a_meaning_a_fix_and_how_it_is_accepted() -> None:
    lines = docs("disk-low").stdout.splitlines()
    assert lines[0] == "disk-low  (warning)" and lines[2].startswith("  fix: ")
    assert "      - id: disk-low" in lines
    assert "  next:  skep docs disk-low\n" in docs("disk-lwo").stderr


def test_all_warnings_are_listed_with_those_of_roles() -> None:
    reported = docs("findings").stdout
    assert "  disk-low: " in reported and "  node-foreign: " in reported and max(map(len, reported.splitlines())) <= 80
    (event,) = map(json.loads, docs("findings", "--json").stdout.splitlines())
    assert {"id", "meaning", "fix"} == set(event["findings"][0])
    assert {one["id"] for one in event["audit"]} == set(all_controls())
    assert "  cis-5.11: services have a memory limit" in reported


def test_keys_of_a_site_s_own_roles_are_explained(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    shutil.copytree(ROOT / "tests/unit/docs/timezone", tmp_path / "roles" / "timezone")
    ended = docs("timezone", site=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "hosts.<name>.timezone" in ended.stdout and "groups.<name>.timezone" in ended.stdout
    assert "timezone" in docs(site=tmp_path).stdout
    (tmp_path / "roles" / "timezone" / "role.py").write_text("role = ")
    assert docs("engine.version", site=tmp_path).returncode == 0
