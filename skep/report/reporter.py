"""What can be reported. Each kind of output shows it in its own way."""

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
    """Gives a text of ours with its commands as the user has to type them."""

    unwritten: OutputLost | None = None
    """A file that was asked for and could not be written: the failure to end with where nothing else went wrong."""

    @property
    def lost(self) -> OutputLost | BrokenPipeError | None:
        """The failure to end with where not all output could be written and nothing else went wrong."""
        return self.out.lost if self.out else None

    def steady(self) -> None:
        """From here on hosts are changed: output that fails raises nothing any more."""
        if self.out:
            self.out.steady = True

    def waiting(self, hosts: Sequence[str]) -> None:
        """Who has not answered so far in what ``busy`` is about; in the end nobody. Called from several threads."""

    def document(self, text: str) -> None:
        """Several lines, such as a file."""

    def note(self, text: str) -> None:
        """One line beside a result, which a reader of the result does not get to see."""

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
        """A list of things. ``for_scripts`` names columns that people are not shown; ``spare`` those to leave out
        where a terminal has no room, the first first."""

    def log(self, entry: Mapping[str, str], *, timestamps: bool = False, colour: bool = False) -> None:
        """A line of a task's output: ``service``, ``task``, ``node``, ``stream``, ``time`` and ``text``. ``colour``
        keeps what colours the task printed."""

    def change(self, change: Change) -> None:
        """Something of a cluster that became another."""

    @property
    def has_screen(self) -> bool:
        """Whether there is a terminal that can be drawn on and has keys."""
        return False

    def screen(self, looks: Iterable[Look], environment: str, *, host: str = "", stack: str = "") -> None:
        """A cluster as it changes, on the whole terminal, until a key ends it."""

    def data(self, name: str, value: Mapping[str, object]) -> None:
        """A value for scripts alone: only JSON shows it."""

    def file(self, path: Path, content: str | bytes) -> None:
        """A file beside what is told. One that cannot be written hides nothing of that: it is said at the end."""
        try:
            put(path, content)
        except OutputLost as error:
            self.unwritten = error

    def done(self, text: str) -> None:
        """The last line of a success."""

    def error(self, error: SkepError) -> None:
        """A failure: place, cause, next action."""
