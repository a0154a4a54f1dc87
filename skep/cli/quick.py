"""Completion without the program: what may come next, from the tasks as a file lists them and the names that are known
already. Tab waits for it, so nothing is imported here that is not needed."""

from __future__ import annotations

from skep.cli.completion import candidates
from skep.cli.line import Line
from skep.cli.notes import Notes
from skep.cli.task_table import CORE, Context, keys, tasks

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Sequence

    from skep.cli.shapes import Context as AnyContext


class Unknown(Exception):
    """Only the whole program can say."""


class Quick:
    """As much of the program as completion needs."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._tasks = tasks()
        self.initial_context = Context(None, self._tasks.pop(CORE))

    def blank_line(self) -> Line:
        """A line that reads as far as it goes."""
        made = {name: lambda name=name: Context(name, self._tasks[name]) for name in self._tasks}
        return Line(self.initial_context, made)

    def enter(self, core: AnyContext) -> None:
        """Raises ``Unknown`` where a core option is given, such as another site."""
        if any(one.got_value for one in core.args.values()):
            raise Unknown

    def spelled_out(self, words: Sequence[str]) -> list[str]:
        """The words. Raises ``Unknown`` where they begin with an alias."""
        if words and words[0] not in self._tasks and words[0] in self.names("aliases", self.initial_context):
            raise Unknown
        return [*words]

    def names(self, kind: str, context: AnyContext) -> Sequence[str]:
        """The names of a kind. Raises ``Unknown`` where they have to be looked up."""
        if kind == "tasks":
            return sorted(self._tasks)
        if kind == "keys":
            return [*keys(), *sorted(self._tasks)]
        found = self._notes.recall(self._notes.question(kind, context))
        if found is None:
            raise Unknown
        return found


def offered(words: Sequence[str], notes: Notes) -> list[str] | None:
    """What may stand for the last word, as ``candidates`` gives it; ``None`` where only the whole program can say."""
    try:
        program = Quick(notes)
        return candidates(program, words)
    except (Unknown, OSError):
        return None
