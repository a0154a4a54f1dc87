"""Carrying out a plan in front of the user, until observing again finds nothing left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from skep.converge import Site, apply, refuse_errors, refuse_later, refuse_repeated, refuse_unclean
from skep.observe import Observation, observe
from skep.plan import Plan, Step
from skep.report import Reporter

LOOKS = 10
"""How often to look for what was left for another round, a second apart: a host may hear late what it has become."""


def carry_out(
    site: Site,
    tell: Reporter,
    planned: Plan,
    observation: Observation,
    what: str,
    remaining: Callable[[Observation], Plan],
) -> tuple[Observation, list[Step]]:
    """Apply, observe again; what only shows after the first round gets one of its own, as long as it is new.

    A wait may come again, as nodes do that the managers lose sight of; at most as often as ``refuse_repeated`` allows.
    Returns the last look and the steps of all rounds.
    """
    done: Counter[str] = Counter()
    carried: list[Step] = []
    while len(planned):
        since = time.monotonic()
        with tell.run(planned):
            outcome = apply(site, planned, observation, what, tell.event)
        tell.outcome(outcome, planned, time.monotonic() - since)
        refuse_unclean(outcome, {})
        done.update(outcome.done)
        carried += planned
        with tell.busy("observing again"):
            observation = again(site, observation)
        planned = remaining(observation)
        for _ in range(LOOKS):
            if len(planned) or not planned.later:
                break
            time.sleep(1)
            observation = again(site, observation)
            planned = remaining(observation)
        refuse_repeated(planned, done)
        if len(planned):
            tell.plan(planned, applying=True)
            refuse_errors(planned, "what was done before stays done")
    refuse_later(planned)
    return observation, carried


def again(site: Site, before: Observation) -> Observation:
    """Look once more at the hosts that answered; the silent ones stay silent for this run."""
    seen = observe(site.cluster, site.pool, site.roles, before.hosts)
    return replace(seen, failures={**before.failures, **seen.failures})
