"""The kinds of commands."""

from __future__ import annotations

from skep.compose.keys.quantities import words
from skep.compose.keys.texts import Text, TextList, joined
from skep.dataclass import dataclass
from skep.kinds.files import DOCKER_MERGE, TEXT_FOR_LIST
from skep.reading.findings import Place
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Kind, Nothing, leaf


@dataclass(frozen=True)
class Command(TextList):
    """A command line or its words; a later one replaces."""

    unique: bool = False

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        if isinstance(entry.content, list):
            return super().read(entry, at)
        must = "must be a command line or a list of texts"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        if not isinstance(found.value, str):
            return at.wrong(entry, must, hint=": quote it")
        try:
            return words(found.text)
        except ValueError as problem:
            return at.error(entry.place, f"{at.described(entry)} {problem}")

    def merge(self, base: list[str], over: list[str], at: At, place: Place) -> list[str]:
        return Kind.merge(self, base, over, at, place)  # type: ignore[no-any-return]


_TEST_WORDS = ("CMD", "CMD-SHELL", "NONE")


class HealthTest(TextList):
    """A health check's command: a shell line, or a list that begins with CMD, CMD-SHELL or NONE."""

    def __init__(self) -> None:
        super().__init__(unique=False)

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        if isinstance(entry.content, Leaf) and not entry.is_null:
            line = Text().read(entry, at)
            if isinstance(line, Nothing):
                return line
            word = line.lstrip("[\"' ").partition(" ")[0].rstrip("]\"',")
            if word in _TEST_WORDS:
                at.warn(TEXT_FOR_LIST, entry.place, f"is run by a shell, which has no command {word}: write a list")
            return ["CMD-SHELL", line]
        found = super().read(entry, at)
        if isinstance(found, list) and found and found[0] not in _TEST_WORDS:
            return at.error(entry.place, "must begin with CMD, CMD-SHELL or NONE")
        if isinstance(found, list) and found in (["CMD"], ["CMD-SHELL"]):
            then = ", at which engines panic" if found == ["CMD"] else ""
            return at.error(entry.place, f"has no command behind {found[0]}{then}")
        return found

    def merge(self, base: list[str], over: list[str], at: At, place: Place) -> list[str]:
        if base and over:
            at.warn(DOCKER_MERGE, place, "is put behind the earlier file's test: Docker's merge does not replace it")
        return joined(base, over)
