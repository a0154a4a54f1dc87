"""``cluster.watch``: the cluster as it changes, on the whole terminal or a line a change."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from itertools import chain

from skep.commands.listing import manager_client
from skep.converge import Site
from skep.errors import UsageError
from skep.picture.view import concerns
from skep.picture.watch import Watch
from skep.reading.wording import did_you_mean
from skep.report import Reporter


def watch(site: Site, tell: Reporter, *, host: str = "", stack: str = "") -> None:
    """Until ``q``, Ctrl-C or SIGTERM, which end it well. Raises ``ConnectError`` where nobody answers at first."""
    _known(host, [one.name for one in site.cluster.hosts], "host")
    looks = Watch(site, manager_client).looks()
    with suppress(KeyboardInterrupt):
        with tell.busy("asking the cluster"):
            first = next(looks)
        _known(stack, sorted({one.stack for one in first[0].services if one.stack}), "stack")
        if tell.has_screen:
            tell.screen(chain([first], looks), site.cluster.name, host=host, stack=stack)
            return
        tell.data("watch", asdict(first[0]))
        for view, changes in chain([first], looks):
            for change in changes:
                if concerns(view, change, host, stack):
                    tell.change(change)


def _known(name: str, names: list[str], what: str) -> None:
    if name and name not in names:
        raise UsageError(
            f"--{what} {name}: there is no such {what}{did_you_mean(name, names)}",
            next_action=f"{what}s are: {', '.join(names) or 'none'}",
        )
