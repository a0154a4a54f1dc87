"""``site.init`` and ``site.check``."""

from __future__ import annotations

from pathlib import Path

from skep.commands.call import called_from
from skep.commands.inventory_files import write_first
from skep.commands.site_check import SiteError, examined, inventories
from skep.errors import OutputLost, UsageError
from skep.reading.documented import HostKeys
from skep.report import Reporter
from skep.shell import quoted
from skep.site.layout import STACKS, lay_out
from skep.site.place import INVENTORIES


def init(site: Path, hosts: str, name: str, tell: Reporter, host_keys: HostKeys) -> None:
    """Lay out a site, and say what comes next. Raises ``UsageError`` where something cannot be written."""
    folder = site / INVENTORIES
    try:
        if hosts:
            has_stacks = (site / STACKS).is_dir() and any((site / STACKS).iterdir())
            tell.say(f"wrote {_short(write_first(hosts, name, folder, stacks=() if has_stacks else ['web']))}")
        for file, written in lay_out(site, host_keys):
            tell.say(f"{'wrote' if written else 'left as it is:'} {_short(site / file)}")
    except OutputLost as error:
        raise UsageError(
            error.message,
            cause=error.cause,
            next_action="move what is in the way, or another folder: invoke site.init ~/swarm",
        ) from None
    here = "" if site.resolve() == called_from("").resolve() else f"cd {quoted(_short(site))}, then "
    step = f"invoke inventory.check -i {name}, then invoke cluster.plan -i {name}"
    if not inventories(site):
        step = "invoke inventory.init --hosts 10.0.0.11, with the addresses of your hosts and commas between them"
    elif not hosts:
        step = "invoke site.check"
    tell.done(f"the site is laid out; next: {here}{step}")


def check(site: Path, tell: Reporter) -> None:
    """Say that a site is right, or raise ``SiteError`` with all that is wrong with it."""
    if not (site / INVENTORIES).is_dir():
        raise UsageError(f"{site} is no site: there is no {INVENTORIES}/ in it", next_action="invoke site.init")
    found = examined(site)
    for one in found.warnings:
        tell.say(f"warning: {one}")
    if found.errors:
        raise SiteError(found.errors)
    count = len(inventories(site))
    tell.done(f"nothing is wrong with this site: {count} environment{'' if count == 1 else 's'}")


def _short(path: Path) -> str:
    """The path as seen from where the user is."""
    path, here = path.absolute(), called_from("").absolute()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
