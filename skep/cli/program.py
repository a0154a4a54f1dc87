"""The program: Invoke's, with a command line that answers. ``./inv`` runs it, and where Invoke's own program loads our
tasks it becomes this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.parser.parser import ParseResult
from invoke.program import Program as InvokeProgram

from skep import __version__
from skep.cli.command import Command
from skep.cli.core import FORMATS, IDLE, OURS, long_name
from skep.cli.described import described
from skep.cli.ending import read_by_somebody, reporting, speakable
from skep.cli.helping import in_columns, task_help, width
from skep.cli.invoke_yaml import Named, Outer, read_settings
from skep.cli.line import HELP, Line
from skep.cli.names import names_of, read_from
from skep.cli.parsed import as_invoke_has_it
from skep.errors import UsageError
from skep.shell import quoted
from skep.site.environment import add_own
from skep.site.place import enter

if TYPE_CHECKING:
    from skep.cli.notes import Notes
    from skep.cli.shapes import Context

INVOKES = "inv[oke]"
"""How Invoke's own program calls itself in help, which cannot be typed."""


class Program(InvokeProgram):
    """Differs from Invoke's where a line is wrong, asks for help or completion, or for a dry run."""

    site: Path | None = None
    """The folder of the inventories, once it is entered."""
    notes: Notes | None = None
    """Keeps names for completion."""

    @property
    def typed(self) -> str:
        """What the user typed to get here."""
        if self._binary and self._binary != INVOKES:
            return self._binary
        return "invoke" if self.called_as in ("", "__main__.py") else self.called_as

    def core_args(self) -> list[Argument]:
        """As Invoke's, and the site."""
        site = Argument(names=("site",), help="folder with inventory/, stacks/ and invoke.yaml (else $SKEP_SITE)")
        return [*super().core_args(), site]

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:
        """As Invoke does; ends where nobody reads the output any more."""
        speakable()
        super().run(argv, exit)

    def parse_core(self, argv: list[str] | None) -> None:
        """As Invoke does, which leaves Python without compiled modules: each start would compile ours anew."""
        with read_by_somebody():
            super().parse_core(argv)
        sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

    def parse_core_args(self) -> None:
        """Core options before the first task."""
        with self._answering(self.argv[1:]):
            self.core = as_invoke_has_it(self._line({}).read(self.argv[1:], core_only=True))
            shell = self.args["print-completion-script"].value
            if shell:
                from skep.cli.completion import script

                print(script(shell, self.binary_names), end="")
                raise Exit

    def load_collection(self) -> None:
        """As Invoke does. Ends with 2 where there is none."""
        try:
            super().load_collection()
        except Exit as error:
            raise Exit(error.message, code=2) from None

    def parse_collection(self) -> None:
        """As Invoke does; then the site is entered, so that names are looked up there."""
        super().parse_collection()
        with self._answering(self.argv[1:]):
            self._enter_site()

    def enter(self, core: Context) -> None:
        """Go to the site that a line to complete names; notes are of where the user is. Raises ``UsageError``."""
        named = core.args["site"].value if "site" in core.args else None
        if named:
            self.notes = None
            self._enter_site(str(named))

    def _enter_site(self, named: str | None = None) -> None:
        """Raises ``UsageError`` for one that is not there, or whose settings cannot be used."""
        named = named or (self.args["site"].value if "site" in self.args else None)
        self.site = enter(named, os.environ)
        read_settings(self.config, Path.cwd(), code=not self.args.complete.value)  # Tab runs nothing of a site

    def parse_tasks(self) -> None:
        """Read the tasks that follow, each with its words and options."""
        words = self.core.unparsed
        with self._answering(words):
            if self.site is None:  # Invoke's own program had begun to load these tasks when it became this one
                self._enter_site()
            result = self._read(words)
            self.core_via_tasks = result.pop(0)
            self._update_core_context(context=self.core[0], new_args=self.core_via_tasks.args)
            for asked in [one for one in result if one.name == HELP]:
                if not self.core[0].args[HELP].got_value:
                    self.core[0].args[HELP].set_value(asked.args["task"].value or True, cast=False)
                result.remove(asked)
            self.tasks = result
            if "site" in self.core_via_tasks.args and self.core_via_tasks.args["site"].got_value:
                self._enter_site()
            self._refuse_idle()

    @property
    def aliases(self) -> Mapping[str, Sequence[str]]:
        """The site's own names for command lines. Raises ``UsageError`` for one that cannot be used."""
        from skep.cli.aliases import aliases

        return aliases(self.config.get("skep", {}).get("aliases"), self.contexts)

    def _read(self, words: Sequence[str]) -> ParseResult:
        """Raises ``UsageError``, which shows an alias as what it stands for."""
        whole = self.spelled_out(words)
        try:
            return as_invoke_has_it(self._line(self.contexts).read(whole))
        except UsageError as error:
            if whole != list(words):
                error.cause = f"{words[0]} stands for: {quoted(*self.spelled_out(words[:1]))}"
            raise

    def spelled_out(self, words: Sequence[str]) -> list[str]:
        """The words, with what an alias at their head stands for."""
        if words and words[0] in self.names("aliases", self.initial_context) and words[0] not in self.contexts:
            return [*self.aliases[words[0]], *words[1:]]
        return list(words)

    @property
    def contexts(self) -> Mapping[str, Callable[[], ParserContext]]:
        """A maker of the context of each task."""
        return {name: partial(self._context, name) for name in self.collection.task_names}

    def _context(self, name: str) -> ParserContext:
        return ParserContext(name=name, args=self.collection[name].get_arguments())

    def names(self, kind: str, context: Context) -> Sequence[str]:
        """The names of a kind that may stand there; they are kept for completion where it asks."""
        found = names_of(self, kind, context)
        if self.notes:
            self.notes.keep(self.notes.question(kind, context), found, *read_from(self, kind, context))
        return found

    def _line(self, tasks: Mapping[str, Callable[[], ParserContext]]) -> Line:
        return Line(self.initial_context, tasks, names=self.names, program=self.typed)

    def blank_line(self) -> Line:
        """A command line that reads as far as it can, for completion."""
        return Line(self.initial_context, self.contexts)

    def _refuse_idle(self) -> None:
        """Raise ``UsageError`` for what would do nothing, or would change hosts where nothing is to be changed."""
        own = [(one, task) for one in self.tasks if isinstance(task := self.collection[one.name], Command)]
        for name, instead in IDLE.items() if own else ():
            if self.args[name].value:
                raise UsageError(
                    f"--{name} is for commands that Invoke runs itself; {own[0][0].name} runs none",
                    next_action=instead,
                )
        for context, task in own if self.args.dry.value else ():
            if task.effect == "acts":
                raise UsageError(
                    f"--dry: {context.name} has no plan to show; nothing was done",
                    next_action=f"more: {self.typed} help {context.name}",
                )
            if task.effect == "plans":
                context.args["plan"].set_value(True, cast=False)

    def parse_cleanup(self) -> None:
        """Help, lists, completion."""
        with self._answering(self.argv[1:]), read_by_somebody():
            listed, desired = self.args.list.value, self.args[HELP].value
            form = self.args["list-format"].value
            if form not in FORMATS:
                raise UsageError(f"--list-format {form} is not one of {', '.join(FORMATS)}")
            if isinstance(desired, str) and (stands_for := self.spelled_out([desired])) != [desired]:
                print(f"{desired} stands for: {self.typed} {quoted(*stands_for)}\n")
                desired = stands_for[0]
            if isinstance(desired, str) and desired not in self.contexts:
                self._line(self.contexts).read([desired])
            if isinstance(listed, str) and listed not in self.collection.collections:
                raise UsageError(
                    f"--list {listed}: there are no such tasks",
                    next_action=f"there are: {', '.join(self.collection.collections)}",
                )
            if desired is True:
                self.print_help()
                raise Exit
            if self.args.complete.value:
                from skep.cli.completion import candidates

                print("\n".join(candidates(self, self.argv[self.argv.index("--") + 1 :] if "--" in self.argv else [])))
                raise Exit
            if isinstance(desired, str):
                self.print_task_help(desired)
                raise Exit
            super().parse_cleanup()

    def list_tasks(self) -> None:
        """As Invoke does, and the site's aliases."""
        super().list_tasks()
        if self.list_format != "json" and not self.list_root and (found := self.aliases):
            print("Aliases in invoke.yaml:\n")
            self.print_columns([(name, quoted(*words)) for name, words in sorted(found.items())])

    def print_task_help(self, name: str) -> None:
        """Usage, what it does, its words and options."""
        print("\n".join(task_help(described(name, self.collection[name]), self.typed)))

    def print_help(self) -> None:
        """Usage, the options that stand before tasks, all tasks."""
        shown = [one for one in self.initial_context.help_tuples() if long_name(one[0]) not in IDLE]
        meant = {name: OURS.get(long_name(name), text) for name, text in shown}
        print(f"Usage: {self.typed} [options] TASK [WORD ...] [options of the task]\n\nOptions:\n")
        self.print_columns([*meant.items()])
        self.list_tasks()

    def print_columns(self, tuples: Sequence[tuple[str, str | None]]) -> None:
        """As Invoke does, and no word is broken."""
        print("\n".join([*in_columns(tuples, width()), ""]))

    def update_config(self, merge: bool = True) -> None:
        """Tasks get to know what the user typed. Raises ``Exit`` for a file that cannot be read."""
        with self._answering(self.argv[1:]):
            file = self.args.config.value
            if file and not Path(file).is_file():
                raise UsageError(f"--config {file}: there is no such file")
            try:
                super().update_config(merge)
            except Exception as error:
                raise UsageError(f"--config {file} cannot be used", cause=f"{type(error).__name__}: {error}") from None
        self.config.setdefault("skep", {})
        self._refuse_version()
        with self._answering(self.argv[1:]):
            add_own(os.environ)
        named = self.args["site"].value if "site" in self.args else None
        self.config["skep"]["program"] = f"{self.typed} --site {quoted(named)}" if named else self.typed
        self.config["skep"]["site"] = str(self.site)

    def _refuse_version(self) -> None:
        """End with 2 where the site is for other versions; what looks at the site itself goes on."""
        requires = self.config["skep"].get("requires")
        if requires is not None and any(task.name != "site.check" for task in self.tasks):
            from skep.site.requires import refuse_other

            with self._answering(self.argv[1:]):
                refuse_other(requires, __version__)

    @contextmanager
    def _answering(self, words: Sequence[str]) -> Iterator[None]:
        """What is wrong with the line is reported as all failures are: as an event where one was asked for."""
        own = list(words[: words.index("--")] if "--" in words else words)
        as_json = "--json" in own or "-j" in own
        try:
            yield
        except (UsageError, KeyboardInterrupt) as error:
            with reporting(json=as_json):
                raise error


def adopt() -> None:
    """Let Invoke's own program, where it is what loads these tasks, answer as ours does.

    Invoke has a setting for the class that executes tasks, and none for the one that reads the command line.
    """
    main = sys.modules.get("invoke.main")
    if main is not None and type(main.program) is InvokeProgram:
        main.program.__class__ = Program
        object.__setattr__(main.program.config, "__class__", Named)
        speakable()


def program(tasks: Collection, called: str | None) -> Program:
    """The program with these tasks. ``called``: what the user typed, where that is not ``skep``."""
    name = called or "skep"
    return Program(__version__, tasks, "skep", name, binary_names=[name], config_class=Outer)
