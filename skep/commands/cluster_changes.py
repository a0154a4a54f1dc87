"""``cluster.plan``, ``up``, ``verify`` and ``down``: what is compared with the whole environment, and changed in it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.carrying import but_for, carry_out
from skep.commands.locking import alone, beside, told
from skep.commands.rollouts import all_timed, recovery
from skep.converge import Site, limited, look, plan
from skep.errors import UsageError, VerifyFailed
from skep.inventory.wording import did_you_mean, quoted
from skep.model import Rollout
from skep.observe import Observation, observe
from skep.plan import Plan
from skep.preflight import Facts
from skep.refusing import refuse_errors, refuse_later, refuse_silent
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
    _refuse_empty(site, limit)
    site = _rolled_out(site, Rollout(resolve="all" if resolve else "never", follows_hosts=True))
    since = time.monotonic()
    with tell.busy(f"observing {len(site.pool.hosts)} hosts"):
        (observation, planned), holder = beside(site, lambda: look(site))
    planned = told(site, _limited(site, planned, _only(site, limit, observation.facts)), holder)
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
    asking: Asking = UNASKED,
) -> None:
    """Plan, apply, observe again, verify what changed. On a cluster as described: one observation."""
    site = _rolled_out(all_timed(site, timeout), Rollout(resolve="new" if resolve else "never", follows_hosts=True))
    if verify not in ("always", "changed", "never"):
        raise UsageError(f"--verify {verify} is not one of always, changed, never")
    _refuse_empty(site, limit)
    since = time.monotonic()
    text = f"observing {len(site.pool.hosts)} hosts"
    observation, planned = alone(site, tell, text, lambda: look(site))
    only = _only(site, limit, observation.facts)
    planned = _limited(site, planned, only)
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    refuse_later(planned)
    agreed_to = asking.agreed_to(planned)
    carried = carry_out(
        site,
        tell,
        planned,
        observation,
        "cluster.up",
        lambda seen: _limited(site, plan(site, seen), only),
        agreed=agreed_to,
        recover=recovery(tell, site),
    )
    observation, steps = carried.observation, carried.steps
    if verify == "always":
        _verify(site, tell, paths, observation.hosts, None)
    elif verify == "changed" and steps:
        roles = {step.role for step in steps}
        hosts = {step.concerns for step in steps if step.concerns} or set(observation.hosts[:1])
        desired = {role: path for role, path in paths.items() if role in roles}
        _verify(site, tell, desired, [name for name in observation.hosts if name in hosts], None)
    refuse_silent(observation.failures)
    tell.done(_as_described(site, observation, since, limit, len(steps), "" if steps else but_for(planned)))


def _rolled_out(site: Site, rollout: Rollout) -> Site:
    """The site with all its stacks to be rolled out so."""
    stacks = tuple(replace(stack, rollout=rollout) for stack in site.cluster.stacks)
    return replace(site, cluster=replace(site.cluster, stacks=stacks))


def verify(site: Site, tell: Reporter, paths: Paths, *, limit: str | None, junit: Path | None) -> None:
    """Testinfra against every host."""
    only = _only(site, limit, _facts(site, limit))
    names = [name for name in site.pool.hosts if only is None or name in only]
    _verify(site, tell, paths, names, junit)


def down(site: Site, tell: Reporter, *, asking: Asking = UNASKED, timeout: str | None = None) -> None:
    """Stacks, networks, swarm, in reverse. Engines and volumes stay."""
    site = all_timed(site, timeout)
    site = replace(site, cluster=replace(site.cluster, taken_down=True))
    text = f"observing {len(site.pool.hosts)} hosts"
    observation = alone(
        site,
        tell,
        text,
        lambda: observe(site.cluster, site.pool, site.roles, waiting=site.waiting),
        only_shown=asking.only_shown,
    )
    planned = plan(site, observation, down=True)
    tell.plan(planned, applying=not asking.only_shown)
    refuse_errors(planned)
    if not len(planned):
        refuse_silent(observation.failures)
        tell.done(f"{site.cluster.name}: there is no swarm on {_count(len(observation.hosts), 'host')}")
        return
    if asking.only_shown:
        refuse_silent(observation.failures)
        return
    agreed(f"Take down the swarm of {site.cluster.name}?", yes=asking.yes)
    remaining = partial(plan, site, down=True)
    carried = carry_out(site, tell, planned, observation, "cluster.down", remaining, agreed=True, inquire=False)
    observation = carried.observation
    refuse_silent(observation.failures)
    tell.done(f"{site.cluster.name}: the swarm is gone; engines and volumes stay")


def _verify(site: Site, tell: Reporter, paths: Paths, hosts: Sequence[str], junit: Path | None) -> None:
    from skep.verify import run as run_checks

    since = time.monotonic()
    tell.say(f"verifying {', '.join(paths)} on {_count(len(hosts), 'host')}")
    with tell.busy("verifying"):
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


def _only(site: Site, limit: str | None, facts: Mapping[str, Facts]) -> set[str] | None:
    """Host names out of ``--limit``: hosts by their name here or by the one they have themselves, and groups,
    comma-separated. ``None`` where it is not given: no limit. Raises ``UsageError`` for a name that is none."""
    if limit is None:
        return None
    hosts = site.cluster.hosts
    named = {host.name: {host.name} for host in hosts}
    for host in hosts:
        for group in host.groups:
            named.setdefault(group, set()).add(host.name)
    known = list(named)
    for name, fact in facts.items():
        named.setdefault(fact.hostname or name, {name})
    words = _words(limit)
    for unknown in [word for word in words or [limit] if word not in named]:
        raise UsageError(
            f"--limit {unknown or quoted(unknown)}: no host or group of that name{did_you_mean(unknown, named)}",
            next_action=f"hosts and groups are: {', '.join(known)}",
        )
    return set[str]().union(*(named[word] for word in words))


def _refuse_empty(site: Site, limit: str | None) -> None:
    """Raise ``UsageError`` for a limit without a name; whether a name is one may show only on the hosts."""
    if limit is not None and not _words(limit):
        _only(site, limit, {})


def _facts(site: Site, limit: str | None) -> Mapping[str, Facts]:
    """What hosts call themselves, asked only where ``--limit`` has a name that the inventory has not."""
    known = {name for host in site.cluster.hosts for name in (host.name, *host.groups)}
    return {} if known.issuperset(_words(limit or "")) else observe(site.cluster, site.pool, []).facts


def _words(text: str) -> list[str]:
    """What stands between commas."""
    return [word for part in text.split(",") if (word := part.strip())]


def _as_described(
    site: Site, observation: Observation, since: float, limit: str | None, changed: int = 0, but: str = ""
) -> str:
    only = _only(site, limit, observation.facts)
    names = [name for name in observation.hosts if only is None or name in only]
    hosts = _count(len(names), "host") + (f" of --limit {limit}" if limit else "")
    did = f"{_count(changed, 'step')} done, and now " if changed else ""
    return f"{site.cluster.name}: {did}{hosts} as described{but} ({time.monotonic() - since:.2f} s)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
