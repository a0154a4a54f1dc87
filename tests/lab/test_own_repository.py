"""A team's own repository: the wheel installed in an environment of its own, a site in git, a real host, an upgrade."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
import yaml

from skep import __version__, lab
from skep.lab import folders
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


def ran(
    argv: Sequence[str | Path], here: Path, *, code: int = 0, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a program says, which must end with that status."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SKEP_", "INVOKE_", "PYTHON"))}
    done = subprocess.run(
        argv, cwd=here, env={**kept, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
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
        uv, python = shutil.which("uv"), str(self.bin / "python")
        own = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
        self._pip = [uv, "pip", "install", "--python", python] if uv else own
        (self.bin / "pip").write_text(f'#!/bin/sh\nshift\nexec {shlex.join(self._pip)} "$@"\n')
        (self.bin / "pip").chmod(0o755)

    def install(self, wheel: Path, *options: str) -> None:
        """In place of the version that is there."""
        ran([*self._pip, "--quiet", "--constraint", self.same, *options, wheel], self.bin)

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


class Runner:
    """Runs the CI files of a site as GitHub and GitLab do, each script by bash. It has a home of its own, the program
    on its path, and a folder of wheels for its index."""

    def __init__(self, folder: Path, site: Path, installed: Installed) -> None:
        self._site, self._scripts = site, folder / "step"
        self._home = folder / "runner"
        self._home.mkdir()
        self._users = folder / "passwd"
        self._users.write_text(f"root:x:0:0:root:{self._home}:/bin/bash\n")
        index = {f"{tool}_{name}": value for tool in ("PIP", "UV") for name, value in
                 (("NO_INDEX", "1"), ("FIND_LINKS", str(folder)))}  # fmt: skip
        self._env = {**index, "PATH": f"{installed.bin}:{os.environ['PATH']}", "HOME": str(self._home)}

    def github(self, given: Mapping[str, str], *, code: int = 0) -> None:
        """All steps of all jobs, of which the last ends with the code. ``given`` are variables and secrets."""
        jobs = yaml.safe_load((self._site / ".github/workflows/skep.yml").read_text())["jobs"]
        steps = [(step["run"], {**job.get("env", {}), **step.get("env", {})}) for job in jobs.values()
                 for step in job["steps"] if "run" in step]  # fmt: skip
        for number, (script, env) in enumerate(steps, 1):
            known = {key: re.sub(r"\$\{\{ \w+\.(\w+) }}", lambda at: given[at[1]], text) for key, text in env.items()}
            self._bash("-e", script, known, code if number == len(steps) else 0)

    def gitlab(self, given: Mapping[str, str], *, code: int = 0) -> None:
        """The scripts of all jobs, each behind that of all; that of the last job ends with the code."""
        jobs = yaml.safe_load((self._site / ".gitlab-ci.yml").read_text())
        before = jobs.pop("default")["before_script"]
        for job in jobs.values():
            last = job is [*jobs.values()][-1]
            self._bash("-eo pipefail", "\n".join([*before, *job["script"]]), given, code if last else 0)

    def _bash(self, options: str, script: str, env: Mapping[str, str], code: int) -> None:
        self._scripts.write_text(script)
        argv = ["bash", *options.split(), self._scripts]
        at_home = ["unshare", "--mount", "sh", "-euc", 'mount --bind "$1" /etc/passwd; shift; exec "$@"', "sh"]
        ran([*at_home, self._users, *argv], self._site, code=code, env={**self._env, **env})


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

    later = wheel(tmp_path, NEXT)
    _in_ci(Runner(tmp_path, site, skep), inventory)
    assert skep(site, "--version") == f"skep {__version__}\n", "not the latest there is"

    skep.install(later, "--no-deps")
    assert skep(site, "--version") == f"skep {NEXT}\n"
    refused = skep(site, "cluster.plan", code=2)
    assert refused.startswith("this site is for skep >=") and f"this is skep {NEXT}" in refused
    (site / "invoke.yaml").write_text(f'skep: {{requires: ">={NEXT},<100"}}\n')
    skep(site, "cluster.plan", "--exit-code")
    skep(site, "cluster.plan", "--exit-code", program="invoke")


def _in_ci(runner: Runner, inventory: Path) -> None:
    """The CI files that ``site.init`` wrote, run: what they need of the host is theirs alone."""
    before = inventory.read_text()
    document = yaml.safe_load(before)
    inventory.write_text(yaml.safe_dump({**document, "ssh": {"user": document["ssh"]["user"]}}))
    key, hosts = folders.client_key(), folders.known_hosts("own")
    texts = {"SKEP_INVENTORY": "prod", "SSH_KEY": key.read_text(), "SSH_KNOWN_HOSTS": hosts.read_text()}
    files = {"SKEP_INVENTORY": "prod", "SSH_KEY": str(key), "SSH_KNOWN_HOSTS": str(hosts)}
    runner.github(texts)
    page = inventory.parents[1] / "stacks/web/index.html"
    text = page.read_text()
    page.write_text("another page")
    runner.gitlab(files, code=10)
    page.write_text(text)
    inventory.write_text(before)
