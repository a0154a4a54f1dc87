"""A task as help, the man page and the docs describe it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from skep.cli.command import Command, Word
from skep.cli.line import usage_of
from skep.dataclass import dataclass

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Described:
    """``usage`` is without the program's name, ``example`` with ``invoke`` in its place. ``words`` and ``options`` are
    how each is written and what it means."""

    name: str
    usage: str
    text: str
    example: str
    words: Rows
    options: Rows

    @property
    def summary(self) -> str:
        """Its first sentence or two, as lists have it."""
        return self.text.partition("\n\n")[0].replace("\n", " ")

    def own(self, common: Mapping[str, str]) -> Rows:
        """Options that are not explained in common."""
        return tuple(row for row in self.options if common.get(row[0]) != row[1])

    def shared(self, common: Mapping[str, str]) -> list[str]:
        """The names of those that are."""
        return [_long(written) for written, text in self.options if common.get(written) == text]


def common_options(tasks: Iterable[Described]) -> Mapping[str, str]:
    """Options that more than two tasks have, by how they are written, with the meaning that most give them."""
    times = Counter(row for one in tasks for row in one.options)
    rarest_first = sorted((row for row, count in times.items() if count > 2), key=lambda row: times[row])
    return dict(sorted(dict(rarest_first).items(), key=lambda row: row[0].lstrip("-")))


def described(name: str, command: Command) -> Described:
    """A task by the name it has on the command line."""
    context = ParserContext(name=name, args=command.get_arguments())
    text, _, example = (inspect.getdoc(command) or "").partition("Example:")
    options = [one for one in _unique(context) if one not in context.positional_args]
    return Described(
        name,
        usage_of(context),
        text.strip(),
        example.strip(),
        tuple((_placeholder(one), str(one.help or "")) for one in context.positional_args),
        tuple((_written(one), str(one.help or "")) for one in sorted(options, key=lambda one: str(one.name))),
    )


def _unique(context: ParserContext) -> Iterator[Argument]:
    return iter({id(one): one for one in context.args.values()}.values())


def _placeholder(one: Argument) -> str:
    return one.placeholder if isinstance(one, Word) else str(one.name).upper()


def _long(written: str) -> str:
    return f"--{written.rpartition('--')[2].partition(' ')[0]}"


def _written(one: Argument) -> str:
    """As ``-i NAME, --inventory NAME``; what is on by itself as ``--no-resolve``."""
    value = f" {_placeholder(one)}" if one.takes_value else ""
    flags = [f"{'-' if len(name) == 1 else '--'}{name}" for name in sorted(one.names, key=len)]
    if not one.takes_value and one.default is True:
        flags = [f"--no-{flags[-1].removeprefix('--')}"]
    return ", ".join(f"{flag}{value}" for flag in flags)
