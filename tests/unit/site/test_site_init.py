"""A repository is laid out, and what is wrong with one is found."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from skep import __version__
from skep.commands import site_files
from skep.commands.site_check import SiteError
from skep.compose import convert, load
from skep.compose.lints import lints
from skep.errors import UsageError
from skep.report import Reporter
from skep.site.layout import FILES, compatible
from tests.unit.site.conftest import Skep

HOSTS = "10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.21"
KEY = "-----BEGIN {} PRIVATE KEY-----\nnone\n"


class Recording(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def done(self, text: str) -> None:
        self.lines.append(text)


def git(site: Path, *words: str) -> str:
    names = ("-c", "user.name=us", "-c", "user.email=us@example.com")
    return subprocess.run(["git", *names, *words], cwd=site, check=True, capture_output=True, text=True).stdout


def initialised(site: Path, hosts: str = HOSTS) -> list[str]:
    reported = Recording()
    site_files.init(site, hosts, "prod", reported, {})
    return reported.lines


def checked(site: Path) -> list[str]:
    """What is said of a site that has no errors."""
    reported = Recording()
    site_files.check(site, reported)
    return reported.lines


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new site, all of it in git."""
    site = tmp_path / "ours"
    site.mkdir()
    monkeypatch.chdir(site)
    git(site, "init", "-q")
    initialised(site)
    git(site, "add", "-A")
    return site


def test_a_new_site_is_right_and_says_what_comes_next(site: Path) -> None:
    assert checked(site) == ["nothing is wrong with this site: 1 environment"]
    last = initialised(site, hosts="")[-1]
    assert last == "the site is laid out; next: invoke site.check"
    written = set(git(site, "ls-files").split())
    assert written == {*FILES, "inventory/prod.yml", "inventory/example.yml", "inventory/schema.json"}
    first = (site / "inventory" / "prod.yml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"
    assert json.loads((site / "inventory" / "schema.json").read_text())["type"] == "object"
    for name in (".github/workflows/skep.yml", ".gitlab-ci.yml"):
        text = (site / name).read_text()
        assert yaml.safe_load(text) and f"skep{compatible(__version__)}" in text and "site.check" in text
    assert yaml.safe_load((site / "invoke.yaml").read_text()) == {"skep": {"requires": compatible(__version__)}}


def test_the_first_stack_warns_of_nothing(site: Path) -> None:
    files = {path.name: path.read_bytes() for path in (site / "stacks" / "web").iterdir()}
    document = load(files, ["compose.yml"], variables={})
    assert lints(document, convert(document, "web"), nodes=None, services=[]) == []


def test_nothing_is_overwritten(site: Path) -> None:
    for name in git(site, "ls-files").split():
        (site / name).write_text("mine")
    (site / ".gitlab-ci.yml").unlink()
    reported = initialised(site, hosts="")
    assert [line for line in reported if line.startswith("wrote ")] == ["wrote .gitlab-ci.yml"]
    assert {(site / name).read_text() for name in git(site, "ls-files").split() if name != ".gitlab-ci.yml"} == {"mine"}
    with pytest.raises(UsageError, match=r"prod\.yml is there already"):
        initialised(site)


def test_where_there_are_stacks_no_first_one_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks" / "shop").mkdir(parents=True)
    initialised(tmp_path)
    assert [path.name for path in (tmp_path / "stacks").iterdir()] == ["shop"]
    assert yaml.safe_load((tmp_path / "inventory" / "prod.yml").read_text()).get("stacks") is None


def test_without_hosts_the_inventory_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reported = initialised(tmp_path / "ours", hosts="")
    assert reported[-1].startswith("the site is laid out; next: cd ours, then invoke inventory.init --hosts ")
    with pytest.raises(SiteError) as raised:
        site_files.check(tmp_path / "ours", Recording())
    assert "there is no environment in it" in raised.value.problems[0]
    with pytest.raises(UsageError, match="is no site"):
        site_files.check(tmp_path, Recording())


@pytest.mark.parametrize(("version", "range_"), [("0.3.7", ">=0.3,<0.4"), ("1.2.3", ">=1.2,<2"), ("0.10.0rc1", ">=0.10,<0.11")])  # fmt: skip  # noqa: E501
def test_versions_that_read_what_one_wrote(version: str, range_: str) -> None:
    assert compatible(version) == range_


def _write(name: str, text: str) -> Callable[[Path], None]:
    def write(site: Path) -> None:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
        git(site, "add", "--force", name)

    return write


def _append(name: str, text: str) -> Callable[[Path], None]:
    return lambda site: _write(name, (site / name).read_text() + text)(site)


SECRET = "secrets: {token: {file: ./token}}\n"

WRONG: dict[str, tuple[list[Callable[[Path], None]], list[str]]] = {
    "an inventory": ([_append("inventory/prod.yml", "stack: 1\n")], ["inventory/prod.yml:", "stack: "]),
    "a compose file": (
        [_append("stacks/web/compose.yml", "volume: {}\n")], ["stacks/web/compose.yml:", "volume"],
    ),
    "settings that are no YAML": ([_write("invoke.yaml", "skep: [\n")], ["invoke.yaml: cannot be read"]),
    "settings that are no mapping": ([_write("invoke.yaml", "skep: 1\n")], ["invoke.yaml: skep: "]),
    "an unknown setting": ([_append("invoke.yaml", "  require: 1\n")], ["invoke.yaml: skep.require: "]),
    "an environment that is not there": (
        [_append("invoke.yaml", "  inventory: live\n")], ["skep.inventory: there is no environment live"],
    ),
    "a version that is no range": ([_write("invoke.yaml", "skep: {requires: latest}\n")], ["is no range of versions"]),
    "another version": ([_write("invoke.yaml", "skep: {requires: '>9'}\n")], ["this site is for skep >9"]),
    "an own role": ([_write("roles/motd/role.py", "1 / 0\n")], ["roles/motd/role.py cannot be used"]),
    ".env not ignored": ([_write(".gitignore", "/secrets/\n")], [".gitignore: .env is not in it"]),
    ".env in git": ([_write(".env", "A=1\n")], [".env is in git"]),
    "a private key whose name has a space": (
        [_write("our keys/id", KEY.format("RSA"))], ["git rm --cached 'our keys/id' and"],
    ),
    "a private key in git": ([_write("id_rsa", KEY.format("RSA"))], ["id_rsa: a private key is in git"]),
    "an inventory's secret in git": (
        [_write("inventory/sudo", "x"), _append("inventory/prod.yml", "ssh: {sudo-password: '${file:sudo}'}\n")],
        ["inventory/sudo: inventory/prod.yml takes a secret from it"],
    ),
    "a secret of what an inventory extends in git": (
        [_write("inventory/sudo", "x"), _append("inventory/prod.yml", "extends: base.yml\n"),
         _write("inventory/base.yml", "ssh: {sudo-password: '${file:sudo}'}\n")],
        ["inventory/sudo: inventory/prod.yml takes a secret from it"],
    ),
    "a stack that a wrong inventory may name": (
        [_write("stacks/blog/compose.yml", "services: {}\n"), _append("inventory/prod.yml", "colour: red\n")],
        ["colour: "],
    ),
    "a stack's secret in git": (
        [_write("stacks/web/token", "x"), _append("stacks/web/compose.yml", SECRET)],
        ["stacks/web/token: it is secret token of stack web"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found_by_name(site: Path, what: str) -> None:
    changes, said = WRONG[what]
    for change in changes:
        change(site)
    reported = Recording()
    with pytest.raises(SiteError) as raised:
        site_files.check(site, reported)
    assert not any("no environment names" in line for line in reported.lines)
    problems = "\n".join(raised.value.problems)
    assert all(text in problems for text in said), problems
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_at_the_head_of_inventories_hides_no_secret(site: Path, encoding: str) -> None:
    for change in WRONG["a secret of what an inventory extends in git"][0]:
        change(site)
    for name in ("prod.yml", "base.yml"):
        file = site / "inventory" / name
        lines = sorted(file.read_text().splitlines(keepends=True), key=lambda line: not line.startswith("extends:"))
        file.write_bytes("".join(lines).encode(encoding))
    with pytest.raises(SiteError) as raised:
        site_files.check(site, Recording())
    (problem,) = raised.value.problems
    assert problem.startswith("inventory/sudo: inventory/prod.yml takes a secret from it")


ODD: dict[str, tuple[list[Callable[[Path], None]], str]] = {
    "a stack that runs nowhere": (
        [_write("stacks/blog/compose.yml", "services: {}\n")], "stacks/blog: no environment names this stack",
    ),
    "any version": ([_write("invoke.yaml", "")], "invoke.yaml: any version of skep may work here"),
    "a schema of another version": ([_write("inventory/schema.json", "{}")], "inventory/schema.json is not that of"),
    "variables that are not set": (
        [_append("inventory/prod.yml", "ssh: {password: '${env:NO_SUCH_PASSWORD}'}\n")],
        "inventory/prod.yml: not set here, so not checked: NO_SUCH_PASSWORD",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_what_may_be_on_purpose_is_a_warning(site: Path, what: str) -> None:
    changes, said = ODD[what]
    for change in changes:
        change(site)
    (first, last) = checked(site)
    assert first.startswith(f"warning: {said}")
    assert last.startswith("nothing is wrong")


def test_secrets_that_are_not_in_git_are_right(site: Path) -> None:
    for change in WRONG["a stack's secret in git"][0]:
        change(site)
    git(site, "rm", "-q", "--cached", "stacks/web/token")
    _write("ours.key", KEY.format("ENCRYPTED"))(site)
    assert checked(site) == ["nothing is wrong with this site: 1 environment"]


def test_a_site_in_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    initialised(tmp_path)
    (warning, _) = checked(tmp_path)
    assert warning.startswith("warning: what is in git was not checked: ")


def test_the_hook_refuses_what_is_wrong(skep: Skep, site: Path, installed: Path, tmp_path: Path) -> None:
    import sys

    program = tmp_path / "bin" / "skep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={installed} exec {sys.executable} -P -m skep "$@"\n')
    program.chmod(0o755)
    git(site, "config", "core.hooksPath", ".githooks")
    environ = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    commit = ["git", "-c", "user.name=us", "-c", "user.email=us@example.com", "commit", "-qm", "first"]
    _append("inventory/prod.yml", "stack: 1\n")(site)
    ended = subprocess.run(commit, cwd=site, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode != 0 and "the site has 1 error" in ended.stderr
    git(site, "rm", "-q", "--cached", "inventory/prod.yml")
    (site / "inventory" / "prod.yml").unlink()
    assert skep(site, "inventory.init", "--hosts", HOSTS).returncode == 0
    ended = subprocess.run(commit, cwd=site, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_another_version_is_refused_before_anything_else(skep: Skep, site: Path) -> None:
    (site / "invoke.yaml").write_text('skep: {requires: ">=7.1,<8"}\n')
    ended = skep(site, "cluster.plan")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f"this site is for skep >=7.1,<8, and this is skep {__version__}",
        "  cause: invoke.yaml: skep.requires",
        "  next:  pip install 'skep>=7.1,<8' (or pipx install --force 'skep>=7.1,<8')",
    ]
    ended = skep(site, "cluster.plan", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["event"]) == (2, "error")
    (site / "invoke.yaml").write_text(f'skep: {{requires: "=={__version__}"}}\n')
    assert skep(site, "inventory.check").returncode == 0


@pytest.mark.parametrize("blocked", ["inventory", "stacks", ".github"])
def test_a_file_in_the_place_of_a_folder_is_named(site: Path, blocked: str) -> None:
    other = site / "other"
    other.mkdir()
    (other / blocked).write_text("")
    with pytest.raises(UsageError, match=f"cannot write .*{blocked}"):
        initialised(other)


def test_a_folder_named_as_an_inventory_is_none(site: Path) -> None:
    (site / "inventory" / "old.yml").mkdir()
    assert checked(site)[-1] == "nothing is wrong with this site: 1 environment"


def test_roles_that_cannot_be_used_are_an_error(site: Path) -> None:
    (site / "invoke.yaml").write_text("skep: {roles: nowhere}\n")
    with pytest.raises(SiteError) as wrong:
        checked(site)
    assert "invoke.yaml: skep.roles: nowhere cannot be used: No module named 'nowhere'" in wrong.value.problems


def test_a_variable_that_is_not_set_is_no_error_whatever_its_value_must_be(site: Path) -> None:
    inventory = site / "inventory" / "prod.yml"
    inventory.write_text(
        "ssh:\n  port: ${env:NO_PORT:-22}\n  connect-timeout: ${env:NO_TIME}\n"
        "hosts:\n"
        "  m1: {address: '${env:NO_M1}', role: manager}\n"
        "  w1: {address: '${env:NO_W1}', role: worker}\n"
    )
    reported = checked(site)
    assert "warning: inventory/prod.yml: not set here, so not checked: NO_TIME, NO_M1, NO_W1" in reported
    assert "warning: inventory/prod.yml: its stacks were not checked; set the variables to check them" in reported
    inventory.write_text(inventory.read_text().replace("role: worker", "role: wrong"))
    with pytest.raises(SiteError) as wrong:
        checked(site)
    (problem,) = wrong.value.problems
    assert "hosts.w1.role" in problem
