"""An Invoke task whose options are described once for all tasks, and who says what it does to hosts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

from invoke.parser.argument import Argument
from invoke.tasks import Task

from skep.cli.options import COMMON, Option

Effect = Literal["reads", "plans", "acts"]


class Word(Argument):
    """What may be given to a task, with its description. ``word``: without the name of an option before it, too."""

    def __init__(self, name: str, option: Option, default: object, *, word: bool) -> None:
        kind = str if default in (None, inspect.Parameter.empty) else list if default == () else type(default)
        super().__init__(
            names=(name.replace("_", "-"), *([option.letter] if option.letter else [])),
            kind=kind,
            default=None if default is inspect.Parameter.empty else [] if kind is list else default,
            help=option.help,
            positional=word,
            attr_name=name if "_" in name else None,
        )
        self.option = option
        self.required = default is inspect.Parameter.empty

    @property
    def placeholder(self) -> str:
        """What stands for it in help."""
        return self.option.value or ("NUMBER" if self.kind is int else str(self.name).upper().replace("_", "-"))


class Command(Task[Any]):
    """A task. Its function takes a call and the task's own words and options; ``common`` names further options, which
    the call has.

    ``effect``: it ``reads`` only, it ``plans`` what it changes, or it ``acts`` at once. ``in_clone``:
    it is about a clone of skep itself, and no part of its documentation. ``run`` makes the call.
    """

    def __init__(
        self,
        body: Callable[..., object],
        *,
        name: str,
        words: tuple[str, ...],
        options: Mapping[str, Option],
        common: Mapping[str, object],
        effect: Effect,
        run: Callable[..., object],
        in_clone: bool = False,
    ) -> None:
        super().__init__(body, name=name, positional=words)
        self.effect = effect
        self.in_clone = in_clone
        self._options = {**COMMON, **options}
        self.common = common
        self._words = words
        self._run = run

    def __deepcopy__(self, memo: object) -> Command:
        """Itself. Invoke copies the tasks of a ``tasks.py``, to name the copies in its way, as ours are."""
        return self

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The task's own in the order of its function, words first, then the common ones."""
        own = {one.name: one.default for one in list(inspect.signature(self.body).parameters.values())[1:]}
        names = [*self._words, *(name for name in own if name not in self._words), *self.common]
        defaults = {**self.common, **own}
        return [Word(name, self._options[name], defaults[name], word=name in self._words) for name in names]

    def __call__(self, *args: object, **given: object) -> object:
        """As Invoke calls a task: with its context, and what was given by name."""
        (context,) = args
        common = {name: given.pop(name, default) for name, default in self.common.items()}
        return self._run(self.body, context, common, given)
