"""What the command line is read by: Invoke's arguments and contexts, or those that completion makes in their place. For
type checks only; nothing imports it when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Argument(Protocol):
    """As ``invoke.parser.argument.Argument``."""

    kind: Any
    default: Any
    help: str | None
    optional: bool
    positional: bool

    @property
    def name(self) -> str | None:
        """Its long name."""

    @property
    def takes_value(self) -> bool:
        """Whether it is more than a switch."""

    @property
    def value(self) -> Any:
        """What was given, else the default."""

    @property
    def got_value(self) -> bool:
        """Whether it was given."""

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Take what was given."""


class Context(Protocol):
    """As ``invoke.parser.context.ParserContext``."""

    name: Any
    inverse_flags: dict[str, str]

    @property
    def args(self) -> Mapping[str, Any]:
        """By each of their names."""

    @property
    def flags(self) -> Mapping[str, Any]:
        """By each of their names as it is written."""

    @property
    def positional_args(self) -> Sequence[Any]:
        """Words, in their order."""

    def flag_names(self) -> Sequence[str]:
        """All flags."""


class Described(Protocol):
    """As ``skep.cli.options.Option``, as far as it is about values."""

    @property
    def value(self) -> str:
        """What stands for it in help."""

    @property
    def values(self) -> tuple[str, ...]:
        """All that may be given."""

    @property
    def names(self) -> str:
        """Which names of the inventory may."""
