"""``cluster.report``: the environment as one page."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from skep.apply.commit import commit
from skep.commands.listing import manager_client
from skep.converge import Site
from skep.errors import UsageError
from skep.picture.taking import take
from skep.report import Reporter


def write(site: Site, tell: Reporter, path: Path) -> None:
    """Look, and write the page, whatever it has to show. Raises ``UsageError`` where the file cannot be written."""
    from skep.page import rendering
    from skep.picture.page import render

    _writable(path)
    with tell.busy("asking the cluster"):
        picture = take(site, manager_client, commit=commit())
    rendering.write(path, render(picture, tell.spelled))
    tell.data("picture", asdict(picture))
    for text in picture.troubles:
        tell.say(text)
    tell.done(f"wrote {path}" + (": everything is as desired" if picture.healthy else ""))


def _writable(path: Path) -> None:
    """Say so before hosts are asked, not after."""
    if path.is_dir() or not os.access(path.parent if str(path.parent) else Path(), os.W_OK):
        raise UsageError(
            f"cannot write {path}",
            cause="it is a folder" if path.is_dir() else f"{path.parent} is no folder that may be written",
            next_action="name a file in a folder that exists with --html",
        )
