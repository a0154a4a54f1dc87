"""What a shell offers where the user pressed Tab: tasks, options, and names of the inventory."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from skep.cli import names
from skep.cli.command import Word
from skep.cli.line import Line
from skep.cli.names import names_of
from skep.errors import UsageError

SEVERAL = {"HOSTS", "SERVICES", "NAMES", "SERVICE=NUMBER"}
"""Values that are lists with commas."""


class Program(names.Program, Protocol):
    """What knows the command line and its tasks."""

    @property
    def initial_context(self) -> ParserContext:
        """The options that stand before tasks."""

    def blank_line(self) -> Line:
        """A line that reads as far as it goes."""

    def spelled_out(self, words: Sequence[str]) -> list[str]:
        """The words, with what an alias at their head stands for."""


BASH = """\
_skep_complete() {{
    local line=${{COMP_LINE:0:COMP_POINT}} IFS=$'\\n'
    COMPREPLY=($("$1" --complete -- "$line" 2>/dev/null))
    # Bash takes '=' for the end of a word: what stands before it is on the line already.
    [[ ${{line##*[[:space:]]}} != -*=* ]] || COMPREPLY=("${{COMPREPLY[@]#*=}}")
    # A list that goes on gets no space.
    [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *= ]] || compopt -o nospace
}}
complete -o default -F _skep_complete {names}
"""
ZSH = """\
_skep_complete() {{
    local -a found
    found=(${{(f)"$("${{(Q)words[1]}}" --complete -- "${{(@Q)words[1,CURRENT]}}" 2>/dev/null)"}})
    if (( $#found )); then compadd -a found; else _files; fi
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}
compdef _skep_complete {names}
"""
FISH = """\
function __skep_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] --complete -- $words 2>/dev/null
end
for name in {names}
    complete -c $name -f -a '(__skep_complete)'
end
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
NAMES = ("skep", "inv", "invoke")
"""What a shell completes for, besides what the program was called."""


def script(shell: str, programs: Sequence[str]) -> str:
    """What a shell has to read. Raises ``UsageError`` for one that is not known."""
    if shell not in SCRIPTS:
        raise UsageError(f"there is no completion for {shell}", next_action=f"there is for: {', '.join(SCRIPTS)}")
    known = [PurePath(name).name for name in programs]
    return SCRIPTS[shell].format(names=" ".join(dict.fromkeys([*NAMES, *known])))


def candidates(program: Program, words: Sequence[str]) -> list[str]:
    """What may stand for the last word; the first is the program's name. A single text is the whole line so far."""
    if len(words) == 1:
        words = _split(words[0])
    *before, current = list(words[1:]) or [""]
    line = program.blank_line()
    try:
        line.read(program.spelled_out(before))
    except UsageError:
        if line.open is None:
            return []
    context, expected = line.context, line.expected()
    if current.startswith("-") and (expected is None or expected.positional):
        name, equals, value = current.partition("=")
        argument = context.flags.get(name) if context is not None and equals else None
        if argument is not None:
            return [f"{name}={one}" for one in _values(program, argument, context, value)]
        return _starting(current, _flags(context or line.core))
    if expected is not None:
        return _values(program, expected, context, current)
    if context is not None:
        return _starting(current, _flags(context))
    return _starting(
        current, sorted([*names_of(program, "tasks", line.core), *names_of(program, "aliases", line.core)])
    )


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation that is still open
        words = text.split()
    return [*words, ""] if text[-1:].isspace() or len(words) < 2 else words


def _values(program: Program, argument: Argument, context: ParserContext | None, current: str) -> list[str]:
    if not isinstance(argument, Word):
        return _starting(
            current, names_of(program, "tasks", program.initial_context) if argument.name == "help" else ()
        )
    option = argument.option
    known = [*option.values]
    if option.names and context is not None:
        known += names_of(program, option.names, context)
    if option.value == "SERVICE=NUMBER":
        known = [f"{one}=" for one in known]
    before, comma, last = current.rpartition(",") if option.value in SEVERAL else ("", "", current)
    given = before.split(",")
    return [f"{before}{comma}{one}" for one in _starting(last, known) if one not in given]


def _flags(context: ParserContext) -> list[str]:
    return sorted(flag for flag in context.flag_names() if flag.startswith("--"))


def _starting(current: str, known: Sequence[str]) -> list[str]:
    return [one for one in known if one.startswith(current)]
