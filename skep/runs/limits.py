"""The hosts that a limit names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skep.converge import Site, limited
from skep.errors import UsageError
from skep.observe import observe
from skep.plan import Plan
from skep.preflight import Facts
from skep.reading.wording import MANY, did_you_mean, few, quoted


def hosts_of(site: Site, limit: Sequence[str] | None, facts: Mapping[str, Facts]) -> set[str] | None:
    """Names of the hosts: those named as here or as they call themselves, and those of groups. ``None`` without a
    limit. Raises ``UsageError`` for a name that is none."""
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
    for unknown in [word for word in limit if word not in named]:
        raise UsageError(
            f"--limit {unknown or quoted(unknown)}: no host or group of that name{did_you_mean(unknown, named)}",
            next_action=f"hosts and groups are: {few(known, MANY)}",
        )
    return set[str]().union(*(named[word] for word in limit))


def facts_for(site: Site, limit: Sequence[str] | None) -> Mapping[str, Facts]:
    """What hosts call themselves, asked only where the limit has a name that the inventory has not."""
    known = {name for host in site.cluster.hosts for name in (host.name, *host.groups)}
    return {} if known.issuperset(limit or ()) else observe(site.cluster, site.pool, []).facts


def within(site: Site, planned: Plan, hosts: set[str] | None) -> Plan:
    """The plan of those hosts alone; the whole one without a limit."""
    return planned if hosts is None else limited(site, planned, hosts)
