"""All tasks with their words and options in a file that is read at once: ``tasks.txt``, which ``./inv manual`` writes.
Completion reads it instead of the tasks themselves, which Invoke would have to be loaded for."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Sequence

    from skep.cli.shapes import Argument as AnyArgument
    from skep.cli.shapes import Context as AnyContext

PACKAGE = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
CORE = "-"
"""Stands for the name of a task in the line of the options that stand before tasks."""
CLONE = "clone:"
"""Before the name of a task that only a clone of skep has."""
KINDS = {"switch": bool, "number": int, "list": list, "text": str}


def written(name: str, context: AnyContext, *, in_clone: bool = False) -> str:
    """The line of a task: its name, then each argument as names, kind, place, value, the kind of names that it takes,
    and values."""
    arguments = {id(one): one for one in context.args.values()}.values()
    return " ".join([f"{CLONE}{name}" if in_clone else name, *map(_written, arguments)])


def _written(argument: AnyArgument) -> str:
    described = getattr(argument, "option", None)
    kind = next(name for name, kind in KINDS.items() if argument.kind is kind)
    place = "word" if argument.positional else "on" if argument.default is True else ""
    place = "may" if argument.positional and not getattr(argument, "required", True) else place
    place = "optional" if argument.optional else place
    names = ",".join(argument.names)  # type: ignore[attr-defined]
    about = (described.value, described.names, ",".join(described.values)) if described else ("", "", "")
    return "|".join([names, kind, place, *about]).rstrip("|")


class Option:
    """As ``skep.cli.options.Option``, without what it means."""

    def __init__(self, value: str, names: str, values: tuple[str, ...]) -> None:
        self.value = value
        self.names = names
        self.values = values


class Argument:
    """As ``skep.cli.command.Word``."""

    help = ""
    default = None

    def __init__(self, text: str) -> None:
        names, kind, place, value, known, values, *_ = [*text.split("|"), "", "", "", "", ""]
        self.names = names.split(",")
        self.name = self.names[0]
        self.kind = KINDS[kind]
        self.takes_value = self.kind is not bool
        self.optional = place == "optional"
        self.positional = place in ("word", "may")
        self.required = place == "word"
        self.on = place == "on"
        self.option = Option(value, known, tuple(values.split(",")) if values else ())
        self.value: object = None

    @property
    def got_value(self) -> bool:
        """Whether it was given."""
        return self.value is not None

    def set_value(self, value: object, cast: bool = True) -> None:
        """Take what was given."""
        self.value = value


class Context:
    """As Invoke's ``ParserContext``."""

    def __init__(self, name: str | None, arguments: Sequence[str]) -> None:
        self.name = name
        self.args: dict[str, Argument] = {}
        self.flags: dict[str, Argument] = {}
        self.inverse_flags: dict[str, str] = {}
        self.positional_args: list[Argument] = []
        for one in map(Argument, arguments):
            for each in one.names:
                self.args[each] = one
                self.flags[f"-{each}" if len(each) == 1 else f"--{each}"] = one
            if one.positional:
                self.positional_args.append(one)
            if one.on:
                self.inverse_flags[f"--no-{one.name}"] = f"--{one.name}"

    def flag_names(self) -> list[str]:
        """All flags."""
        return [*self.flags, *self.inverse_flags]


class Read(list["AnyContext"]):
    """As Invoke's ``ParseResult``: the core options, then each task of a line with its words and options."""

    def __init__(self) -> None:
        super().__init__()
        self.remainder = ""
        """What followed ``--``."""
        self.unparsed: list[str] = []
        """Words that were left."""


def tasks() -> dict[str, list[str]]:
    """The arguments of each task, and of the core options. Raises ``OSError`` where the file is missing."""
    in_clone = not os.path.isdir(f"{PACKAGE}/data")  # noqa: PTH112  as skep.shipped
    with open(f"{PACKAGE}/cli/tasks.txt", encoding="utf-8") as file:  # noqa: PTH123
        found = {name: arguments for name, *arguments in map(str.split, file)}
    return {name.removeprefix(CLONE): one for name, one in found.items() if in_clone or not name.startswith(CLONE)}


def keys() -> list[str]:
    """What ``docs`` explains, but for tasks. Raises ``OSError`` where the file is missing."""
    with open(f"{PACKAGE}/cli/keys.txt", encoding="utf-8") as file:  # noqa: PTH123
        return file.read().splitlines()
