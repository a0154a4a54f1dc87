"""A rule, and how a file is looked at by rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from skep.dataclass import dataclass
from skep.refusals.log_options import LogDefaults

Path = tuple[str | int, ...]
Version = tuple[int, int]
"""Of an engine, such as (28, 5)."""
Said = tuple[Path, str]
"""Where below the value a rule looks at something is wrong, and what."""
File = Literal["compose", "inventory"]
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class SwarmFacts:
    """What is known of the managers. ``newest`` is the newest engine among them, ``plugins`` are names of drivers that
    they have besides their own, by kind. ``None`` while nobody can tell: then every engine counts, and any driver."""

    newest: Version | None = None
    plugins: Mapping[str, frozenset[str]] | None = None
    networks: frozenset[str] = frozenset()
    """Those that are there already, which nobody makes again."""


@dataclass(frozen=True)
class Context:
    """What a rule may know besides the value. ``data`` is the whole file, ``stack`` begins its names."""

    data: Mapping[str, object]
    stack: str = ""
    swarm: SwarmFacts = field(default_factory=SwarmFacts)
    quote: Callable[[str], str] = repr
    """A text in quotes, or stars where a secret is in it."""
    hidden: Callable[[str], bool] = field(default=lambda text: False)
    """Whether a secret is in a text."""
    contents: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    """What configs and secrets hold, by section and name."""
    logs: frozenset[LogDefaults] | None = None
    """How engines write logs where a service does not say it; ``None`` while nobody can tell."""
    broken: Callable[[Path], bool] = field(default=lambda path: False)
    """Whether something was said of a path already."""


Check = Callable[[Any, Context, Path], Iterable[Said]]
"""What it is given is of the kind that stands where its rule looks: each takes another type."""


@dataclass(frozen=True)
class Rule:
    """One thing that is refused. ``at`` is where it looks, ``*`` for any key and ``a|b`` for either.

    ``by``: managers refuse the whole object; the allocator never gives its tasks what they need; nodes refuse every
    task of it; ``docker stack deploy`` (``cli``) sends nothing. ``since`` is the first engine that does. ``level`` is a
    warning where nodes may differ.
    """

    name: str
    at: str
    check: Check
    source: str
    by: Literal["managers", "allocator", "nodes", "cli"] = "managers"
    level: Level = "error"
    since: Version | None = None
    file: File = "compose"

    def applies(self, context: Context) -> bool:
        """Whether an engine that counts has it."""
        return self.since is None or context.swarm.newest is None or context.swarm.newest >= self.since


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a path, and the rule that says so."""

    rule: Rule
    path: Path
    message: str


def faults(
    rules: Iterable[Rule], context: Context, *, file: File = "compose", level: Level = "error"
) -> Iterator[Fault]:
    """Everything that the rules of that level find, in their order. Of one place only the first is reported."""
    reported: set[Path] = set()
    for rule in rules:
        if rule.file != file or rule.level != level or not rule.applies(context):
            continue
        for path, value in _selected(context.data, tuple(rule.at.split("."))):
            for below, message in rule.check(value, context, path):
                where = (*path, *below)
                if where not in reported and not context.broken(where):
                    reported.add(where)
                    yield Fault(rule, where, message)


def says(check: Callable[[Any, Context], str | None]) -> Check:
    """A check of the value itself, from what it says about it."""

    def checked(value: object, context: Context, path: Path) -> Iterator[Said]:
        message = check(value, context)
        if message:
            yield (), message

    return checked


def _selected(value: object, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, object]]:
    if not pattern:
        if value is not None:
            yield path, value
        return
    key, rest = pattern[0], pattern[1:]
    if isinstance(value, Mapping):
        for name in list(value) if key == "*" else key.split("|"):
            if name in value:
                yield from _selected(value[name], rest, (*path, name))
    elif isinstance(value, list) and key == "*":
        for number, item in enumerate(value):
            yield from _selected(item, rest, (*path, number))
