"""A team's own repository: the wheel installed in an environment of its own, a site in git, a real host, an upgrade."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from skep import __version__, lab
from tests.lab.rig.environment import described, serves
from tests.lab.rig.hosts import AS_DELIVERED, Hosts, until
from tests.lab.rig.machine import undisturbed
from tests.lab.rig.tool import LIMIT, ROOT

NEXT = "99.1.0"
LOCKED = re.compile(r"^([a-z0-9.-]+==[^\\\n]*)", re.MULTILINE)
"""A version of the lock file, without its hashes."""
AUDIT = """
def test_release(host):
    \'\'\'it is the release we know\'\'\'
    assert host.system_info.codename == "bookworm"
"""
SOURCES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "skep",
    "roles",
    "inventory/example.yml",
    "inventory/lab.yml",
    "docs",
)


def ran(argv: list[str | Path], here: Path, *, code: int = 0) -> subprocess.CompletedProcess[str]:
    """What a program says, which must end with that status."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SKEP_", "INVOKE_", "PYTHON"))}
    done = subprocess.run(
        argv, cwd=here, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == code, (
        f"$ {' '.join(map(str, argv))}   (exit {done.returncode})\n{done.stdout}{done.stderr}"
    )
    return done


class Installed:
    """An environment of its own, with a wheel in it and what that needs; as ``pip install skep`` makes one."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "venv" / "bin"
        ran([sys.executable, "-m", "venv", "--without-pip", "venv"], folder)
        self.same = folder / "same.txt"
        self.same.write_text("\n".join(LOCKED.findall((ROOT / "requirements.lock").read_text())))

    def install(self, wheel: Path, *options: str) -> None:
        """In place of the version that is there."""
        uv, python = shutil.which("uv"), self.bin / "python"
        own = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
        pip = [uv, "pip", "install", "--python", python] if uv else own
        ran([*pip, "--quiet", "--constraint", self.same, *options, wheel], self.bin)

    def __call__(self, here: Path, *words: str, code: int = 0, program: str = "skep") -> str:
        """``skep WORDS`` in a folder; gives stdout, and stderr where it must fail."""
        done = ran([self.bin / program, *words], here, code=code)
        return done.stderr if code == 2 else done.stdout


def wheel(folder: Path, version: str) -> Path:
    """The wheel of this code under another version."""
    source = folder / f"source-{version}"
    for name in SOURCES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    file = source / "skep" / "__init__.py"
    file.write_text(file.read_text().replace(f'"{__version__}"', f'"{version}"'))
    ran([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], source)
    return folder / f"skep-{version}-py3-none-any.whl"


@pytest.fixture
def host(machine: Callable[[str], Hosts]) -> Iterator[Hosts]:
    """One bare host, whose packages come from Debian alone."""
    hosts = machine("own")
    hosts.renew()
    hosts.run("m1", AS_DELIVERED)
    yield hosts
    with undisturbed():
        lab.down(hosts.spec.name)


def test_from_a_wheel_to_a_swarm_and_to_the_next_version(host: Hosts, tmp_path: Path) -> None:
    skep = Installed(tmp_path)
    skep.install(wheel(tmp_path, __version__))
    site = tmp_path / "ours"
    site.mkdir()
    git = ["git", "-c", "user.name=us", "-c", "user.email=us@example.com"]
    ran([*git, "init", "-q"], site)
    address = host.address("m1")
    skep(site, "site.init", "--hosts", f"admin@{address}")
    inventory = site / "inventory" / "prod.yml"
    ours = described(host)
    theirs = yaml.safe_load(inventory.read_text())
    inventory.write_text(yaml.safe_dump({**theirs, **{key: ours[key] for key in ("ssh", "daemon", "swarm")}}))
    (site / "tests" / "audit").mkdir(parents=True)
    (site / "tests" / "audit" / "test_ours.py").write_text(AUDIT)
    skep(site, "site.check")
    ran([*git, "add", "-A"], site)
    ran([*git, "commit", "-qm", "ours"], site)

    events = [
        json.loads(line) for line in skep(site / "stacks", "cluster.up", "--verify", "always", "--json").splitlines()
    ]
    checks = {row["role"]: row["outcome"] for event in events if event["event"] == "verify" for row in event["checks"]}
    assert {"engine", "stacks"} < set(checks) and checks["audit/ours"] == "passed", checks
    page = (site / "stacks/web/index.html").read_text()
    until("the page is served", partial(serves, f"http://{address}:8080/", page))
    (revision,) = json.loads(skep(site, "stack.history", "web", "--json").splitlines()[0])["rows"]
    commit = ran(["git", "rev-parse", "--short=12", "HEAD"], site).stdout.strip()
    assert revision["commit"] == commit, "the site's own commit, from which nothing differs"
    rows = json.loads(skep(site, "cluster.history", "--json").splitlines()[0])["rows"]
    assert {row["commit"] for row in rows if row["event"] == "started"} == {commit}

    skep.install(wheel(tmp_path, NEXT), "--no-deps")
    assert skep(site, "--version") == f"skep {NEXT}\n"
    refused = skep(site, "cluster.plan", code=2)
    assert refused.startswith("this site is for skep >=") and f"this is skep {NEXT}" in refused
    (site / "invoke.yaml").write_text(f'skep: {{requires: ">={NEXT},<100"}}\n')
    skep(site, "cluster.plan", "--exit-code")
    skep(site, "cluster.plan", "--exit-code", program="invoke")
