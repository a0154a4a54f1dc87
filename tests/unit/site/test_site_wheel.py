"""The wheel: what is in it, and that the program runs out of it without the repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from skep import __version__
from tests.unit.site.conftest import ROOT, Skep

HOSTS = "10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.21"


def test_all_that_a_run_needs_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "skep", "roles"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    needed = {name if name.startswith("skep/") else f"skep/data/{name}" for name in tracked if (ROOT / name).exists()}
    assert {Path(name).suffix for name in needed} >= {".py", ".sh"}
    assert needed - names == set()
    shipped = {
        "skep/data/inventory/example.yml",
        "skep/data/inventory/lab.yml",
        "skep/data/docs/inventory.schema.json",
        f"skep-{__version__}.data/data/share/man/man1/skep.1",
    }
    assert shipped <= names
    others = {name for name in names - needed - shipped if not name.startswith(f"skep-{__version__}.dist-info/")}
    assert others == set(), "neither tests nor own inventories"


def test_it_needs_what_a_run_needs(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = Parser().parsestr(archive.read(f"skep-{__version__}.dist-info/METADATA").decode())
    needed = " ".join(metadata.get_all("Requires-Dist", []))
    assert "fabric" in needed and "pytest-testinfra" in needed
    assert not {"mypy", "ruff", "hypothesis", "hatchling"} & set(needed.replace(">", " ").split())
    assert "skep = skep.__main__:main" in archive.read(f"skep-{__version__}.dist-info/entry_points.txt").decode()


def test_an_own_repository(skep: Skep, tmp_path: Path) -> None:
    assert skep(tmp_path, "--version").stdout == f"skep {__version__}\n"
    listed = skep(tmp_path, "--list").stdout
    assert "cluster.up" in listed and "bench" not in listed
    ended = skep(tmp_path, "cluster.plan")
    assert ended.returncode == 2 and "skep inventory.init" in ended.stderr
    ended = skep(tmp_path, "inventory.init", "--hosts", HOSTS)
    assert (
        ended.stdout == "wrote inventory/prod.yml; next: skep inventory.check -i prod, then skep cluster.plan -i prod\n"
    )
    ended = skep(tmp_path, "inventory.check")
    assert (ended.returncode, ended.stdout) == (
        0, "inventory/prod.yml is valid: 3 managers, 1 worker, 0 networks, 0 stacks\n",
    )  # fmt: skip


def test_a_site_that_is_named(skep: Skep, tmp_path: Path) -> None:
    site, here = tmp_path / "ours", tmp_path / "here"
    for folder in (site, here):
        folder.mkdir()
    skep(site, "inventory.init", "--hosts", HOSTS)
    (here / "mine.yml").write_text("hosts: {m1: {address: 10.0.0.11, role: manager}}\n")
    valid = "inventory/prod.yml is valid: 3 managers, 1 worker, 0 networks, 0 stacks\n"
    for words, environ in (
        (["--site", "../ours", "inventory.check"], {}),
        (["inventory.check", "--site", str(site)], {}),
        (["inventory.check"], {"SKEP_SITE": "../ours"}),
        (["inventory.check"], {"SKEP_SITE": str(site), "SKEP_FROM": "/nowhere"}),
    ):
        ended = skep(here, *words, **environ)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, valid, "")
    ended = skep(here, "--site", "../ours", "inventory.check", "-i", "mine.yml")
    assert ended.returncode == 0 and "mine.yml is valid: 1 manager" in ended.stdout
    ended = skep(here, "--site", "../ours", "inventory.check", "-i", "prdo")
    assert ended.returncode == 2 and "write a first one with: skep --site ../ours inventory.init" in ended.stderr
    ended = skep(here, "--site", "../other", "inventory.check")
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, "there is no folder ../other (from --site)")


ROLE = """
from skep.role import ClusterRole

class Motd(ClusterRole[None]):
    name = "motd"
    actions = ()

    def parse(self, text, answers):
        return None

    def plan(self, cluster, seen):
        return ()

role = Motd()
"""
ROLES = "from skep.commands.own_roles import checks, roles; print([role.name for role in roles(None)], *checks(roles(None), None).values(), sep='\\n')"  # noqa: E501


@pytest.fixture
def motd(tmp_path: Path) -> Path:
    folder = tmp_path / "roles" / "motd"
    folder.mkdir(parents=True)
    (folder / "role.py").write_text(ROLE)
    (folder / "verify.py").write_text("")
    return folder


def test_own_roles_and_checks_come_after_ours(installed: Path, motd: Path, tmp_path: Path) -> None:
    audit = tmp_path / "tests" / "audit" / "test_ours.py"
    audit.parent.mkdir(parents=True)
    audit.touch()
    for packages in (installed, ROOT):
        folder = installed / "skep" / "data" / "roles" if packages == installed else ROOT / "roles"
        ended = subprocess.run(
            [sys.executable, "-P", "-c", ROLES],
            cwd=tmp_path, env={"PYTHONPATH": str(packages)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.stderr == ""
        names = ["files", "firewall", "engine", "daemon", "swarm", "networks", "images", "stacks"]
        assert ended.stdout.splitlines() == [
            str([*names, "motd"]), *(f"{folder}/{name}/verify.py" for name in names), f"{motd}/verify.py", str(audit),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("motd", "1 / 0", "roles/motd/role.py cannot be used"),
        ("motd", "role = None", "roles/motd/role.py cannot be used"),
        ("motd", ROLE.replace("def plan", "def plans"), "roles/motd/role.py cannot be used"),
        (
            "motd",
            ROLE.replace("actions =", "host_keys = {'labels': None}\n    actions ="),
            "roles/motd/role.py: there is a host key labels already",
        ),
        ("message", ROLE, "roles/message/role.py: the role calls itself motd"),
        ("swarm", ROLE, "roles/swarm/role.py: skep has a role of that name"),
    ],
)
def test_an_own_role_that_cannot_be_used(skep: Skep, tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / "roles" / name).mkdir(parents=True)
    (tmp_path / "roles" / name / "role.py").write_text(text)
    skep(tmp_path, "inventory.init", "--hosts", HOSTS)
    ended = skep(tmp_path, "cluster.plan")
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, message)
    assert "Traceback" not in ended.stderr


def test_invoke_is_the_same_by_a_file_of_tasks(installed: Path, skep: Skep, tmp_path: Path) -> None:
    skep(tmp_path, "inventory.init", "--hosts", HOSTS)
    (tmp_path / "tasks.py").write_text('"""Tasks of ours."""\nfrom skep.tasks import namespace\n')
    (tmp_path / "stacks").mkdir()
    for here in (tmp_path, tmp_path / "stacks"):
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "invoke", "inventory.check"],
            cwd=here, env={"PYTHONPATH": str(installed)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout, ended.stderr) == (
            0, "inventory/prod.yml is valid: 3 managers, 1 worker, 0 networks, 0 stacks\n", "",
        )  # fmt: skip


def test_variables_of_an_own_env_file(skep: Skep, tmp_path: Path) -> None:
    skep(tmp_path, "inventory.init", "--hosts", HOSTS)
    inventory = tmp_path / "inventory" / "prod.yml"
    inventory.write_text(inventory.read_text() + "networks: {front: {subnet: '${env:OUR_SUBNET}'}}\n")
    ended = skep(tmp_path, "inventory.check")
    assert ended.returncode == 2 and "OUR_SUBNET is not set" in ended.stderr
    (tmp_path / ".env").write_text("OUR_SUBNET='10.9.0.0/24'\n")
    assert skep(tmp_path, "inventory.check").returncode == 0
    assert skep(tmp_path, "inventory.check", OUR_SUBNET="nothing").returncode == 2, "the environment wins"
    (tmp_path / ".env").write_text("hunter2\n")
    ended = skep(tmp_path, "inventory.check")
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, ".env cannot be used")
    assert ".env:1" in ended.stderr and "hunter2" not in ended.stderr
