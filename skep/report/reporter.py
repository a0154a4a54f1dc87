"""What commands can report. Each kind of output (lines, live, JSON) shows it in its own way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from skep.errors import OutputLost, SkepError
from skep.files import put
from skep.report.output import Output
from skep.runs.listener import Listener

if TYPE_CHECKING:
    from skep.picture.view import Change, Look
    from skep.report.shown import Shown


class Row(Protocol):
    """A verified fact; see ``skep.verify.Check``."""

    @property
    def role(self) -> str: ...
    @property
    def host(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def message(self) -> str: ...


class Reporter(Listener):
    """The base of all reporters; it prints nothing."""

    out: Output | None = None
    """Where results are written to."""

    shown: Shown | None = None
    """Findings of this environment that the user was shown before."""

    spelled: Callable[[str], str] = staticmethod(lambda text: text)
    """Rewrites the commands in a text of ours as the user has to type them."""

    unwritten: OutputLost | None = None
    """A requested file could not be written: the failure to end with if nothing else went wrong."""

    @property
    def lost(self) -> OutputLost | BrokenPipeError | None:
        """Some output could not be written: the failure to end with if nothing else went wrong."""
        return self.out.lost if self.out else None

    def steady(self) -> None:
        """From now on hosts are changed, so output that cannot be written no longer raises."""
        if self.out:
            self.out.steady = True

    def waiting(self, hosts: Sequence[str]) -> None:
        """Who has not answered yet during ``busy``; nobody at its end. Called from several threads."""

    def document(self, text: str) -> None:
        """Several lines, such as a file."""

    def note(self, text: str) -> None:
        """One line about the run itself, kept apart from the result (on stderr)."""

    def checks(self, checks: Sequence[Row], seconds: float) -> None:
        """The result of a verification."""

    def table(
        self,
        name: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        title: str = "",
        *,
        for_scripts: Collection[str] = (),
        spare: Sequence[str] = (),
    ) -> None:
        """A table. ``for_scripts`` names the columns that only JSON shows; ``spare`` those to leave out on a narrow
        terminal, in this order."""

    def log(self, entry: Mapping[str, str], *, timestamps: bool = False, colour: bool = False) -> None:
        """A line of a task's output: ``service``, ``task``, ``node``, ``stream``, ``time`` and ``text``. ``colour``
        keeps what colours the task printed."""

    def change(self, change: Change) -> None:
        """Something in a watched cluster has changed."""

    @property
    def has_screen(self) -> bool:
        """Whether output goes to a terminal that can be redrawn, with a keyboard."""
        return False

    def screen(self, looks: Iterable[Look], environment: str, *, host: str = "", stack: str = "") -> None:
        """Shows a cluster as it changes, on the whole terminal, until a key is pressed."""

    def data(self, name: str, value: Mapping[str, object]) -> None:
        """A value for scripts alone: only JSON shows it."""

    def file(self, path: Path, content: str | bytes) -> None:
        """Writes a file beside the output. If that fails, all output is still shown; the failure is reported last."""
        try:
            put(path, content)
        except OutputLost as error:
            self.unwritten = error

    def done(self, text: str) -> None:
        """The last line of a run that succeeded."""

    def error(self, error: SkepError) -> None:
        """A failure: place, cause, next action."""
