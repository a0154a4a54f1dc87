"""``cluster.*``: the whole environment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from skep import history, lock
from skep.commands.asking import agreed
from skep.commands.carrying import carry_out
from skep.commands.listing import NODES_SPARE, STACKS_SHOWN, manager_client, network_rows, node_rows, stack_rows
from skep.commands.rollouts import all_timed, recovery
from skep.converge import (
    Site,
    limited,
    look,
    plan,
    refuse_errors,
    refuse_later,
    refuse_silent,
)
from skep.errors import ConnectError, UsageError, VerifyFailed
from skep.model import Rollout
from skep.observe import Observation, observe
from skep.plan import Plan
from skep.report import Reporter

Paths = Mapping[str, Path]


def allowing(site: Site, networks: str | None, *, quorum_loss: bool) -> Site:
    """The site with what the user allows: networks to be replaced, comma-separated, and a moment without a quorum."""
    names = frozenset(filter(None, (networks or "").split(",")))
    unknown = sorted(names - {network.name for network in site.cluster.networks})
    if unknown:
        raise UsageError(f"--replace-network {unknown[0]}: no network of that name in the inventory")
    return replace(site, cluster=replace(site.cluster, replace_networks=names, allow_quorum_loss=quorum_loss))


def show_plan(site: Site, tell: Reporter, *, limit: str | None, exit_code: bool, resolve: bool = True) -> int:
    """Print what would change, and tags that have moved. Returns 10 with ``exit_code`` when something would, else 0."""
    rollout = Rollout(resolve="all" if resolve else "never")
    stacks = tuple(replace(stack, rollout=rollout) for stack in site.cluster.stacks)
    site = replace(site, cluster=replace(site.cluster, stacks=stacks))
    since = time.monotonic()
    with tell.busy(f"observing {len(site.pool.hosts)} hosts"):
        observation, planned = look(site)
    planned = _limited(site, planned, limit)
    tell.plan(planned, applying=False)
    refuse_errors(planned)
    refuse_silent(observation.failures)
    changes = len(planned) or planned.later
    if not changes:
        tell.done(_as_described(site, observation, since, limit))
    return 10 if exit_code and changes else 0


def up(site: Site, tell: Reporter, paths: Paths, *, limit: str | None, verify: str, timeout: str | None = None) -> None:
    """Plan, apply, observe again, verify what changed. On a cluster as described: one observation."""
    site = all_timed(site, timeout)
    if verify not in ("always", "changed", "never"):
        raise UsageError(f"--verify {verify} is not one of always, changed, never")
    since = time.monotonic()
    with tell.busy(f"observing {len(site.pool.hosts)} hosts"):
        observation, planned = look(site)
    planned = _limited(site, planned, limit)
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    refuse_later(planned)
    carried = carry_out(
        site,
        tell,
        planned,
        observation,
        "cluster.up",
        lambda seen: _limited(site, plan(site, seen), limit),
        recover=recovery(tell, site),
    )
    observation, steps = carried.observation, carried.steps
    if verify == "always":
        _verify(site, tell, paths, observation.hosts, None)
    elif verify == "changed" and steps:
        roles = {step.role for step in steps}
        hosts = {step.concerns for step in steps if step.concerns} or set(observation.hosts[:1])
        wanted = {role: path for role, path in paths.items() if role in roles}
        _verify(site, tell, wanted, [name for name in observation.hosts if name in hosts], None)
    refuse_silent(observation.failures)
    tell.done(_as_described(site, observation, since, limit, len(steps)))


def verify(site: Site, tell: Reporter, paths: Paths, *, limit: str | None, junit: str | None) -> None:
    """Testinfra against every host."""
    names = sorted(_hosts(site, limit), key=site.pool.hosts.index) if limit else list(site.pool.hosts)
    _verify(site, tell, paths, names, Path(junit) if junit else None)


def status(site: Site, tell: Reporter) -> None:
    """Nodes, networks, stacks as the managers tell them, and drift if there is any."""
    with tell.busy("asking the cluster"):
        observation, planned = look(site)
    try:
        with manager_client(site, observation) as api:
            tell.table("nodes", *node_rows(api), title="nodes", spare=NODES_SPARE)
            tell.table("networks", *network_rows(api), title="networks")
            tell.table("stacks", *stack_rows(api), title="stacks", **STACKS_SHOWN)
    except ConnectError as error:
        tell.plan(planned, applying=False)
        refuse_errors(planned)
        raise error from None
    holders = lock.read(site.pool, [name for name in site.manager_names if name in observation.facts])
    if holders:
        tell.say(f"locked by {next(iter(holders.values()))}")
    tell.plan(planned, applying=False)
    if not len(planned) and not planned.errors and not planned.later:
        tell.done("no drift" + (f"; {', '.join(observation.failures)} did not answer" if observation.failures else ""))
    refuse_errors(planned)
    refuse_silent(observation.failures)


def down(site: Site, tell: Reporter, *, yes: bool, timeout: str | None = None) -> None:
    """Stacks, networks, swarm, in reverse. Engines and volumes stay."""
    site = all_timed(site, timeout)
    with tell.busy(f"observing {len(site.pool.hosts)} hosts"):
        observation = observe(site.cluster, site.pool, site.roles, waiting=site.waiting)
    planned = plan(site, observation, down=True)
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    if not len(planned):
        refuse_silent(observation.failures)
        tell.done(f"{site.cluster.name}: there is no swarm on {_count(len(observation.hosts), 'host')}")
        return
    agreed(f"Take down the swarm of {site.cluster.name}?", yes=yes)
    remaining = partial(plan, site, down=True)
    carried = carry_out(site, tell, planned, observation, "cluster.down", remaining, agreed=True, inquire=False)
    observation = carried.observation
    refuse_silent(observation.failures)
    tell.done(f"{site.cluster.name}: the swarm is gone; engines and volumes stay")


def unlock(site: Site, tell: Reporter, *, yes: bool) -> None:
    """Remove the lock, whoever holds it."""
    holders = lock.read(site.pool, site.manager_names)
    if not holders:
        tell.done("not locked")
        return
    holder = next(iter(holders.values()))
    tell.say(f"locked by {holder}, on {', '.join(holders)}")
    agreed("Remove this lock? If that run still goes on, two will change the cluster at once.", yes=yes)
    tell.done(f"unlocked on {', '.join(lock.break_all(site.pool, site.manager_names))}")


def show_history(site: Site, tell: Reporter, *, last: int) -> None:
    """What was done, when, by whom."""
    entries = history.read(site.pool, site.manager_names, last)
    columns = ("time", "run", "who", "event", "seconds", "what", "cause")
    rows = []
    for entry in entries:
        what = entry.get("what") or f"{entry.get('host') or 'cluster'}: {entry.get('title')}"
        rows.append(
            (
                entry["time"][:19],
                str(entry.get("run", ""))[:8],
                entry.get("who", ""),
                entry.get("event"),
                entry.get("seconds", ""),
                what,
                entry.get("cause", ""),
            )
        )
    tell.table("history", columns, rows, spare=("who", "run"))


def _verify(site: Site, tell: Reporter, paths: Paths, hosts: Sequence[str], junit: Path | None) -> None:
    from skep.verify import run as run_checks

    since = time.monotonic()
    with tell.busy(f"verifying {', '.join(paths)}"):
        checks = run_checks(site.cluster, site.pool, paths, hosts=hosts, junit=junit)
    seconds = time.monotonic() - since
    tell.checks(checks, seconds)
    bad = [check for check in checks if check.outcome not in ("passed", "skipped")]
    if bad:
        raise VerifyFailed(
            f"{len(bad)} of {len(checks)} checks failed",
            next_action="see what differs with: invoke cluster.plan",
        )
    passed = sum(check.outcome == "passed" for check in checks)
    tell.say(f"verified: {_count(passed, 'check')} passed in {seconds:.1f} s")


def _limited(site: Site, planned: Plan, limit: str | None) -> Plan:
    return limited(site, planned, _hosts(site, limit)) if limit else planned


def _hosts(site: Site, limit: str) -> set[str]:
    """Host names out of ``--limit``: hosts and groups, comma-separated."""
    found: set[str] = set()
    for word in filter(None, limit.split(",")):
        named = {host.name for host in site.cluster.hosts if word == host.name or word in host.groups}
        if not named:
            raise UsageError(f"--limit {word}: no host or group of that name", next_action="see the inventory's hosts")
        found |= named
    return found


def _as_described(site: Site, observation: Observation, since: float, limit: str | None, changed: int = 0) -> str:
    names = set(observation.hosts) & _hosts(site, limit) if limit else observation.hosts
    hosts = _count(len(names), "host") + (f" of --limit {limit}" if limit else "")
    did = f"{_count(changed, 'step')} done, and now " if changed else ""
    return f"{site.cluster.name}: {did}{hosts} as described ({time.monotonic() - since:.2f} s)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
