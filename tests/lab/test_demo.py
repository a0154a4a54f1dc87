"""``demo`` and ``lab.*`` as they stand in the README, with the inventory that is there, under a name of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skep import lab
from tests.lab.rig.hosts import Hosts, until
from tests.lab.rig.leftovers import must_be_gone
from tests.lab.rig.tool import LIMIT, ROOT, Ran, Tool

MINE = {"name: lab": "name: demo", "known_hosts-lab": "known_hosts-demo", "10.83.0.": "10.85.0."}


@pytest.fixture
def repository(machine: Callable[[str], Hosts], tmp_path: Path) -> Iterator[Path]:
    """This repository, but for the lab's name and addresses: whoever has the lab up keeps it."""
    for name in ("skep", "roles", "tasks.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    text = (ROOT / "inventory/lab.yml").read_text()
    for theirs, mine in MINE.items():
        assert theirs in text
        text = text.replace(theirs, mine)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/lab.yml").write_text(text)
    yield tmp_path
    lab.down("demo")


def test_from_nothing_to_a_page_and_back(repository: Path, machine: Callable[[str], Hosts]) -> None:
    hosts = machine("demo")
    shown = said(repository, "demo")
    assert (repository / "stacks/web/index.html").read_text().strip() in shown, shown
    assert "http://10.85.0.21:8080/" in shown and "5 hosts as described" in shown, shown
    hosts.must_be_one_swarm()

    tool = Tool(repository / "inventory/lab.yml")
    assert states(tool) == dict.fromkeys(hosts.names, ("running", "answers"))
    leader = next(n["Description"]["Hostname"] for n in hosts.nodes("m1") if n.get("ManagerStatus", {}).get("Leader"))
    others = [name for name in hosts.managers if name != leader]
    tool("lab.cut", leader).must()
    assert states(tool)[leader] == ("cut", "silent")
    until("the others have a leader", lambda: hosts.attempt(others[0], "timeout 5 docker node ls").returncode == 0)
    hosts.run(others[0], "docker node update --label-add zone=moon w1")
    without = tool("cluster.plan").must(3)
    assert leader in without.error["message"], f"the host left out is not named\n{without}"
    assert "swarm/node@w1" in without.ids, f"the others are not looked at\n{without}"
    tool("lab.heal", leader).must()
    hosts.must_answer(leader)
    until("it is one swarm again", lambda: one_swarm(hosts))  # who comes back may cause another election
    tool("cluster.up").must()
    assert hosts.node(leader, "w1")["Spec"]["Labels"]["zone"] == "north"

    said(repository, "lab.down")
    assert {state for state, _ in states(tool).values()} == {"absent"}
    must_be_gone(["demo"])


def test_a_lab_of_other_hosts(repository: Path) -> None:
    tool = Tool(repository / "inventory/lab.yml")
    tool("lab.up", "--hosts", "1", "--suite", "trixie").must()
    assert states(tool)["m1"] == ("running", "answers")
    assert "VERSION_CODENAME=trixie" in said(repository, "lab.ssh", "m1", stdin="cat /etc/os-release\n")
    tool("lab.down").must()


def one_swarm(hosts: Hosts) -> bool:
    try:
        return bool(hosts.must_be_one_swarm())
    except AssertionError:
        return False


def states(tool: Tool) -> dict[str, tuple[str, str]]:
    """Of each host: whether it is up, and whether its SSH server answers."""
    ran: Ran = tool("lab.status").must()
    return {row["name"]: (row["state"], row["ssh"]) for row in ran.named("lab")[0]["rows"]}


def said(folder: Path, *words: str, stdin: str = "") -> str:
    """What a task prints where nobody watches; it must succeed."""
    argv = [sys.executable, "-m", "invoke", *words]
    done = subprocess.run(argv, cwd=folder, input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, f"$ invoke {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
