"""``demo``: the main job from nothing to a stack that answers, on the lab."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from pathlib import Path

from skep import lab
from skep.commands.cluster import changes as cluster
from skep.commands.lab_hosts import described
from skep.commands.own_roles import host_keys
from skep.converge import Site, plan
from skep.errors import NotConverged
from skep.inventory import load
from skep.observe import Observation
from skep.preflight import Facts
from skep.report import Reporter
from skep.request import Request
from skep.role import AnyRole
from skep.ssh import Pool
from skep.waiting import until

NEXT = {
    "Look around": ("cluster.status -i lab", "stack.ps web -i lab", "lab.ssh m1"),
    "Break it and repair it": ("lab.kill w1", "cluster.plan -i lab", "lab.boot w1", "cluster.up -i lab"),
}
"""What to try on the lab, each as it is typed."""

PATIENCE = 60.0
"""Seconds the page may take to answer after the stack runs."""


def run(path: Path, roles: Sequence[AnyRole], paths: cluster.Paths, tell: Reporter) -> None:
    """Lab, plan, up, verify, one page; then what to try next."""
    inventory = load(path, host_keys=host_keys(roles))
    desired = described(inventory)
    with Pool(inventory.cluster.hosts, inventory.access) as pool:
        site = Site(inventory.cluster, pool, roles, roles)
        reason = lab.unsupported()
        if reason:
            _without_lab(site, tell, reason)
            return
        tell.say(f"1. a lab of {len(desired.hosts)} bare hosts on this machine (lab.up)")
        with tell.busy("starting the lab"):
            lab.up(desired, say=lambda text: tell.say(f"   {text}"))
        tell.document(
            "\n2. from bare hosts to a swarm with a stack, checked with Testinfra (cluster.up --verify always)"
        )
        cluster.up(site, tell, paths, Request("cluster.up"), verify="always")
        tell.document("\n3. the same again: nothing differs")
        cluster.up(site, tell, paths, Request("cluster.up"), verify="never")
        address = next(host.address for host in site.cluster.workers)
        tell.document(f"\n4. the stack answers at http://{address}:8080/")
        tell.document(_page(f"http://{address}:8080/"))
    for purpose, commands in NEXT.items():
        tell.say(f"{purpose}:")
        for command in commands:
            tell.say(f"  invoke {command}")
    tell.done("the lab stays up until: invoke lab.down")


def _without_lab(site: Site, tell: Reporter, reason: str) -> None:
    tell.say(f"no lab here: {reason}")
    tell.say("what can be shown without hosts is the plan for the lab's inventory on bare ones:")
    tell.say("")
    names = [host.name for host in site.cluster.hosts]
    bare = Observation(
        states={role.name: dict.fromkeys(names) for role in site.roles},
        facts={name: Facts(hostname=name, machine_id=name) for name in names},
        failures={},
    )
    tell.plan(plan(site, bare), applying=False)
    tell.done("to carry it out on a lab: sudo ./inv demo on Debian; on hosts of your own: see the README")


def _page(url: str) -> str:
    why = ""

    def answer() -> str | None:
        nonlocal why
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as response:
                return str(response.read().decode()).strip() or "an empty page"
        except OSError as error:
            why = str(error)
            return None

    page = until(answer, seconds=PATIENCE, every=0.5)
    if page is None:
        raise NotConverged("the stack runs and its page does not answer", cause=f"{url}: {why}")
    return page
