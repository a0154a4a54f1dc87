"""Between Invoke and the commands: chooses the inventory, opens the site, turns failures into exit codes."""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import to_flag
from invoke.tasks import Task
from invoke.tasks import task as _task

from skep.errors import Interrupted, SkepError, UsageError

if TYPE_CHECKING:
    from skep.converge import Site
    from skep.report import Reporter
    from skep.role import Role

FOLDER = Path("inventory")
PIPE = 141
"""What the process ends with when nobody reads its output any more, as a shell says of SIGPIPE."""


DIGITS = 9
"""Of the largest number an option takes."""

SHORT = {
    "inventory": "i", "json": "j", "verbose": "v", "yes": "y", "limit": "l", "timeout": "t", "follow": "f",
    "keyword": "k",
}  # fmt: skip
"""Options with a short form, which is the same everywhere. Left to itself, Invoke gives each task's options what
letters are free: ``-v`` was ``--volumes`` where a stack is removed."""


class _Word(Argument):
    """A word of a task, which no option can be taken for. Invoke reads one only where there is no default."""

    def __init__(self, like: Argument, task: str, *, given: bool) -> None:
        super().__init__(
            names=like.names,
            kind=like.kind,
            default=None if given else like.default,
            help=like.help,
            positional=True,
            attr_name=like.attr_name,
        )
        self._task = task

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Raises ``Exit``: after the task's help where that was asked for, else with what is wrong."""
        if "--complete" in sys.argv:  # the same parser reads what a shell has so far
            return super().set_value(value, cast)
        if value in ("--help", "-h"):
            raise Exit(code=_help(self._task))
        if str(value).startswith("-"):
            with told():
                raise UsageError(
                    f"{value} stands where {str(self.name).upper()} belongs",
                    next_action="the words come before the options",
                )
        if self.kind is int:
            option = f"--{self.name}"
            _must_be_number(option if option in sys.argv else str(self.name).upper(), value, self._task)
        super().set_value(value, cast)


class _Number(Argument):
    """A whole number from 1 on. Invoke converts it with ``int`` and lets that raise."""

    def __init__(self, like: Argument, task: str) -> None:
        super().__init__(
            names=like.names, kind=like.kind, default=like.default, help=like.help, attr_name=like.attr_name
        )
        self._task = task

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Raises ``Exit`` after it told what is wrong."""
        if "--complete" in sys.argv:
            return super().set_value(value, cast=False)
        _must_be_number(f"--{self.names[0]}", value, self._task)
        super().set_value(value, cast)


def _must_be_number(what: str, value: object, task: str) -> None:
    digits = str(value)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS and int(digits)):
        with told():
            raise UsageError(
                f"{what} {value} is not a number from 1 to {10**DIGITS - 1}",
                next_action=f"see: invoke --help {task}",
            )


class Command(Task[Any]):
    """An Invoke task that knows an option in the place of a word it requires: Invoke takes anything that stands there,
    so that ``invoke stack.deploy --help`` would go and look for a stack of that name."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """As Invoke reads them off the signature."""
        name = self.body.__name__.replace("_", ".", 1)
        found = super().get_arguments(ignore_unknown_help)
        for argument in found:
            argument.names += (SHORT[argument.names[0]],) if argument.names[0] in SHORT else ()
        words = [argument for argument in found if argument.positional]
        given = {argument.name for argument in words[: _words_after(name, found)]}
        return [_typed(argument, name, argument.name in given) for argument in found]


def _words_after(task: str, arguments: Sequence[Argument]) -> int:
    """How many words the command line has behind a task, values of options aside."""
    flags = {to_flag(name) for argument in arguments if argument.takes_value for name in argument.names}
    words, before = 0, ""
    for word in sys.argv[sys.argv.index(task) + 1 :] if task in sys.argv else ():
        words += not word.startswith("-") and before not in flags
        before = "" if before in flags else word
    return words


def _typed(argument: Argument, task: str, given: bool) -> Argument:
    if argument.positional:
        return _Word(argument, task, given=given)
    return _Number(argument, task) if argument.kind is int else argument


task = partial(_task, klass=Command, auto_shortflags=False)
"""Invoke's decorator, for a ``Command`` whose function is named as the task is: ``stack_plan`` for ``stack.plan``."""


def _speakable() -> None:
    """Streams that a shell closed (``>&-``) lead to nowhere, and what their encoding lacks becomes a question mark."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


_speakable()


def _nobody_reads() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _untold(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """Invoke's own help and lists do not bear a reader that goes away, such as ``head``."""
    if issubclass(kind, BrokenPipeError):
        _nobody_reads()
        os._exit(PIPE)
    from skep.report.trace import trace

    trace(kind, error, where)


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    from skep.report.trace import trace

    if not issubclass(ended.exc_type, SystemExit):
        trace(ended.exc_type, ended.exc_value, ended.exc_traceback)


sys.excepthook = _untold
threading.excepthook = _thread_ended


def _help(name: str) -> int:
    import subprocess

    return subprocess.run([sys.executable, "-m", "invoke", "--help", name], check=False).returncode


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM acts as Ctrl-C does, so that a scheduler's stop is a clean one."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def told(*, json: bool = False, verbose: bool = False) -> Iterator[Reporter]:
    """A reporter; every failure inside is told once, and the process ends with its exit code. So is a stop, by Ctrl-C
    or SIGTERM."""
    from skep.report import reporter

    atexit.register(gc.freeze)  # else the interpreter's last collections take longer than all that is left to do
    tell = reporter(json=json, verbose=verbose)
    try:
        with _interruptible():
            yield tell
        if tell.lost:
            raise tell.lost
    except SkepError as error:
        tell.error(error)
        raise Exit(code=error.exit_code) from None
    except KeyboardInterrupt:
        interrupted = Interrupted("stopped", next_action="run the same command again; it continues from what it finds")
        tell.error(interrupted)
        raise Exit(code=interrupted.exit_code) from None
    except BrokenPipeError:
        _nobody_reads()
        raise Exit(code=PIPE) from None
    except (Exit, SystemExit):
        raise
    except Exception as error:
        tell.error(_bug(error))
        if verbose:
            raise
        raise Exit(code=1) from None


@contextmanager
def at_site(
    context: Context,
    inventory: str | None,
    roles: Sequence[Role],
    *,
    json: bool = False,
    verbose: bool = False,
    wait_lock: str | None = None,
) -> Iterator[tuple[Site, Reporter]]:
    """The site an inventory describes, with sessions that open at first use, and a reporter."""
    with told(json=json, verbose=verbose) as tell:
        from skep.commands.locking import seconds_of
        from skep.commands.sources import with_outputs
        from skep.converge import Site
        from skep.inventory import load
        from skep.ssh import Pool

        patience = seconds_of("--wait-lock", wait_lock) or 0.0
        found = load(chosen(context, inventory))
        if "x-lab" in found.extensions:
            from skep.commands.lab import refuse_absent

            refuse_absent(found)
        for warning in found.warnings:
            tell.say(f"warning: {warning}")
        with Pool(found.cluster.hosts, found.access) as pool:
            cluster = with_outputs(found.cluster)
            yield Site(cluster, pool, roles, roles, tell.note, tell.waiting, patience), tell


def called_from(name: str) -> Path:
    """A file that the user names: relative to where ``./inv`` was called."""
    return Path(os.environ.get("SKEP_FROM", ""), name)


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
