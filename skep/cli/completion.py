"""What a shell offers where the user pressed Tab: tasks, options, and names of the inventory."""

from __future__ import annotations

from skep.cli.line import HELP, described_as
from skep.errors import UsageError

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from skep.cli.line import Line
    from skep.cli.shapes import Argument, Context

    class Program(Protocol):
        """What completion asks."""

        @property
        def initial_context(self) -> Context:
            """The options that stand before tasks."""

        def blank_line(self) -> Line:
            """A line that reads as far as it goes."""

        def enter(self, core: Context) -> None:
            """Look names up in the site that the options before tasks name. Raises ``UsageError`` for one that is not
            there."""

        def spelled_out(self, words: Sequence[str]) -> list[str]:
            """The words, with what an alias at their head stands for."""

        def names(self, kind: str, context: Context) -> Sequence[str]:
            """The names of a kind that may stand there."""


SEVERAL = {"HOSTS", "SERVICES", "NAMES", "SERVICE=NUMBER"}
"""Values that are lists with commas."""
EVALUATED = frozenset("$`;&|<>()'\"\\*?[!")
"""What a shell would evaluate: bash puts on the line what is offered as it stands."""


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
    known = [name.rpartition("/")[2] for name in programs]
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
    try:
        program.enter(line.core)
    except UsageError:
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
    aliases = _typeable(program.names("aliases", line.core))
    return _starting(current, sorted([*program.names("tasks", line.core), *aliases]))


def _split(text: str) -> list[str]:
    words = text.split()
    if not set("'\"\\").isdisjoint(text):
        import shlex
        from contextlib import suppress

        with suppress(ValueError):  # a quotation that is still open
            words = shlex.split(text)
    return [*words, ""] if text[-1:].isspace() or len(words) < 2 else words


def _values(program: Program, argument: Argument, context: Context | None, current: str) -> list[str]:
    option = described_as(argument)
    if option is None or argument.name == HELP:
        return _starting(current, program.names("tasks", program.initial_context) if argument.name == HELP else ())
    known = [*option.values]
    if option.names and context is not None:
        names = program.names(option.names, context)
        known += names if option.names == "keys" else _typeable(names)
    if option.value == "SERVICE=NUMBER":
        known = [f"{one}=" for one in known]
    before, comma, last = current.rpartition(",") if option.value in SEVERAL else ("", "", current)
    given = before.split(",")
    return [f"{before}{comma}{one}" for one in _starting(last, known) if one not in given]


def _typeable(names: Sequence[str]) -> list[str]:
    """Names of files that others may have written, without those that would do something on a command line."""
    return [one for one in names if one.isprintable() and EVALUATED.isdisjoint(one)]


def _flags(context: Context) -> list[str]:
    return sorted(flag for flag in context.flag_names() if flag.startswith("--"))


def _starting(current: str, known: Sequence[str]) -> list[str]:
    return [one for one in known if one.startswith(current)]
