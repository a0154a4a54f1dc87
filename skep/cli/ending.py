"""How a process ends: every failure is reported once, with an exit code of its kind."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import IO, TYPE_CHECKING, cast

from invoke.exceptions import Exit

from skep.errors import Interrupted, OutputLost, SkepError

if TYPE_CHECKING:
    from skep.report import Reporter

PIPE = 141
"""Exit status when nobody reads the output any more: what a shell shows for SIGPIPE."""


def speakable() -> None:
    """Make stdout and stderr safe to write to: one that the shell closed (``>&-``) leads nowhere, and characters that
    its encoding lacks become question marks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def nobody_reads() -> None:
    """Discard what is still to be written to stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    from skep.report.trace import trace

    if not issubclass(ended.exc_type, SystemExit):
        trace(ended.exc_type, ended.exc_value, ended.exc_traceback)


@contextmanager
def read_by_somebody() -> Iterator[None]:
    """Lists and help may be cut short by a reader that goes away, such as ``head``, or by a disk that is full."""
    from skep.report.output import Output

    out = Output(sys.stdout)
    try:
        with redirect_stdout(cast("IO[str]", out)):
            try:
                yield
            finally:
                out.flush()
    except BrokenPipeError:
        raise Exit(code=PIPE) from None
    finally:
        if isinstance(out.lost, OutputLost):
            with reporting():
                raise out.lost


@contextmanager
def stopped(*, json: bool) -> Iterator[None]:
    """A Ctrl-C that comes before a task does is reported as one within it. Invoke makes of it a silent end with 1."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as ended:
        if not isinstance(ended, KeyboardInterrupt) and not isinstance(ended.__context__, KeyboardInterrupt):
            raise
        try:
            with reporting(json=json):
                raise KeyboardInterrupt
        except Exit as reported:
            sys.exit(reported.code)


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM acts as Ctrl-C does, so that a scheduler's stop is a clean one."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, hook = signal.signal(signal.SIGTERM, stop), threading.excepthook
    threading.excepthook = _thread_ended
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        threading.excepthook = hook


@contextmanager
def reporting(
    *, json: bool = False, verbose: bool = False, quiet: bool = False, spelled: Callable[[str], str] | None = None
) -> Iterator[Reporter]:
    """A reporter; every failure inside is reported once, and the process ends with its exit code. So is a stop, by
    Ctrl-C or SIGTERM. ``spelled`` gives a text with its commands as they are typed here."""
    from skep.report import reporter

    speakable()
    tell = reporter(json=json, verbose=verbose, quiet=quiet)
    if spelled:
        tell.spelled = spelled
    try:
        with _interruptible():
            yield tell
        if lost := tell.lost or tell.unwritten:
            raise lost
    except SkepError as error:
        if tell.unwritten and error is not tell.unwritten:
            tell.error(tell.unwritten)
        tell.error(error)
        raise Exit(code=error.exit_code) from None
    except KeyboardInterrupt:
        interrupted = Interrupted("stopped", next_action="run the same command again; it continues from what it finds")
        tell.error(interrupted)
        raise Exit(code=interrupted.exit_code) from None
    except BrokenPipeError:
        nobody_reads()
        raise Exit(code=PIPE) from None
    except (Exit, SystemExit):
        raise
    except Exception as error:
        tell.error(_bug(error))
        if verbose:
            from skep.report.trace import trace

            trace(type(error), error, error.__traceback__)
        raise Exit(code=1) from None


def _bug(error: Exception) -> SkepError:
    return SkepError(
        "unexpected error: this is a bug in skep",
        cause=f"{type(error).__name__}: {error}",
        next_action="run again with -v for the traceback, and report it",
    )
