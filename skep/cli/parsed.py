"""What was read of a command line, as Invoke has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from invoke.parser.parser import ParseResult

if TYPE_CHECKING:
    from invoke.parser.context import ParserContext

    from skep.cli.task_table import Read


def as_invoke_has_it(read: Read) -> ParseResult:
    """The same as Invoke's own parser gives."""
    result = ParseResult(cast("list[ParserContext]", read))
    result.remainder, result.unparsed = read.remainder, read.unparsed
    return result
