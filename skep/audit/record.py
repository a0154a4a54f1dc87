"""What is kept of an audit on the managers: so that each report shows the last one and how it went before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from skep.audit.results import Result, counts
from skep.audit.rows import fix, of_each, said
from skep.shell import quoted

LONGEST = 200
"""Characters of a text that are kept."""
LONGEST_FIX = 500
"""Characters of a remedy that is kept: whole, for half a command can be typed, too."""
LONG_FIX = "it is long: an audit prints it"
SEVERAL = 5
"""Remedies of one id that are kept."""
OTHERS = "it differs by host: an audit prints each"


def about(profile: str | None, limit: Sequence[str] | None) -> str:
    """The options that say what an audit is about, as they are typed; empty for the usual one of all hosts."""
    words = (f"--profile {profile}" if profile else "", f"--limit {quoted(','.join(limit))}" if limit else "")
    return " ".join(filter(None, words))


def line(results: Sequence[Result], *, of: str, who: str, now: datetime) -> Mapping[str, object]:
    """One audit as it is kept. Findings with the same id and remedy are one, with the words of the first of them; no
    evidence."""
    return {
        "time": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "who": who,
        "about": of,
        "counts": {status: number for status, number in counts(results).items() if number},
        "findings": [
            {
                "severity": alike[0].severity,
                "id": alike[0].id,
                "where": [one.where for one in alike],
                "text": text if len(text := said(alike[0])) <= LONGEST else f"{text[: LONGEST - 1]}…",
                "next": remedy if len(remedy) <= LONGEST_FIX else LONG_FIX,
            }
            for alike, remedy in _alike(results)
        ],
    }


def _alike(results: Sequence[Result]) -> Iterator[tuple[Sequence[Result], str]]:
    """Findings with the same id that the same fixes, and that; where an id has very many remedies, the rest as one."""
    found: dict[str, dict[str, list[Result]]] = {}
    for one in results:
        if one.status == "finding":
            found.setdefault(one.id, {}).setdefault(of_each(one.fix, one.host), []).append(one)
    for by_fix in found.values():
        groups = list(by_fix.values())
        kept = groups if len(groups) <= SEVERAL else groups[: SEVERAL - 1]
        yield from ((alike, fix(alike)) for alike in kept)
        if rest := [one for alike in groups[len(kept) :] for one in alike]:
            yield rest, OTHERS
