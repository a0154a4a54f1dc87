"""What CONTRIBUTING says of the tests' places."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
OTHERS = {"docs"}
"""Folders that mirror something else, as CONTRIBUTING says."""


def test_a_folder_of_unit_tests_is_a_room_or_a_module() -> None:
    folders = {path.name for path in (ROOT / "tests/unit").iterdir() if any(path.glob("test_*.py"))}
    assert len(folders) > 10
    known = {path.stem for path in (ROOT / "skep").iterdir()}
    assert folders - OTHERS <= known, f"of no room of skep/: {folders - OTHERS - known}"


def test_a_folder_of_cases_is_a_role() -> None:
    folders = {path.parent.name for path in (ROOT / "tests/roles").glob("*/*.yml")}
    assert folders == {"together", *(path.parent.name for path in (ROOT / "roles").glob("*/role.py"))}


ADDED = """
from roles import ROLES
from skep.model import Cluster, Host
from skep.plan import Plan
from skep.seen import Seen

cluster = Cluster("lab", (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")))
role = next(role for role in ROLES if role.name == "motd")
states = {"m1": role.parse("", {}), "w1": role.parse("worker of lab\\n", {})}
plan = Plan(role.plan(cluster, Seen(states)), ROLES, ["m1", "w1"])
print(*(step.id for step in plan))

from roles.motd.verify import test_line
print(test_line.__doc__)
"""


def with_role(roles: Path, name: str) -> None:
    """The one edit: the role is listed, in a copy of ``roles``."""
    listed = (roles / "__init__.py").read_text()
    listed = listed.replace("from skep.role", f"from roles.{name}.role import role as {name}\nfrom skep.role")
    (roles / "__init__.py").write_text(listed.replace("images, stacks)", f"images, stacks, {name})"))


def test_a_role_is_added_by_a_folder_of_three_files_and_one_edit(tmp_path: Path) -> None:
    role, verify = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[:2]
    copy = tmp_path / "roles"
    shutil.copytree(ROOT / "roles", copy)
    (copy / "motd").mkdir()
    for name, text in (("__init__.py", ""), ("role.py", role), ("verify.py", verify)):
        (copy / "motd" / name).write_text(text)
    with_role(copy, "motd")
    run = subprocess.run(
        [sys.executable, "-c", ADDED],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["motd/write@m1", "the message of the day names the swarm"]


LOADED = """
from pathlib import Path
from roles import ROLES
from skep.commands.own_roles import host_keys
from skep.errors import InventoryError
from skep.inventory import json_schema, load, reference_markdown

keys = host_keys(ROLES)
print(*(host.settings for host in load(Path("right.yml"), host_keys=keys).cluster.hosts))
try:
    load(Path("wrong.yml"), host_keys=keys)
except InventoryError as error:
    for problem in error.problems:
        print(*problem.split(": ")[:2])
shown = json_schema(keys)["$defs"]["HostSection"]["properties"]["timezone"]
print(shown.get("type"), shown["examples"])
print("`hosts.<name>.timezone`" in reference_markdown(keys))
"""
RIGHT = """
groups: {north: {timezone: Europe/Berlin}}
hosts:
  m1: {address: 10.0.0.1, role: manager, groups: [north]}
  w1: {address: 10.0.0.2, role: worker, groups: [north], timezone: UTC}
  w2: {address: 10.0.0.3, role: worker}
"""


def test_a_role_with_a_key_of_its_own_is_added_by_three_files_and_one_edit(tmp_path: Path) -> None:
    """Its cases are the third file; the tests of all roles pass with it."""
    added = Path(__file__).parent / "timezone"
    others = shutil.ignore_patterns("lab", "oracle", "vm", "__pycache__")
    for name in ("roles", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    cases = tmp_path / "tests" / "roles" / "timezone"
    for folder, files in ((tmp_path / "roles" / "timezone", ("role.py", "verify.py")), (cases, ("set.yml",))):
        folder.mkdir()
        for file in files:
            shutil.copy(added / file, folder)
    with_role(tmp_path / "roles", "timezone")
    (tmp_path / "right.yml").write_text(RIGHT)
    wrong = (
        RIGHT.replace("timezone: UTC", "timezone: Berlin")
        .replace("{timezone", "{timezon")
        .replace("worker}", "worker, timezone: 1.5}")
    )
    (tmp_path / "wrong.yml").write_text(wrong)
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}

    def run(*words: str) -> str:
        command = [sys.executable, *words]
        ended = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    assert run("-c", LOADED).splitlines() == [
        "{'timezone': 'Europe/Berlin'} {'timezone': 'UTC'} {}",
        "wrong.yml:2 groups.north.timezon",
        "wrong.yml:5 hosts.w1.timezone",
        "wrong.yml:6 hosts.w2.timezone",
        "string ['Europe/Berlin']",
        "True",
    ]
    chosen = "timezone or every_role or as_described"
    files = [f"tests/roles/{file}" for file in ("test_cases.py", "test_recorded.py")]
    assert "3 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *files)
