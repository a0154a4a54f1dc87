"""``cluster.*``: the whole environment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from skep import history, lease, lock
from skep.commands.asking import agreed
from skep.commands.carrying import but_for, carry_out
from skep.commands.listing import (
    NODES_SPARE,
    STACKS_SHOWN,
    Quorum,
    manager_client,
    network_rows,
    node_rows,
    quorum,
    stack_rows,
)
from skep.commands.locking import alone, beside, told
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
from skep.errors import ConnectError, SkepError, UsageError, VerifyFailed, nobody, reasons
from skep.inventory.wording import did_you_mean, quoted
from skep.model import Rollout
from skep.observe import Observation, observe
from skep.plan import Plan
from skep.report import Reporter

Paths = Mapping[str, Path]


def allowing(site: Site, networks: str | None, *, quorum_loss: bool) -> Site:
    """The site with what the user allows: networks to be replaced, comma-separated, and a moment without a quorum."""
    names = frozenset(_words(networks or ""))
    known = {network.name for network in site.cluster.networks}
    for unknown in sorted(names - known):
        raise UsageError(
            f"--replace-network {unknown}: no network of that name in the inventory{did_you_mean(unknown, known)}",
            next_action=f"its networks are: {', '.join(sorted(known)) or 'none'}",
        )
    return replace(site, cluster=replace(site.cluster, replace_networks=names, allow_quorum_loss=quorum_loss))


def show_plan(site: Site, tell: Reporter, *, limit: str | None, exit_code: bool, resolve: bool = True) -> int:
    """Print what would change, and tags that have moved. Returns 10 with ``exit_code`` when something would, else 0."""
    only = _only(site, limit)
    site = _rolled_out(site, Rollout(resolve="all" if resolve else "never", follows_hosts=True))
    since = time.monotonic()
    with tell.busy(f"observing {len(site.pool.hosts)} hosts"):
        (observation, planned), holder = beside(site, lambda: look(site))
    planned = told(site, _limited(site, planned, only), holder)
    tell.plan(planned, applying=False)
    refuse_errors(planned)
    refuse_silent(observation.failures)
    changes = len(planned) or planned.later
    if not changes:
        tell.done(_as_described(site, observation, since, limit, but=but_for(planned)))
    return 10 if exit_code and changes else 0


def up(
    site: Site,
    tell: Reporter,
    paths: Paths,
    *,
    limit: str | None,
    verify: str,
    timeout: str | None = None,
    resolve: bool = True,
) -> None:
    """Plan, apply, observe again, verify what changed. On a cluster as described: one observation."""
    site = _rolled_out(all_timed(site, timeout), Rollout(resolve="new" if resolve else "never", follows_hosts=True))
    if verify not in ("always", "changed", "never"):
        raise UsageError(f"--verify {verify} is not one of always, changed, never")
    only = _only(site, limit)
    since = time.monotonic()
    text = f"observing {len(site.pool.hosts)} hosts"
    observation, planned = alone(site, tell, text, lambda: look(site))
    planned = _limited(site, planned, only)
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    refuse_later(planned)
    carried = carry_out(
        site,
        tell,
        planned,
        observation,
        "cluster.up",
        lambda seen: _limited(site, plan(site, seen), only),
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
    tell.done(_as_described(site, observation, since, limit, len(steps), "" if steps else but_for(planned)))


def _rolled_out(site: Site, rollout: Rollout) -> Site:
    """The site with all its stacks to be rolled out so."""
    stacks = tuple(replace(stack, rollout=rollout) for stack in site.cluster.stacks)
    return replace(site, cluster=replace(site.cluster, stacks=stacks))


def verify(site: Site, tell: Reporter, paths: Paths, *, limit: str | None, junit: Path | None) -> None:
    """Testinfra against every host."""
    only = _only(site, limit)
    names = [name for name in site.pool.hosts if only is None or name in only]
    _verify(site, tell, paths, names, junit)


def status(site: Site, tell: Reporter) -> None:
    """Nodes, networks, stacks as the managers tell them, and drift if there is any."""
    with tell.busy("asking the cluster"):
        observation, planned = look(site)
    try:
        with manager_client(site, observation) as api:
            standing = quorum(api.nodes())
            tell.table("nodes", *node_rows(api), title="nodes", spare=NODES_SPARE)
            tell.table("networks", *network_rows(api), title="networks")
            tell.table("stacks", *stack_rows(api), title="stacks", **STACKS_SHOWN)
    except ConnectError as error:
        tell.plan(planned, applying=False)
        refuse_errors(planned)
        raise error from None
    holders, silent = lock.read(site.pool, [name for name in site.manager_names if name in observation.facts])
    _tell_silent(site, silent)
    if holders:
        tell.say(f"locked by {next(iter(holders.values()))}")
    tell.data("quorum", asdict(standing))
    if standing.unreachable:
        tell.say(str(standing))
    tell.plan(planned, applying=False)
    if not len(planned) and not planned.errors and not planned.later:
        tell.done(
            "no drift"
            + but_for(planned)
            + (f"; {', '.join(observation.failures)} did not answer" if observation.failures else "")
        )
    refuse_errors(planned)
    if standing.at_risk:
        unasked = f"; {', '.join(observation.failures)} did not answer" if observation.failures else ""
        raise ConnectError(
            f"the quorum is at risk: {standing}",
            cause=f"{', '.join(standing.unreachable)} cannot be reached by the other managers{unasked}",
            next_action=_way_back(standing, planned),
        )
    refuse_silent(observation.failures)


def _way_back(standing: Quorum, planned: Plan) -> str:
    """What brings managers back: the plan, where it has a step on each, else a look at them."""
    helped = {step.concerns for step in planned}
    if helped.issuperset(standing.unreachable):
        return "bring them back: invoke cluster.up"
    return f"bring {', '.join(standing.unreachable)} back; there: systemctl status docker, and 2377/tcp to the others"


def down(site: Site, tell: Reporter, *, yes: bool, timeout: str | None = None) -> None:
    """Stacks, networks, swarm, in reverse. Engines and volumes stay."""
    site = all_timed(site, timeout)
    site = replace(site, cluster=replace(site.cluster, taken_down=True))
    text = f"observing {len(site.pool.hosts)} hosts"
    observation = alone(site, tell, text, lambda: observe(site.cluster, site.pool, site.roles, waiting=site.waiting))
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
    """Remove the lock, whoever holds it. Raises ``ConnectError`` where it may stay on a majority of the managers."""
    holders, silent = lock.read(site.pool, site.manager_names)
    _refuse_all_silent(site, silent, "the lock")
    _tell_silent(site, silent)
    if not holders:
        _refuse_half_unlocked(site, silent)
        tell.done("not locked")
        return
    holder = next(iter(holders.values()))
    tell.say(f"locked by {holder}, on {', '.join(holders)}")
    agreed("Remove this lock? If that run still goes on, two will change the cluster at once.", yes=yes)
    unlocked, left = lock.break_all(site.pool, site.manager_names)
    _tell_silent(site, {name: error for name, error in left.items() if name not in silent})
    _refuse_half_unlocked(site, left, unlocked)
    tell.done(f"unlocked on {', '.join(unlocked)}")


def show_history(site: Site, tell: Reporter, *, last: int) -> None:
    """What was done, when, by whom, as the managers that answer tell it. Raises ``ConnectError`` if none does."""
    entries, silent = history.read(site.pool, site.manager_names, last)
    _refuse_all_silent(site, silent, "the history")
    _tell_silent(site, silent)
    columns = ("time", "run", "who", "event", "seconds", "what", "cause", "error")
    rows = []
    for entry in entries:
        what = entry.get("what") or f"{entry.get('host') or 'cluster'}: {entry.get('title')}"
        rows.append(
            (
                f"{entry['time'][:19]}Z",
                str(entry.get("run", ""))[:8],
                entry.get("who", ""),
                entry.get("event"),
                entry.get("seconds", ""),
                what,
                entry.get("cause", ""),
                " ".join(str(entry.get("error", "")).split()),
            )
        )
    tell.table("history", columns, rows, spare=("who", "run"))


def _tell_silent(site: Site, silent: Mapping[str, SkepError]) -> None:
    if silent:
        site.note(f"not asked: {reasons(silent)}")


def _refuse_all_silent(site: Site, silent: Mapping[str, SkepError], what: str) -> None:
    if len(silent) == len(site.manager_names):
        again = "bring the managers back and run the same command again"
        raise nobody(f"no manager could be asked for {what}", silent, again)


def _refuse_half_unlocked(site: Site, silent: Mapping[str, SkepError], unlocked: Sequence[str] = ()) -> None:
    if len(silent) >= lease.majority(site.manager_names):
        done = f"unlocked on {', '.join(unlocked)}; " if unlocked else ""
        again = f"bring them back and run the same command again; a dead run's lock expires after {lease.TTL} s"
        raise nobody(f"{done}a lock may be left on {', '.join(silent)}: a majority of the managers", silent, again)


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


def _limited(site: Site, planned: Plan, only: set[str] | None) -> Plan:
    return planned if only is None else limited(site, planned, only)


def _only(site: Site, limit: str | None) -> set[str] | None:
    """Host names out of ``--limit``: hosts and groups, comma-separated. ``None`` where it is not given: no limit."""
    if limit is None:
        return None
    hosts = site.cluster.hosts
    known = [*(host.name for host in hosts), *dict.fromkeys(group for host in hosts for group in host.groups)]
    words = _words(limit)
    for unknown in [word for word in words or [limit] if word not in known]:
        raise UsageError(
            f"--limit {unknown or quoted(unknown)}: no host or group of that name{did_you_mean(unknown, known)}",
            next_action=f"hosts and groups are: {', '.join(known)}",
        )
    return {host.name for host in hosts if not {host.name, *host.groups}.isdisjoint(words)}


def _words(text: str) -> list[str]:
    """What stands between commas."""
    return [word for part in text.split(",") if (word := part.strip())]


def _as_described(
    site: Site, observation: Observation, since: float, limit: str | None, changed: int = 0, but: str = ""
) -> str:
    only = _only(site, limit)
    names = [name for name in observation.hosts if only is None or name in only]
    hosts = _count(len(names), "host") + (f" of --limit {limit}" if limit else "")
    did = f"{_count(changed, 'step')} done, and now " if changed else ""
    return f"{site.cluster.name}: {did}{hosts} as described{but} ({time.monotonic() - since:.2f} s)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
