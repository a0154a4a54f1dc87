"""What CONTRIBUTING says of the tests' places."""

from __future__ import annotations

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


def test_a_role_is_added_by_a_folder_of_three_files_and_one_edit(tmp_path: Path) -> None:
    role, verify = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[:2]
    copy = tmp_path / "roles"
    shutil.copytree(ROOT / "roles", copy)
    (copy / "motd").mkdir()
    for name, text in (("__init__.py", ""), ("role.py", role), ("verify.py", verify)):
        (copy / "motd" / name).write_text(text)
    listed = (copy / "__init__.py").read_text()
    listed = listed.replace("from skep.role", "from roles.motd.role import role as motd\nfrom skep.role")
    (copy / "__init__.py").write_text(listed.replace("networks, stacks)", "networks, stacks, motd)"))
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
