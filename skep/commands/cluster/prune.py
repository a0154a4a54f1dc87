"""``cluster.prune``: what lies on hosts in nobody's use goes."""

from __future__ import annotations

from dataclasses import replace

from skep.commands.asking import Asking, agreed
from skep.converge import Site
from skep.plan import Plan
from skep.report import Reporter
from skep.request import Request
from skep.runs.loop import run
from skep.runs.refusing import refuse_silent
from skep.upkeep.pruning import Prune


def prune(site: Site, tell: Reporter, role: Prune, limit: tuple[str, ...] | None, asking: Asking) -> None:
    """Remove it, once somebody agreed to the plan. Raises a ``SkepError`` for all that does not end well."""

    def agree(planned: Plan) -> bool:
        hosts = ", ".join(planned.by_place())
        return agreed(f"Remove what is listed above on {hosts}?", yes=asking.yes)

    request = replace(asking.of(Request("cluster.prune", once=True)), limit=limit)
    result = run(replace(site, roles=[role], known=[*site.known, role]), request, tell, agree)
    refuse_silent(result.silent)
    if not len(result.plan):
        tell.done(f"{site.cluster.name}: nothing lies in nobody's use on {len(result.hosts)} hosts")
    elif not asking.only_shown:
        did = f"{len(result.steps)} step{'' if len(result.steps) == 1 else 's'} done"
        tell.done(f"{site.cluster.name}: {did}; volumes and networks are as they were ({result.seconds:.2f} s)")
