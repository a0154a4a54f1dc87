"""``cluster.report``: the environment as one page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from skep.apply.commit import commit
from skep.commands.listing import manager_client
from skep.converge import Site
from skep.files import put, writable
from skep.picture.taking import take
from skep.report import Reporter


def write(site: Site, tell: Reporter, path: Path) -> None:
    """Look, and write the page, whatever it has to show. Raises ``UsageError`` or ``OutputLost`` where the file
    cannot be written."""
    from skep.picture.page import render

    writable(path, "--html")
    with tell.busy("asking the cluster"):
        picture = take(site, manager_client, commit=commit())
    tell.data("picture", asdict(picture))
    for text in picture.troubles:
        tell.say(text)
    put(path, render(picture, tell.spelled))
    tell.done(f"wrote {path}" + (": everything is as desired" if picture.healthy else ""))
