"""``cluster.status``, ``history`` and ``unlock``: how the environment stands, and what the managers keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from skep import history
from skep.commands.asking import agreed
from skep.commands.listing import (
    NODES_SPARE,
    STACKS_SHOWN,
    manager_client,
    network_rows,
    node_rows,
    stack_rows,
)
from skep.commands.wording import but_for
from skep.converge import Site, look
from skep.errors import ConnectError, SkepError, nobody, reasons
from skep.lock import cluster_lock, lease
from skep.plan import Plan
from skep.report import Reporter
from skep.runs.refusing import refuse_errors, refuse_silent
from skep.swarm.quorum import Quorum, quorum


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
    holders, silent = cluster_lock.read(site.pool, [name for name in site.manager_names if name in observation.facts])
    _tell_silent(site, silent)
    if holders:
        tell.say(f"locked by {next(iter(holders.values()))}")
    tell.data("quorum", asdict(standing))
    if standing.unreachable:
        tell.say(str(standing))
    tell.plan(planned, applying=False, everything=True)
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


def unlock(site: Site, tell: Reporter, *, yes: bool) -> None:
    """Remove the lock, whoever holds it. Raises ``ConnectError`` where it may stay on a majority of the managers."""
    holders, silent = cluster_lock.read(site.pool, site.manager_names)
    _refuse_all_silent(site, silent, "the lock")
    _tell_silent(site, silent)
    if not holders:
        _refuse_half_unlocked(site, silent)
        tell.done("not locked")
        return
    holder = next(iter(holders.values()))
    tell.say(f"locked by {holder}, on {', '.join(holders)}")
    agreed("Remove this lock? If that run still goes on, two will change the cluster at once.", yes=yes)
    unlocked, left = cluster_lock.break_all(site.pool, site.manager_names)
    _tell_silent(site, {name: error for name, error in left.items() if name not in silent})
    _refuse_half_unlocked(site, left, unlocked)
    tell.done(f"unlocked on {', '.join(unlocked)}")


def show_history(site: Site, tell: Reporter, *, last: int) -> None:
    """What was done, when, by whom, as the managers that answer tell it. Raises ``ConnectError`` if none does."""
    entries, silent = history.read(site.pool, site.manager_names, last)
    _refuse_all_silent(site, silent, "the history")
    _tell_silent(site, silent)
    columns = ("time", "run", "who", "commit", "event", "seconds", "what", "cause", "error")
    rows = []
    for entry in entries:
        what = entry.get("what") or f"{entry.get('host') or 'cluster'}: {entry.get('title')}"
        rows.append(
            (
                f"{entry['time'][:19]}Z",
                str(entry.get("run", ""))[:8],
                entry.get("who", ""),
                entry.get("commit", ""),
                entry.get("event"),
                entry.get("seconds", ""),
                what,
                entry.get("cause", ""),
                " ".join(str(entry.get("error", "")).split()),
            )
        )
    tell.table("history", columns, rows, spare=("commit", "who", "run"))


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
