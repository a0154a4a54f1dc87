"""Tables without frames that stay readable on narrow terminals: no time and no header is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from skep.dataclass import dataclass

GAP = 2
ENOUGH = 24
"""Columns that are enough for a text that wraps by words."""
LONGEST = 40
"""Columns up to which a word of the last column is kept whole."""
TIME = 19
"""Columns of a time."""
LEAST = 12
"""Columns that anything gets, however narrow the terminal."""

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Fit:
    """Which columns are shown side by side and how wide, which one on lines of its own below, and which are not."""

    places: tuple[int, ...]
    widths: tuple[int, ...]
    below: int | None = None
    dropped: tuple[int, ...] = ()


def tables(columns: Sequence[str], rows: Cells, width: int, spare: Sequence[str] = ()) -> Iterator[RenderableType]:
    """What to print. ``spare`` names columns to leave out where there is no room, the first first."""
    fit = _fit(columns, rows, width, spare)
    if fit.below is None:
        yield _table(columns, rows, fit, header=True)
    else:
        yield _table(columns, (), fit, header=True)
        for row in rows:
            yield _table(columns, [row], fit, header=False)
            if row[fit.below]:
                yield Padding(Text(f"{columns[fit.below]}: {row[fit.below]}", overflow="fold"), (0, 0, 0, 4))
    if fit.dropped:
        names = ", ".join(columns[place] for place in fit.dropped)
        yield Text(f"not shown here: {names} (a wider terminal has room, --json has them)", style="dim")


def _table(columns: Sequence[str], rows: Cells, fit: _Fit, *, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=header)
    for place, width in zip(fit.places, fit.widths, strict=True):
        table.add_column(Text(columns[place]), width=width, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[place]) for place in fit.places))
    return table


def _fit(columns: Sequence[str], rows: Cells, width: int, spare: Sequence[str]) -> _Fit:
    natural = [max(map(cell_len, (name, *(row[place] for row in rows)))) for place, name in enumerate(columns)]
    places = list(range(len(columns)))
    if _total(natural, places) > width and rows:
        places = [place for place in places if any(row[place] for row in rows)] or places
    spared, fits = _spared(columns, rows, natural, places, width, spare)
    below = None
    if not fits and len(places) > 2:
        below = places[-1]
        spared, _ = _spared(columns, rows, natural, places[:-1], width, spare)
    kept = tuple(place for place in places if place not in spared and place != below)
    return _Fit(kept, tuple(_narrowed(columns, natural, kept, width)), below, spared)


def _spared(
    columns: Sequence[str], rows: Cells, natural: Sequence[int], places: Sequence[int], width: int, spare: Sequence[str]
) -> tuple[tuple[int, ...], bool]:
    """Which columns have to go so that the others have room, and whether they have it then."""
    spared: list[int] = []
    left = [columns.index(name) for name in spare if columns.index(name) in places]
    while True:
        kept = [place for place in places if place not in spared]
        if _total(natural, kept[:-1]) + GAP + _least(columns, rows, kept[-1]) <= width:
            return tuple(spared), True
        if not left or len(kept) < 2:
            return tuple(spared), False
        spared.append(left.pop(0))


def _total(natural: Sequence[int], places: Sequence[int]) -> int:
    return sum(natural[place] for place in places) + GAP * (len(places) - 1)


def _least(columns: Sequence[str], rows: Cells, place: int) -> int:
    """What the last column needs to be read: its longest word, and some words a line."""
    texts = [columns[place], *(row[place] for row in rows)]
    word = min(max(cell_len(word) for text in texts for word in text.split() or [""]), LONGEST)
    return max(word, min(max(map(cell_len, texts)), ENOUGH))


def _narrowed(columns: Sequence[str], natural: Sequence[int], places: Sequence[int], width: int) -> list[int]:
    """Widths that fit: the last column gives way first, then what is wider than a time; a header stays whole."""
    widths = [natural[place] for place in places]
    over = _total(natural, places) - width
    last = len(places) - 1
    for chosen, floor in (((last,), ENOUGH), (range(last), TIME), ((last,), LEAST), (range(last), LEAST)):
        least = {one: max(cell_len(columns[places[one]]), floor) for one in chosen}
        while over > 0:
            wide = max(least, key=lambda one: widths[one] - least[one], default=None)
            if wide is None or widths[wide] <= least[wide]:
                break
            widths[wide] -= 1
            over -= 1
    return widths
