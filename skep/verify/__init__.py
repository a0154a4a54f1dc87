"""Testinfra against the hosts, over the run's own logins. Importing this costs nothing; running imports pytest.

What a ``verify.py`` of a role can ask for as arguments of its tests:

``host``     Testinfra's host; the test runs once for each. Commands run as root.
``desired``   the ``skep.model.Host`` of that host
``cluster``  the ``skep.model.Cluster``
``manager``  Testinfra's host of the first manager that is in a quorum
``network``  each network of the inventory, in turn
``stack``    each stack of the inventory, in turn
``ask``      ``ask(host, command, *arguments)``: a docker command's output, one JSON value a line, asked once a run
             (``again=True`` asks anew); an error where the engine does not run, for the command alone would wake it
``facts``    the ``skep.preflight.Facts`` of that host: platform, clock, addresses, routes, room
``plan``     the ``skep.plan.Plan`` of the whole environment, with the findings; in ``cluster.audit`` only
``found``    ``found(command, value)`` keeps a command and what it gave as evidence for ``cluster.audit``

The first line of a test's docstring is what the operator reads. A test must not print. Tests run side by side, those of
one host, too: none may count on another one's having run. ``cluster.audit`` reads
``@pytest.mark.audit(id="own-backup", severity="high", remedy="systemctl start backup.timer")`` from tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from skep.errors import SkepError
from skep.model import Cluster
from skep.verify.check import Check

if TYPE_CHECKING:
    from skep.plan import Plan
    from skep.ssh import Pool

__all__ = ["Check", "run"]

UNUSED = (
    "cacheprovider",
    "doctest",
    "faulthandler",
    "junitxml",
    "legacypath",
    "logging",
    "pastebin",
    "terminalreporter",
    "threadexception",
    "unraisableexception",
)
"""Plugins of pytest that print, keep files, or change settings of the whole process."""


def run(
    cluster: Cluster,
    pool: Pool,
    roles: Mapping[str, Path],
    *,
    hosts: Iterable[str],
    tell: Callable[[Check], None] | None = None,
    plan: Callable[[], Plan] | None = None,
) -> list[Check]:
    """Check every role on these hosts, and once what is the whole cluster's.

    ``roles`` maps a role's name to its ``verify.py``, in the order of the answer. ``tell`` hears each check when
    it is done. A host that cannot be reached is one check with the outcome ``error``. Raises ``SkepError`` when the
    checks themselves cannot be run.
    """
    import pytest

    from skep.verify.plugin import Plugin
    from skep.verify.witness import Witness

    if not roles:
        return []
    files = {path.resolve(): role for role, path in roles.items()}
    with Witness(cluster, pool) as witness, _own_environment(), _own_modules(files):
        asked = list(hosts)
        lost = witness.reach(asked)
        plugin = Plugin(
            witness,
            files,
            hosts=[cluster.host(name) for name in asked if name not in lost],
            lost=lost,
            tell=tell or (lambda check: None),
            plan=plan,
        )
        status = pytest.main(_arguments(list(files)), plugins=[plugin])
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SkepError("the checks could not be run", step="verify", cause=plugin.broken)
    return plugin.checks


def _arguments(files: list[Path]) -> list[str]:
    """Nothing of the folder, the environment or the user decides how the checks run."""
    options = [f"--rootdir={os.path.commonpath([file.parent for file in files])}"] if files else []
    options += ["--config-file", os.devnull, "--noconftest", "--import-mode=importlib", "--capture=no"]
    options += ["--continue-on-collection-errors", "--tb=no"]  # nobody reads them, and to write them takes long
    options += [word for plugin in UNUSED for word in ("-p", f"no:{plugin}")]
    return [*options, "--", *map(str, files)]


@contextmanager
def _own_environment() -> Iterator[None]:
    """Without what the user or a surrounding pytest sets for pytest through the environment; put back after."""
    before = {key: value for key, value in os.environ.items() if key.startswith("PYTEST_")}
    for key in before:
        del os.environ[key]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for key in [key for key in os.environ if key.startswith("PYTEST_")]:
            del os.environ[key]
        os.environ.update(before)


@contextmanager
def _own_modules(files: Iterable[Path]) -> Iterator[None]:
    """What pytest imported of these files is forgotten: all of them have one name."""
    before = set(sys.modules)
    try:
        yield
    finally:
        paths = {str(file) for file in files}
        for name in set(sys.modules) - before:
            if getattr(sys.modules[name], "__file__", None) in paths:
                del sys.modules[name]
