"""Commands that ask no host, as processes: exit code, stdout and stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
VALID = """\
hosts:
  m1: {address: 10.0.0.11, role: manager}
  m2: {address: 10.0.0.12, role: manager}
  w1: {address: 10.0.0.21, role: worker}
"""


def invoke(*words: str, here: Path = REPOSITORY) -> tuple[int, list[str], list[str]]:
    """Exit code, and the lines of both streams."""
    ended = subprocess.run(
        [sys.executable, "-m", "invoke", "--search-root", str(REPOSITORY), *words],
        capture_output=True, text=True, check=False, cwd=here,
    )  # fmt: skip
    return ended.returncode, ended.stdout.splitlines(), ended.stderr.splitlines()


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "some.yml"
    path.write_text(VALID)
    return path


def test_a_valid_inventory_with_its_warnings(inventory: Path) -> None:
    code, out, err = invoke("inventory.check", "-i", str(inventory))
    assert (code, err) == (0, [])
    assert out[0].startswith(f"warning {inventory}:1: hosts: ")
    assert out[1:] == [f"{inventory} is valid: 2 managers, 1 worker, 0 networks, 0 stacks"]
    code, out, err = invoke("inventory.check", "-i", str(inventory), "--json")
    assert (code, err) == (0, [])
    assert [json.loads(line)["event"] for line in out] == ["findings", "done"]


def test_an_inventory_with_errors(inventory: Path) -> None:
    inventory.write_text(f"{VALID}x-lab: [subnet]\nstack: 1\n")
    problems = [f"{inventory}:5: x-lab: ", f"{inventory}:6: stack: "]
    code, out, err = invoke("inventory.check", "-i", str(inventory))
    assert (code, out) == (2, []) and "2 errors" in err[-1]
    assert all(line.startswith(problem) for line, problem in zip(err, problems, strict=False))
    assert err[2].startswith(f"warning: {inventory}:1: hosts: ")
    code, out, silent = invoke("inventory.check", "-i", str(inventory), "--json")
    assert (code, silent, len(out)) == (2, [], 1)
    event = json.loads(out[0])
    assert (event["event"], event["exit"], event["kind"], event["lines"]) == ("error", 2, "InventoryError", err)


def test_no_such_inventory() -> None:
    code, out, err = invoke("inventory.check", "-i", "lba")
    assert (code, out) == (2, [])
    assert "'lba' (from --inventory)" in err[0] and "'lab'" in err[0]
    assert err[-1].startswith("  next:  ")


def test_a_first_inventory_is_found_by_its_name(tmp_path: Path) -> None:
    words = ("inventory.init", "--name", "prod.eu", "--hosts", "admin@10.0.0.11, 10.0.0.12")
    code, out, err = invoke(*words, here=tmp_path)
    assert (code, err) == (0, [])
    assert out == [
        "wrote inventory/prod.eu.yml; next: invoke inventory.check -i prod.eu, then invoke cluster.plan -i prod.eu"
    ]
    code, out, err = invoke("inventory.check", "-i", "prod.eu", here=tmp_path)
    assert (code, err) == (0, [])
    assert out[-1] == "inventory/prod.eu.yml is valid: 1 manager, 1 worker, 0 networks, 0 stacks"
    before = (tmp_path / "inventory" / "prod.eu.yml").read_text()
    code, out, err = invoke(*words, here=tmp_path)
    assert (code, out, err) == (
        2, [], ["inventory/prod.eu.yml is there already", "  next:  name another file with --name"],
    )  # fmt: skip
    assert (tmp_path / "inventory" / "prod.eu.yml").read_text() == before


@pytest.mark.parametrize("name", ["../x", "a/b", ".", ".hidden", "", "prod.yml", "a b", "/x"])
def test_a_first_inventory_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    code, out, err = invoke("inventory.init", f"--name={name}", "--hosts", "10.0.0.11", here=tmp_path)
    assert (code, out) == (2, [])
    assert err[0].startswith(f"--name '{name}' " if name else "--name ")
    assert err[1].startswith("  next:  ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("hosts", "message"), [(" , ", "no hosts given"), ("a,b,A", "the host 'a' is named twice"), ("a:22", "'a:22': ")]
)
def test_a_first_inventory_of_what_are_no_hosts(tmp_path: Path, hosts: str, message: str) -> None:
    code, out, err = invoke("inventory.init", "--hosts", hosts, here=tmp_path)
    assert (code, out) == (2, [])
    assert err[0].startswith(message)
    assert list(tmp_path.iterdir()) == []


LAB = VALID.replace("10.0.0.", "10.99.7.") + "x-lab: {name: nosuch, subnet: 10.99.7.0/24}\n"


def test_a_lab_that_is_not_up(tmp_path: Path, inventory: Path) -> None:
    inventory.write_text(LAB)
    code, out, err = invoke("lab.status", "--json", "-i", str(inventory))
    assert (code, err) == (0, [])
    assert {row["name"]: row["state"] for row in json.loads(out[0])["rows"]} == dict.fromkeys(
        ("m1", "m2", "w1"), "absent"
    )
    for words in (["lab.ssh", "m1"], ["cluster.plan"]):
        code, out, err = invoke(*words, "-i", str(inventory))
        assert (code, out, err) == (9, [], ["the lab nosuch is not up", f"  next:  invoke lab.up -i {inventory}"])


@pytest.mark.parametrize("task", [["lab.status"], ["lab.up"], ["lab.ssh", "m1"]])
@pytest.mark.parametrize(
    ("lab", "first"),
    [
        ("", "{} describes no lab"),
        ("x-lab: [subnet]\n", "{}:5: x-lab: "),
        ("x-lab: {subnet: 10.99.7.0/24, registry-port: abc}\n", "{}:5: x-lab.registry-port: "),
        ("x-lab: {subnet: 10.99.7.0/24, suite: sarge}\n", "m1: no lab host runs 'sarge'"),
    ],
)
def test_what_describes_no_lab(inventory: Path, task: list[str], lab: str, first: str) -> None:
    inventory.write_text(VALID + lab)
    code, out, err = invoke(*task, "-i", str(inventory))
    assert (code, out) == (9 if "sarge" in lab else 2, [])
    assert err[0].startswith(first.format(inventory))
    assert "bug" not in "".join(err)


def test_arguments_that_no_lab_can_have(inventory: Path) -> None:
    inventory.write_text(LAB)
    code, out, err = invoke("lab.up", "--suite", "sarge", "-i", str(inventory))
    assert (code, out) == (2, [])
    assert err == ["--suite sarge: no such release", "  next:  known are: bookworm, trixie, forky, el9"]
    code, out, err = invoke("lab.ssh", "m9", "-i", str(inventory))
    assert (code, out, err) == (2, [], ["no host m9 in this lab", "  next:  its hosts are: m1, m2, w1"])
