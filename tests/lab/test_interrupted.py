"""Runs that end in the middle, on bare hosts: killed, stopped, or hosts reboot meanwhile. Running again arrives."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Ran

SEEDS = [int(seed) for seed in os.environ.get("SKEP_LAB_SEEDS", "4,5").split(",")]
"""Each picks another moment to kill the tool; SKEP_LAB_SEEDS=3,4,5 tries more."""
LEFT = r"""
for process in /proc/[0-9]*; do
  tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -E '(^|/)(sudo|timeout|apt-get|dpkg) |dial-stdio' || true
done
ls -d /run/skep.* /var/lib/skep/lock 2>/dev/null || true
"""
"""What the tool started on a host, what it laid there for a step, and its lock."""

UNPACKING = """
tries=0
until grep -sq -e '--unpack' -e '--configure' /proc/[0-9]*/cmdline; do
  tries=$((tries + 1))
  [ "$tries" -lt 2000 ] || exit 1
  sleep 0.1
done
"""
"""Ends as soon as packages are unpacked. It looks on the host itself: that takes some seconds, a login may take one."""


@pytest.mark.parametrize("seed", SEEDS)
def test_up_after_the_tool_was_killed_at_any_step_arrives(bare: Environment, seed: int) -> None:
    dice = random.Random(seed)
    steps = len(bare.plan().must(10).steps)
    at, later = dice.randint(1, steps), dice.choice([0, dice.uniform(0, 8)])
    with bare.tool.start("cluster.up") as running:
        running.wait_for(f"step {at} of {steps} started", lambda ran: _started(ran) >= at)
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(later)
        running.send(signal.SIGKILL)
        killed = running.end()

    again = bare.tool("cluster.up", "--verify", "always")
    assert again.exit == 0, (
        f"seed {seed}, killed {later:.1f} s after step {at} of {steps}:\n{killed}\nand again:\n{again}"
    )
    bare.hosts.must_be_one_swarm()
    bare.must_be_as_described()
    bare.page_must_answer()


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_up_after_the_tool_was_killed_at_three_moments_arrives(bare: Environment, seed: int) -> None:
    """Whatever it was at: a login, an observation, between two steps, or the writing of its history."""
    dice = random.Random(f"moments of {seed}")
    delays = [dice.uniform(0.3, 12) for _ in range(3)]
    killed = []
    for delay in delays:
        with bare.tool.start("cluster.up") as running:
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(delay)
            running.send(signal.SIGKILL)
            killed.append(running.end())

    again = bare.tool("cluster.up", "--verify", "always")
    shown = "\n".join(map(str, killed))
    assert again.exit == 0, f"seed {seed}, killed after {delays} s:\n{shown}\nand again:\n{again}"
    bare.hosts.must_be_one_swarm()
    bare.must_be_as_described()
    bare.page_must_answer()


def test_ctrl_c_ends_the_run_says_where_it_stands_and_running_again_goes_on(pair: Environment) -> None:
    with pair.tool.start("cluster.up") as running:
        running.wait_for_step("engine/install@w1")
        running.send(signal.SIGINT)
        stopped = running.end()
    assert stopped.exit == 130, f"{stopped}"
    assert "steps done" in stopped.error["message"] and "not started" in stopped.error["message"], f"{stopped}"
    assert "again" in stopped.error["next"], f"what to do next is not said\n{stopped}"
    outcome = stopped.named("outcome")[0]
    assert outcome["interrupted"] and "swarm/init@m1" in outcome["skipped"], f"{stopped}"
    assert "Traceback" not in stopped.text, f"{stopped}"
    for name in pair.hosts.names:
        until(f"nothing of the run is left on {name}", lambda name=name: not pair.hosts.run(name, LEFT))

    pair.up("--verify", "always")
    pair.hosts.must_be_one_swarm()
    pair.must_be_as_described()


def test_an_installation_goes_on_to_its_end_when_the_tool_is_killed(pair: Environment) -> None:
    with pair.tool.start("cluster.up") as running:
        pair.hosts.run("w1", UNPACKING)
        running.send(signal.SIGKILL)
        running.end()
    until("nothing of the run is left on w1", lambda: not pair.hosts.run("w1", LEFT))
    assert pair.hosts.run("w1", "dpkg --audit") == "", "the installation was cut in the middle"
    assert pair.hosts.run("w1", "systemctl is-active docker.service || true").strip() == "active"


def test_hosts_that_reboot_meanwhile_are_continued_later(bare: Environment) -> None:
    """With hosts missing the stack may find no place; it is not waited for that long."""
    hasty = bare.with_inventory("hasty", lambda document: document["stacks"]["web"].update(timeout="30s"))
    with hasty.start("cluster.up") as running:
        bare.hosts.run("w1", UNPACKING)
        bare.hosts.reboot("w1")
        running.wait_for_step("swarm/join@m2")
        bare.hosts.reboot("m2")
        ran = running.end()
    assert ran.exit not in (1, 2), f"{ran}"
    assert "Traceback" not in ran.text, f"{ran}"
    for name in ("w1", "m2"):
        bare.hosts.must_answer(name)

    bare.up("--verify", "always")
    bare.hosts.must_be_one_swarm()
    bare.must_be_as_described()
    bare.page_must_answer()


def _started(ran: Ran) -> int:
    return sum(event["kind"] == "started" for event in ran.named("step"))
