"""The command line: core options, tasks with their words and options. Every mistake is one ``UsageError``, which says
what was meant most likely and how the task is called."""

from __future__ import annotations

from skep.cli.core import IDLE, stands_behind
from skep.cli.task_table import Read
from skep.errors import UsageError

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skep.cli.shapes import Argument, Context, Described

    Names = Callable[[str, Context], Sequence[str]]
    """Which names of a kind (``Option.names``) there are, as far as the line says so far."""

FEW = 3
"""Tasks that a message names."""
DIGITS = 9
"""Of the largest number an option takes."""

HELP = "help"
"""The task that explains tasks, and the core option that does."""


class Line:
    """Reads words. ``core`` are the options that stand before tasks or anywhere behind them; ``tasks`` makes a task's
    context by its name; ``names`` looks up what could be named; ``program`` is what the user types."""

    def __init__(
        self,
        core: Context,
        tasks: Mapping[str, Callable[[], Context]],
        *,
        names: Names = lambda kind, context: (),
        program: str = "invoke",
    ) -> None:
        self.core = core
        self._tasks = tasks
        self._names = names
        self._program = program
        self.context: Context | None = None
        """The task that is read at the moment."""
        self.open: Argument | None = None
        """The option that ended the line without the value it needs."""
        self._given: set[str] = set()
        self._words: list[str] = []

    def read(self, words: Sequence[str], *, core_only: bool = False) -> Read:
        """The core context first, then one for each task. ``core_only``: up to the first word that is no core option,
        and what follows is left in ``unparsed``. Raises ``UsageError``."""
        result = Read()
        result.append(self.core)
        self._words = list(words)
        while self._words:
            if core_only and not self._is_core(self._words[0]):
                result.unparsed = self._words
                break
            word = self._words.pop(0)
            if word == "--":
                result.remainder = " ".join(self._words)
                if self._words and self.context is not None and "json" in self.context.args:
                    raise self._wrong(f"{self.context.name} hands nothing on: {self._words[0]} stands behind --")
                break
            if word.startswith("-") and word != "-":
                self._option(word)
            else:
                self._word(word, result)
        self._finish()
        return result

    def _is_core(self, word: str) -> bool:
        name = word.partition("=")[0]
        return word == "--" or name in self.core.flags or (word[:1] == "-" != word[1:2] and word[:2] in self.core.flags)

    def expected(self) -> Argument | None:
        """What would be given next without the name of an option, or the option that still needs its value."""
        return self.open or self._free("")

    def _word(self, word: str, result: Read) -> None:
        free = self._free(word)
        if free is not None and self.context is not None:
            self._set(free, _placeholder(free), word)
        elif word in self._tasks:
            self._finish()
            self.context, self._given = self._tasks[word](), set()
            result.append(self.context)
        else:
            self._refuse_word(word)

    def _free(self, word: str) -> Argument | None:
        """The word of the task that is not given yet. Another task goes before one that may be left out."""
        if self.context is None:
            return None
        first = next((one for one in self.context.positional_args if one.name not in self._given), None)
        if first and not _required(first) and not _names_task(first) and "." in word and word in self._tasks:
            return None
        return first

    def _option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        argument, where = self._argument(name)
        if argument is None and not name.startswith("--") and len(name) > 2:
            name, value, equals = word[:2], word[2:], "glued"
            argument, where = self._argument(name)
            if argument is not None and not argument.takes_value:
                self._words.insert(0, f"-{value}")
                value = equals = ""
        if argument is None:
            self._refuse_option(name)
            return
        if where is self.core and self.context is not None and not stands_behind(name, str(argument.name)):
            self._refuse_core(name, argument, self.context, value=value or next(iter(self._words), "-"))
        if not argument.takes_value:
            if equals:
                raise self._wrong(f"{name} takes no value")
            argument.set_value(not name.startswith("--no-") or name in where.flags, cast=False)
            return
        if not equals:
            if argument is self.core.args[HELP] and self.context is not None:
                value = str(self.context.name)
            elif self._words and (not self._words[0].startswith("-") or self._words[0] == "-"):
                value = self._words.pop(0)
            elif argument.optional:
                argument.set_value(True, cast=False)
                return
            else:
                self.open = argument
                raise self._wrong(f"{name} needs a value{_of(argument)}", near=self._known(argument))
        self._set(argument, name, value)

    def _argument(self, name: str) -> tuple[Argument | None, Context]:
        for where in (self.context, self.core):
            if where is None:
                continue
            flag = where.inverse_flags.get(name, name)
            if flag in where.flags:
                return where.flags[flag], where
        return None, self.core

    def _set(self, argument: Argument, given: str, value: str) -> None:
        if argument.kind is int and not _is_number(value):
            raise self._wrong(f"{given} {value} is not a number from 1 to {10**DIGITS - 1}")
        described = described_as(argument)
        if described and described.values and value not in described.values:
            from skep.cli.guessing import nearest

            known = ", ".join(described.values)
            raise self._wrong(f"{given} {value} is not one of {known}{_meant(nearest(value, described.values))}")
        if not value and (described or any(argument is one for one in self.core.args.values())):
            raise self._wrong(f"{given} is empty{_of(argument)}", near=self._known(argument))
        argument.set_value(value)
        self._given.add(str(argument.name))

    def _finish(self) -> None:
        """Raise ``UsageError`` where the task lacks a word."""
        if self.context is None:
            return
        for word in self.context.positional_args:
            helped = self.core.args[HELP].got_value if HELP in self.core.args else False
            if _required(word) and word.name not in self._given and not helped:
                self.open = word
                raise self._wrong(f"{self.context.name} needs {_placeholder(word)}{_of(word)}", near=self._known(word))

    def _known(self, argument: Argument) -> str:
        kind = getattr(described_as(argument), "names", "")
        names = self._names(kind, self.context) if kind and self.context is not None else ()
        from skep.reading.wording import MANY, few

        return f"there are: {few(names, MANY)}" if names else ""

    def _refuse_option(self, name: str) -> None:
        from skep.cli.guessing import called_otherwise, nearest

        core = [one for one in self._flags(self.core) if one.removeprefix("--") not in IDLE]
        flags = [*self._flags(self.context), *core]
        if self.context is None:
            later = next((word for word in self._words if word in self._tasks), None)
            if later and name in self._flags(self._tasks[later]()):
                raise self._wrong(f"{name} is an option of {later}: options come after their task")
        near = called_otherwise(name, flags)[:1]
        owner = self.context.name if self.context else self._program
        others = [one for one, make in self._tasks.items() if name in self._flags(make())] if self.context else []
        if others and not near:
            from skep.reading.wording import few

            raise self._wrong(f"{owner} has no option {name}; that is one of {few(others, FEW)}")
        near = near or nearest(name, [flag for flag in flags if flag.startswith("--")] if name[:2] == "--" else [])
        raise self._wrong(f"{owner} has no option {name}{_meant(near)}")

    def _refuse_core(self, name: str, argument: Argument, task: Context, *, value: str) -> None:
        from skep.cli.guessing import called_otherwise

        core = "an option" if name == f"--{argument.name}" else f"--{argument.name}"
        before = f"; as {core} of {self._program} it stands before tasks"
        given = argument.takes_value and not value.startswith("-")
        near = [one for one in called_otherwise(name, self._flags(task)) if task.flags[one].takes_value or not given]
        near.sort(key=lambda one: task.flags[one].takes_value != given)
        raise self._wrong(f"{task.name} has no option {name}{_meant(near[:1]) or before}")

    def _flags(self, context: Context | None) -> list[str]:
        return [*context.flag_names()] if context else []

    def _refuse_word(self, word: str) -> None:
        if self.context is None:
            self._refuse_task(word)
            return
        from skep.cli.guessing import nearest

        takes = " and ".join(map(_placeholder, self.context.positional_args))
        near = self._instead(word)
        meant = "" if near else _meant(nearest(word, list(self._tasks)))
        raise self._wrong(f"{self.context.name} takes {takes or 'no word'}: {word} is one too many{meant}", near=near)

    def _instead(self, word: str) -> str:
        """What may have been meant by a word too many."""
        context = self.context
        if context is None:
            return ""
        given = [str(one.value) for one in context.positional_args if one.name in self._given]
        call = " ".join([self._program, str(context.name), *given])
        if "counts" in context.args and word.isdecimal() and given:
            return f"{call}={word}"
        if "services" in context.args and len(given) > 1:
            return f"{call},{word}"
        for option, kind in (("inventory", "inventories"), ("limit", "hosts")):
            if option in context.args and word in self._names(kind, context):
                hosts = [str(context.args[option].value or "")] if option == "limit" else []
                return f"{call} --{option} {','.join([*filter(None, hosts), word])}"
        if "service" in context.args:
            return f"{call} --service {word}"
        return ""

    def _refuse_task(self, word: str) -> None:
        from skep.cli.guessing import answered, tasks_meant

        if word in self._names("inventories", self.core):
            raise UsageError(
                f"there is no task {word}: it is an environment", next_action=f"usage: {self._program} TASK -i {word}"
            )
        said = [word, *(one for one in self._words[:1] if not one.startswith("-"))]
        if (answer := answered(said)) and "docs" in self._tasks:
            raise UsageError(f"there is no task {word}: {answer[0]}", next_action=f"{self._program} {answer[1]}")
        found = tasks_meant(said, self._tasks.keys(), self._names("aliases", self.core))
        one = self._tasks.get(found[0]) if len(found) == 1 else None
        usage = self.usage(one()) if one else f"usage: {self._program} TASK [options]"
        raise UsageError(
            f"there is no task {word}{_meant(found)}", next_action=f"{usage}\nall tasks: {self._program} --list"
        )

    def _wrong(self, message: str, *, near: str = "") -> UsageError:
        usage = self.usage(self.context) if self.context else f"usage: {self._program} TASK [options]"
        more = f"{self._program} help {self.context.name}" if self.context else f"{self._program} --help"
        return UsageError(message, next_action="\n".join(filter(None, (near, usage, f"more: {more}"))))

    def usage(self, context: Context) -> str:
        """How a task is called."""
        return f"usage: {self._program} {usage_of(context)}"


def usage_of(context: Context) -> str:
    """A task's name, its words (in brackets where they may be left out) and whether it has options."""
    words = context.positional_args
    shown = [_placeholder(one) if _required(one) else f"[{_placeholder(one)}]" for one in words]
    options = ["[options]"] if len(context.args) > len(words) else []
    return " ".join([str(context.name), *shown, *options])


def described_as(argument: Argument) -> Described | None:
    """How our tasks describe it; Invoke's own core options are described by nobody."""
    return getattr(argument, "option", None)


def _names_task(word: Argument) -> bool:
    described = described_as(word)
    return described is not None and described.names in ("tasks", "keys")


def _required(word: Argument) -> bool:
    return bool(getattr(word, "required", word.default is None))


def _placeholder(word: Argument) -> str:
    return str(getattr(word, "placeholder", None) or str(word.name).upper())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS and bool(int(text))


def _of(argument: Argument) -> str:
    return f": {argument.help}" if argument.help else ""


def _meant(near: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else ""
