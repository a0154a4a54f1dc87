"""Between Invoke and the commands: chooses the inventory, opens the site, turns failures into exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task
from invoke.tasks import task as _task

from skep.errors import Interrupted, SkepError, UsageError

if TYPE_CHECKING:
    from skep.converge import Site
    from skep.report import Reporter
    from skep.role import Role

FOLDER = Path("inventory")


class Command(Task[Any]):
    """An Invoke task that knows an option in the place of a word it requires: Invoke takes anything that stands there,
    so that ``invoke stack.deploy --help`` would go and look for a stack of that name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body; with ``--help`` show the task's help, with another option say what is missing."""
        for name in self.positional:
            option = str(kwargs.get(name, ""))
            if option in ("--help", "-h"):
                raise Exit(code=_help(self.body.__name__.replace("_", ".", 1)))
            if option.startswith("-"):
                with told():
                    raise UsageError(
                        f"{option} stands where {name.upper()} belongs", next_action="the words come before the options"
                    )
        return super().__call__(*args, **kwargs)


task = partial(_task, klass=Command)
"""Invoke's decorator, for a ``Command`` whose function is named as the task is: ``stack_plan`` for ``stack.plan``."""


def _help(name: str) -> int:
    import subprocess

    return subprocess.run([sys.executable, "-m", "invoke", "--help", name], check=False).returncode


@contextmanager
def told(*, json: bool = False, verbose: bool = False) -> Iterator[Reporter]:
    """A reporter; every failure inside is told once, and the process ends with its exit code."""
    from skep.report import reporter

    atexit.register(gc.freeze)  # else the interpreter's last collections take longer than all that is left to do
    tell = reporter(json=json, verbose=verbose)
    try:
        yield tell
    except SkepError as error:
        tell.error(error)
        raise Exit(code=error.exit_code) from None
    except KeyboardInterrupt:
        interrupted = Interrupted("stopped", next_action="run the same command again; it continues from what it finds")
        tell.error(interrupted)
        raise Exit(code=interrupted.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Exit(code=141) from None
    except (Exit, SystemExit):
        raise
    except Exception as error:
        tell.error(_bug(error))
        if verbose:
            raise
        raise Exit(code=1) from None


@contextmanager
def at_site(
    context: Context, inventory: str | None, roles: Sequence[Role], *, json: bool = False, verbose: bool = False
) -> Iterator[tuple[Site, Reporter]]:
    """The site an inventory describes, with sessions that open at first use, and a reporter."""
    with told(json=json, verbose=verbose) as tell:
        from skep.commands.sources import with_outputs
        from skep.converge import Site
        from skep.inventory import load
        from skep.ssh import Pool

        found = load(chosen(context, inventory))
        if "x-lab" in found.extensions:
            from skep.commands.lab import refuse_absent

            refuse_absent(found)
        for warning in found.warnings:
            tell.say(f"warning: {warning}")
        with Pool(found.cluster.hosts, found.access) as pool:
            known = [role.name for role in roles]
            yield Site(with_outputs(found.cluster), pool, roles, known, tell.note, tell.waiting), tell


def chosen(context: Context, inventory: str | None) -> Path:
    """The inventory file: ``-i``, else ``SKEP_INVENTORY``, else invoke.yaml, else the only one there is."""
    from skep.inventory import choose

    configured: Any = context.config.get("skep", {}).get("inventory")
    return choose(inventory, environ=os.environ, configured=configured, folder=FOLDER)


def _bug(error: Exception) -> SkepError:
    return SkepError(
        "unexpected error: this is a bug in skep",
        cause=f"{type(error).__name__}: {error}",
        next_action="run again with -v for the traceback, and report it",
    )
