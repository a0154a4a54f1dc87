"""``cluster.plan``, ``up``, ``verify`` and ``down``: what is compared with the whole environment, and changed in it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.wording import but_for, seconds_of
from skep.converge import Site
from skep.errors import UsageError, VerifyFailed
from skep.files import writable
from skep.reading.wording import did_you_mean, quoted
from skep.report import Reporter
from skep.request import Request, Rollout, at_once
from skep.runs.limits import facts_for, hosts_of
from skep.runs.loop import Result, run
from skep.runs.refusing import refuse_silent

Paths = Mapping[str, Path]


def requested(
    site: Site,
    what: str,
    *,
    limit: str | None = None,
    replace_network: str | None = None,
    allow_quorum_loss: bool = False,
    parallel_workers: str | None = None,
    timeout: str | None = None,
) -> Request:
    """What the user asks of the whole environment: a part of its hosts, networks to be replaced, both comma-separated,
    a moment without a quorum, and how many workers may be away at once. Raises ``UsageError``."""
    names = frozenset(_words(replace_network or ""))
    known = {network.name for network in site.cluster.networks}
    for unknown in sorted(names - known):
        raise UsageError(
            f"--replace-network {unknown}: no network of that name in the inventory{did_you_mean(unknown, known)}",
            next_action=f"its networks are: {', '.join(sorted(known)) or 'none'}",
        )
    try:
        at_once(parallel_workers or "1", len(site.cluster.workers))
    except ValueError as error:
        raise UsageError(f"--parallel-workers: {error}") from None
    return Request(
        what,
        limit=_limit(site, limit),
        replace_networks=names,
        allow_quorum_loss=allow_quorum_loss,
        parallel_workers=parallel_workers or "1",
        timeout=seconds_of("--timeout", timeout),
    )


def show_plan(site: Site, tell: Reporter, request: Request, *, exit_code: bool, resolve: bool = True) -> int:
    """Print what would change, and tags that have moved. Returns 10 with ``exit_code`` when something would, else 0."""
    rollout = Rollout(resolve="all" if resolve else "never", follows_hosts=True)
    result = run(site, replace(request, rollout=rollout, only_planned=True), tell)
    refuse_silent(result.silent)
    changes = len(result.plan) or result.plan.later
    if not changes:
        tell.done(_as_described(site, result, request))
    return 10 if exit_code and changes else 0


def up(
    site: Site,
    tell: Reporter,
    paths: Paths,
    request: Request,
    *,
    verify: str,
    resolve: bool = True,
    asking: Asking = UNASKED,
) -> None:
    """Plan, apply, observe again, verify what changed. On a cluster as described: one observation."""
    if verify not in ("always", "changed", "never"):
        raise UsageError(f"--verify {verify} is not one of always, changed, never")
    rollout = Rollout(resolve="new" if resolve else "never", follows_hosts=True)
    since = time.monotonic()
    result = run(site, asking.of(replace(request, rollout=rollout, recovers=True)), tell, asking.agreed_to)
    names = result.observation.hosts
    if verify == "always":
        _verify(site, tell, paths, names, None)
    elif verify == "changed" and result.steps:
        roles = {step.role for step in result.steps}
        hosts = {step.concerns for step in result.steps if step.concerns} or set(names[:1])
        desired = {role: path for role, path in paths.items() if role in roles}
        _verify(site, tell, desired, [name for name in names if name in hosts], None)
    refuse_silent(result.silent)
    tell.done(_as_described(site, replace(result, seconds=time.monotonic() - since), request))


def verify(site: Site, tell: Reporter, paths: Paths, *, limit: str | None, junit: Path | None) -> None:
    """Testinfra against every host."""
    words = _limit(site, limit)
    only = hosts_of(site, words, facts_for(site, words))
    names = [name for name in site.pool.hosts if only is None or name in only]
    if junit:
        writable(junit, "--junit")
    _verify(site, tell, paths, names, junit)


def down(site: Site, tell: Reporter, request: Request, *, asking: Asking = UNASKED) -> None:
    """Stacks, networks, swarm, in reverse. Engines and volumes stay."""
    request = asking.of(replace(request, down=True))
    question = f"Take down the swarm of {site.cluster.name}?"
    result = run(site, request, tell, lambda _: agreed(question, yes=asking.yes))
    refuse_silent(result.silent)
    if not len(result.plan):
        tell.done(f"{site.cluster.name}: there is no swarm on {_count(len(result.observation.hosts), 'host')}")
    elif not asking.only_shown:
        tell.done(f"{site.cluster.name}: the swarm is gone; engines and volumes stay")


def _verify(site: Site, tell: Reporter, paths: Paths, hosts: Sequence[str], junit: Path | None) -> None:
    from skep.verify import run as run_checks

    since = time.monotonic()
    tell.say(f"verifying {', '.join(paths)} on {_count(len(hosts), 'host')}")
    with tell.busy("verifying"):
        checks = run_checks(site.cluster, site.pool, paths, hosts=hosts)
    seconds = time.monotonic() - since
    tell.checks(checks, seconds)
    if junit:
        from skep.audit.junit import text
        from skep.audit.results import results_of

        tell.file(junit, text(results_of(checks, (), date.today(), tell.spelled), suite="skep"))
    bad = [check for check in checks if check.outcome not in ("passed", "skipped")]
    if bad:
        raise VerifyFailed(
            f"{len(bad)} of {len(checks)} checks failed",
            next_action="see what differs with: invoke cluster.plan",
        )
    passed = sum(check.outcome == "passed" for check in checks)
    tell.say(f"verified: {_count(passed, 'check')} passed in {seconds:.1f} s")


def _limit(site: Site, text: str | None) -> tuple[str, ...] | None:
    """Hosts and groups out of ``--limit``, which stand between commas. Raises ``UsageError`` where it names none;
    whether a name is one may show only on the hosts."""
    if text is None:
        return None
    words = tuple(_words(text))
    if not words:
        hosts_of(site, (text,), {})
    if any(len(word.split()) > 1 for word in words):
        raise UsageError(
            f"--limit {quoted(text)}: names are separated by commas",
            next_action=f"--limit {','.join(text.replace(',', ' ').split())}",
        )
    return words


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _as_described(site: Site, result: Result, request: Request) -> str:
    changed = len(result.steps)
    but = "" if changed else but_for(result.plan)
    hosts = _count(len(result.hosts), "host") + (f" of --limit {','.join(request.limit)}" if request.limit else "")
    did = f"{_count(changed, 'step')} done, and now " if changed else ""
    return f"{site.cluster.name}: {did}{hosts} as described{but} ({result.seconds:.2f} s)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
