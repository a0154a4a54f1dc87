"""Environments that extend a file: merged key by key, with errors where a value came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.errors import InventoryError, UsageError
from skep.inventory import choose, environments, load, merged
from tests.golden import golden

FILE = Path(__file__).with_name("extends.yml")
CASES = yaml.safe_load(FILE.read_text())
BASE = """x-notes: {who: us}
ssh: {user: admin, key: keys/id}
engine: {version: "26.1"}
swarm: {task-history: 3, address-pools: [10.64.0.0/12, 10.96.0.0/12]}
hosts:
  m1: {address: 10.0.0.1, role: manager, labels: {zone: a, disk: ssd}}
  w1:
    address: 10.0.0.2
    role: worker
    daemon: {registry-mirrors: ["${env:MIRROR}"]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "base.yml").write_text(BASE)
    return folder


def written(folder: Path, text: str, name: str = "prod.yml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    try:
        load(written(folder, text), environ=environ)
    except InventoryError as error:
        return [problem.replace(f"{folder}/", "") for problem in error.problems]
    return []


def test_mappings_are_merged_and_all_else_replaces(folder: Path) -> None:
    text = """extends: base.yml
ssh: {user: deploy}
swarm: {address-pools: [10.32.0.0/12]}
engine:
hosts:
  m1: {labels: {zone: b, disk: null}}
  w1: {daemon: null}
  w2: {address: 10.0.0.3, role: worker}
"""
    found = load(written(folder, text), environ={})
    assert [host.name for host in found.cluster.hosts] == ["m1", "w1", "w2"]
    assert found.cluster.hosts[0].labels == {"zone": "b"}
    assert found.cluster.hosts[1].daemon == {}
    assert (found.cluster.swarm.task_history, found.cluster.swarm.address_pools) == (3, ("10.32.0.0/12",))
    assert found.cluster.hosts[2].engine.version == "26.1"
    assert (found.access["m1"].user, found.access["m1"].key) == ("deploy", folder / "keys" / "id")
    assert found.extensions == {"x-notes": {"who": "us"}}


def test_a_host_is_taken_away_and_nothing_of_it_is_looked_at(folder: Path) -> None:
    text = "extends: base.yml\nhosts: {w1: null}\ngroups: {fast: {hosts: [w1]}}\n"
    reported = "prod.yml:3: groups.fast.hosts[0]: 'w1' is not a host of this file"
    assert [one.partition(" (did")[0] for one in problems(folder, text)] == [reported]
    assert [
        host.name for host in load(written(folder, "extends: base.yml\nhosts: {w1: null}\n"), environ={}).cluster.hosts
    ] == ["m1"]


def test_an_error_names_the_file_and_line_the_value_came_from(folder: Path) -> None:
    written(folder, BASE.replace("role: worker", "role: wroker"), "base.yml")
    reported = problems(folder, "extends: base.yml\nhosts:\n  m1: {availability: of}\n", MIRROR="http://m")
    assert [one.split(": must")[0] for one in reported] == [
        "prod.yml:3: hosts.m1.availability",
        "base.yml:9: hosts.w1.role",
    ]
    unset = "base.yml:10: hosts.w1.daemon.registry-mirrors[0]: the environment variable MIRROR is not set"
    assert unset in problems(folder, "extends: base.yml\n")


def test_several_are_put_over_each_other_and_may_extend_further(folder: Path) -> None:
    written(folder, "extends: base.yml\nssh: {user: one, port: 1}\n", "one.yml")
    written(folder, "ssh: {user: two}\n", "two.yml")
    found = load(written(folder, "extends:\n  - one.yml\n  - two.yml\nhosts: {w1: null}\n"), environ={})
    assert (found.access["m1"].user, found.access["m1"].port) == ("two", 1)


@pytest.mark.golden
@pytest.mark.parametrize(("place", "case"), list(enumerate(CASES)), ids=[case["inventory"] for case in CASES])
def test_what_is_wrong_is_said_where_it_stands(folder: Path, place: int, case: dict[str, Any]) -> None:
    written(folder, "extends: prod.yml\n", "ring.yml")
    written(folder, "hosts: {}\nhosts: {}\n", "broken.yml")
    os.mkfifo(folder / "a-channel")
    found = [one.replace(str(folder), ".") for one in problems(folder, case["inventory"], MIRROR="http://m")]
    assert found == golden(FILE, place, case, "problems", found)
    assert found, "what is wrong must be said"


def test_many_files_are_refused(folder: Path) -> None:
    for number in range(40):
        written(folder, f"extends: [b{number + 1}.yml]\n", f"b{number}.yml")
    written(folder, "{}", "b40.yml")
    assert "more than 32 files" in problems(folder, "extends: b0.yml\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "extends: base.yml\n",
        "extends: 'base.yml'  # shared\n",
        "x-a: 1\nextends: [ base.yml ]\n",
        "extends:\n  # what all have\n  - base.yml # x\n  - other.yml\n",
        "extends:\n- ./base.yml\n",
        "extends: ../inventory/base.yml\n",
    ],
)
def test_a_base_is_no_environment(folder: Path, text: str) -> None:
    prod = written(folder, text)
    assert environments(folder) == [prod]
    assert choose(None, environ={}, configured=None, folder=folder) == prod
    for name in ("base", "base.yml", str(folder / "base.yml")):
        with pytest.raises(UsageError) as raised:
            choose(name, environ={}, configured=None, folder=folder)
        assert "prod.yml extends it" in raised.value.message
    with pytest.raises(UsageError, match="there is prod"):
        choose("prd", environ={}, configured=None, folder=folder)


def test_what_is_shown_is_one_file_that_means_the_same(folder: Path) -> None:
    text = """extends: base.yml
x-odd: {"yes": on, a b: "no", empty: , list: [], map: {}, deep: [[1, {b: 2}], "x: y # z", "two\\nlines"], token: abc,
  raw: "\\x7f\\u2028\\uffff \\U0001f41d"}
ssh:
  port: ${env:PORT}
hosts:
  m1: {labels: {zone: b, "8080": "08"}}
  w1: {daemon: null}
"""
    path = written(folder, text)
    shown = merged(path, environ={})
    again = written(folder, shown.text(), "again.yml")
    before, after = load(path, environ={"PORT": "2222"}), load(again, environ={"PORT": "2222"})
    assert before.cluster.hosts == after.cluster.hosts and before.access == after.access
    odd = dict(before.extensions["x-odd"])
    assert odd.pop("token") == "abc"
    assert {key: one for key, one in after.extensions["x-odd"].items() if key != "token"} == odd
    assert "abc" not in shown.text() and "extends" not in yaml.safe_load(shown.text())
    assert "    address: 10.0.0.1  # " in shown.text() and "base.yml:6" in shown.text()
    assert shown.origins()["hosts.m1.labels.zone"].endswith("prod.yml:7")
    assert merged(again, environ={}).data() == shown.data()
