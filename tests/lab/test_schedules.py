"""Schedules on a host of the cluster: real timers of systemd there run skep, from a copy, with a key of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Tool

NAME, AT, UNIT = "night", "m2", "skep-night-look"
FOLDER = f"/var/lib/skep/there/{NAME}"
PACKAGES = "dpkg-query -f '${Package}\\n' -W | sort"
PYTHON = f"{PACKAGES} >/run/packages; apt-get -qq -y --no-install-recommends install python3 >/dev/null"
NO_PYTHON = f"{PACKAGES} | comm -13 /run/packages - | xargs -r apt-get -qq -y purge >/dev/null; rm /run/packages"
STRAY = """docker run --name over busybox:1.36 true
tar -C /etc -c hostname | docker import - stray:1 >/dev/null
tar -C /etc -c hosts | docker import - >/dev/null
"""
LEFT = "docker ps --all --quiet --filter name=over; docker image ls --quiet stray; docker image ls -q -f dangling=true"


def schedules(when: str) -> Document:
    return {"look": {"run": "drift", "when": when, "at": AT}, "tidy": {"run": "prune", "when": "yearly", "at": AT}}


def applied(cluster: Environment, when: str) -> Tool:
    def change(document: Document) -> None:
        document["schedules"] = schedules(when)
        document["notices"] = {"home": {"command": ["/bin/sh", "-c", 'echo "$HOME" >/run/skep-home']}}

    tool = cluster.with_inventory(NAME, change)
    tool("schedule.apply").must()
    return tool


def row(tool: Tool, name: str = "look") -> dict[str, Any]:
    (table,) = tool("schedule.ls").must().named("schedules")
    return dict(next(one for one in table["rows"] if one["name"] == name))


def logins(cluster: Environment) -> str:
    return "".join(cluster.hosts.each("grep skep-schedules: ~admin/.ssh/authorized_keys || :").values())


@pytest.fixture
def python(cluster: Environment) -> Iterator[None]:
    """Python on the host, and nothing of a schedule left on any, nor here, whatever becomes of the test."""
    cluster.hosts.run(AT, PYTHON)
    packed = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "skep/programs")
    before = set(packed.glob("*"))
    yield
    cluster.with_inventory(NAME)("schedule.rm", "--yes")
    cluster.hosts.run(AT, f"{NO_PYTHON}; rm -f /run/skep-home")
    for one in set(packed.glob("*")) - before:
        one.unlink()
    if not before and packed.is_dir():
        packed.rmdir()


@pytest.mark.usefixtures("python")
def test_a_timer_on_a_host_looks_by_itself_until_it_is_removed(cluster: Environment) -> None:
    hosts = cluster.hosts
    tool = applied(cluster, "*:*:0/10")
    assert not tool("schedule.apply", "--plan").must().ids
    until("the timer has run it", lambda: row(tool)["last"] == "ok")
    assert "restrict,from=" in logins(cluster)

    stamp = f"/var/lib/systemd/timers/stamp-{UNIT}.timer"
    hosts.run(AT, f"systemctl stop {UNIT}.timer; touch -d '3 days ago' {stamp}")
    until("no run is under way", lambda: row(tool)["next"] != "running")
    begun = f"systemctl show -P ExecMainStartTimestampMonotonic {UNIT}.service"
    before = hosts.run(AT, begun)
    applied(cluster, "daily")
    assert hosts.run(AT, begun) == before, "a changed time makes up for nothing"
    hosts.run(
        AT, f"rm {FOLDER}/site/stacks/web/index.html; touch -d '3 days ago' {stamp}; systemctl restart {UNIT}.timer"
    )
    until("what was missed is made up for", lambda: row(tool)["last"] != "ok")
    assert hosts.run(AT, "cat /run/skep-home").strip() == "/root"
    assert row(tool)["units"] == "differ"
    applied(cluster, "daily")
    assert tool("schedule.run", "look").must().exit == 0

    hosts.run(AT, STRAY)
    tool("schedule.run", "tidy").must()
    assert len(hosts.run(AT, LEFT).split()) == 2, "what has a name, and what is no task's, stays"
    prune = ("cluster.prune", "--older-than", "0s", "--limit", AT)
    assert tool(*prune, "--plan").must().ids == {f"prune/containers@{AT}", f"prune/images@{AT}"}
    tool(*prune, "--yes").must()
    assert not hosts.run(AT, LEFT).split()

    tool("schedule.rm", "--yes").must()
    assert not logins(cluster)
    assert not hosts.run(AT, f"ls -d {FOLDER} /etc/systemd/system/skep-{NAME}-* {stamp} 2>/dev/null || :")
    cluster.must_be_as_described()
