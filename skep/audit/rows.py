"""What a person is shown: a row for each result, and one for results of several hosts that are alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from skep.audit.results import Result, Status

COLUMNS = ("severity", "where", "id", "what was seen", "fix")
FEW = 2
"""Ids that are named in one row."""
Row = tuple[str, str, str, str, str]


def rows(results: Iterable[Result], status: Status) -> list[Row]:
    """The rows of that status. Hosts that are alike but for their names share one, which speaks of each; and so do all
    checks that the same keeps from looking."""
    alike: dict[tuple[str, str, str, str], list[Result]] = {}
    for one in results:
        if one.status == status:
            key = (one.severity, one.id, of_each(said(one), one.host), of_each(one.fix, one.host))
            unseen = status == "not seen" and one.message
            alike.setdefault(("", "", one.message, one.fix) if unseen else key, []).append(one)
    return [_row(key, found) for key, found in alike.items()]


def said(result: Result) -> str:
    """What was seen, and who accepts it or did."""
    text = result.message or "; ".join(value for _, value in result.evidence if value) or result.title
    if result.accepted:
        return f"{text}; accepted: {result.accepted}"
    return f"{text}; it was accepted until {result.lapsed.until}: {result.lapsed.reason}" if result.lapsed else text


def _row(key: tuple[str, str, str, str], found: Sequence[Result]) -> Row:
    first = found[0]
    if len(found) == 1:
        return first.severity, first.where, first.id, said(first), first.fix
    hosts = places(found)
    ids = list(dict.fromkeys(one.id for one in found))
    checks = ", ".join(ids) if len(ids) <= FEW else f"{len(ids)} checks, such as {ids[0]}"
    return first.severity, ", ".join(hosts), checks, key[2], fix(found)


def places(found: Sequence[Result]) -> list[str]:
    """Where results are about, each once."""
    return list(dict.fromkeys(one.where for one in found))


def fix(found: Sequence[Result]) -> str:
    """What fixes results whose fixes are alike but for the names of hosts."""
    first, names = found[0], places(found)
    if len(names) == 1:
        return first.fix
    return of_each(first.fix, first.host).replace("--limit each", f"--limit {','.join(names)}")


def of_each(text: str, host: str | None) -> str:
    """A text about a host as one that others may have as well."""
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "each", text) if host else text
