"""systemd's calendar words, such as ``Mon..Fri 03:30 Europe/Berlin``: read and counted without systemd. Pure.

What is taken here is taken by systemd, too; what systemd would take in addition is listed in ``REFUSED``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path

from skep.dataclass import dataclass

REFUSED = ("fractions of seconds", "@ and seconds since 1970", "years of two digits")
EXAMPLE = "such as hourly, daily, 03:30, Mon..Fri 03:30, Sun *-*-1..7 04:00, or *:0/15 for every 15 minutes"

_WORDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CRON = re.compile(r"(@[a-z]+|([0-9*/,-]+ +){4,5}[0-9a-zA-Z*/,-]+)")
_WEEKDAYS = re.compile(r"[A-Za-z]+(\.\.[A-Za-z]+|-[A-Za-z]+)?(,[A-Za-z]+(\.\.[A-Za-z]+|-[A-Za-z]+)?)*,?")
_PART = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?")
_LAST_YEAR = 2199

Range = tuple[int, int, int]
"""First, last, step."""
Chain = tuple[Range, ...] | None
"""``None`` is any."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When something comes round. ``zone`` is empty where the text names none."""

    text: str
    weekdays: frozenset[int]
    years: Chain
    months: Chain
    days: Chain
    from_end: bool
    hours: Chain
    minutes: Chain
    seconds: Chain
    zone: str = ""

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first time later than an aware moment, in UTC; ``None`` where it never comes again. ``zone`` holds where
        the text names none."""
        here = zone_of(self.zone) if self.zone else zone
        for local in self._times(moment.astimezone(here)):
            found = local.astimezone(UTC)
            if found > moment:
                return found
        return None

    def _times(self, start: datetime) -> Iterator[datetime]:
        """Local times from the start's day on."""
        day = start.date()
        while day.year <= _LAST_YEAR:
            if not _holds(self.years, day.year, _LAST_YEAR):
                day = date(day.year + 1, 1, 1)
            elif not _holds(self.months, day.month, 12):
                day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            else:
                if day.weekday() in self.weekdays and self._is_day(day):
                    yield from self._on(day, start)
                day += timedelta(days=1)

    def _is_day(self, day: date) -> bool:
        if self.days is None:
            return True
        last = (date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)).day
        if not self.from_end:
            return _holds(self.days, day.day, 31)
        firsts = ((last + 1 - first, step) for first, _, step in self.days)
        return any(day.day == first or (step and day.day > first > 0 and not (day.day - first) % step)
                   for first, step in firsts)  # fmt: skip

    def _on(self, day: date, start: datetime) -> Iterator[datetime]:
        first = start if day == start.date() else None
        for hour in range(first.hour if first else 0, 24):
            if not _holds(self.hours, hour, 23):
                continue
            for minute in range(60):
                if _holds(self.minutes, minute, 59) and not (first and (hour, minute) < (first.hour, first.minute)):
                    for second in _values(self.seconds, 59):
                        yield datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=start.tzinfo)


@cache
def zone_of(name: str) -> tzinfo:
    """The time zone of that name. Raises ``ValueError`` where this machine knows none."""
    from zoneinfo import ZoneInfo

    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("is no time zone that this machine knows: write such as Europe/Berlin or UTC") from None


def machine_zone(
    moment: datetime, environ: Mapping[str, str] = os.environ, localtime: str = "/etc/localtime"
) -> tzinfo:
    """This machine's time zone, with its summer time; its offset at an aware moment where no rules are found."""
    from zoneinfo import ZoneInfo

    name = environ.get("TZ", localtime).lstrip(":")
    try:
        if not name.startswith("/"):
            return zone_of(name or "UTC")
        with Path(name).open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        offset = moment.astimezone().tzinfo
        assert offset is not None
        return offset


def is_zone(name: str) -> bool:
    """Whether this machine knows a time zone of that name."""
    try:
        zone_of(name)
    except ValueError:
        return False
    return True


def parse(text: str) -> Calendar:
    """Raises ``ValueError`` that says what is wrong, and what to write instead."""
    if _CRON.fullmatch(text):
        raise ValueError(f"is cron's language: write systemd's, {EXAMPLE}")
    words, zone = text.split(), ""
    if len(words) > 1 and is_zone(words[-1]) and (words[-1][0].isalpha()):
        zone = words.pop()
    if len(words) == 1 and words[0].lower() in _WORDS:
        words = _WORDS[words[0].lower()].split()
    weekdays = frozenset(range(7))
    if words and words[0][0].isalpha():
        weekdays = _weekdays(words.pop(0))
    date_word = words.pop(0) if words and ":" not in words[0] else ""
    time_word = words.pop(0) if words else ""
    if words or not (date_word or time_word or weekdays != frozenset(range(7))):
        raise ValueError(f"is no time of systemd's calendar: write {EXAMPLE}{_zone_hint(words)}")
    years, months, days, from_end = _date(date_word) if date_word else (None, None, None, False)
    hours, minutes, seconds = _time(time_word) if time_word else (((0, 0, 0),),) * 3
    return Calendar(text, weekdays, years, months, days, from_end, hours, minutes, seconds, zone)


def _zone_hint(words: list[str]) -> str:
    return f"; {words[-1]} is no time zone that this machine knows" if words and "/" in words[-1] else ""


def _weekdays(word: str) -> frozenset[int]:
    if not _WEEKDAYS.fullmatch(word):
        raise ValueError(f"{word} names no days of the week: write such as Mon..Fri or Sat,Sun")
    found: set[int] = set()
    for part in filter(None, word.split(",")):
        first, _, last = part.replace("..", "-").partition("-")
        low, high = _weekday(first), _weekday(last or first)
        if low > high:
            raise ValueError(
                f"{part} goes backwards, since a week begins with Mon: write it as two, such as Sat,Sun,Mon"
            )
        found.update(range(low, high + 1))
    return frozenset(found)


def _weekday(word: str) -> int:
    for number, name in enumerate(_DAYS):
        if word.lower() in (name, name[:3]):
            return number
    raise ValueError(f"{word} is no day of the week: write Mon, Tue, Wed, Thu, Fri, Sat or Sun, or one of "
                     f"{', '.join(_WORDS)}")  # fmt: skip


def _date(word: str) -> tuple[Chain, Chain, Chain, bool]:
    from_end = "~" in word
    parts = re.split(r"[-~]", word)
    if len(parts) not in (2, 3) or word.count("~") > 1 or (from_end and "~" not in word[-1 - len(parts[-1])]):
        raise ValueError(
            f"{word} is no date: write such as *-*-01, 12-24, 2027-03-31, or *-*~01 for a month's last day"
        )
    years = _chain(parts[-3], "year", 1970, _LAST_YEAR) if len(parts) == 3 else None
    days = _chain(parts[-1], "day", 1, 28 if from_end else 31)
    if from_end and (
        ".." in parts[-1] or "," in parts[-1] or any(step and first <= step for first, _, step in days or ())
    ):
        raise ValueError(f"{word} counts from a month's end: write such as *-*~03, or *-*~07/1 for its last seven days")
    return years, _chain(parts[-2], "month", 1, 12), days, from_end


def _time(word: str) -> tuple[Chain, Chain, Chain]:
    parts = word.split(":")
    if len(parts) not in (2, 3):
        raise ValueError(f"{word} is no time: write such as 03:30, *:0/15 or 03:30:00")
    seconds: Chain = _chain(parts[2], "second", 0, 59) if len(parts) == 3 else ((0, 0, 0),)
    return _chain(parts[0], "hour", 0, 23), _chain(parts[1], "minute", 0, 59), seconds


def _chain(text: str, what: str, low: int, high: int) -> Chain:
    if text == "*":
        return None
    found: list[Range] = []
    for part in text.split(","):
        if part.startswith("*"):
            instead = f"{low}{part[1:]}" if "/" in part else "*"
            raise ValueError(f"{part} is no {what}: write {instead}")
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"{part or 'nothing'} is no {what}: write a number, *, 1..5 or {low}/5")
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 0)
        if not (low <= first <= last <= high):
            raise ValueError(f"{part} is no {what}: write one from {low} to {high}")
        if match[3] and not 0 < step <= high - first:
            raise ValueError(f"{part} repeats never: write such as {low}/5, or {first} alone")
        found.append((first, last if match[2] or not step else high, step or (1 if match[2] else 0)))
    return tuple(found)


def _values(chain: Chain, high: int) -> Iterator[int]:
    return (value for value in range(high + 1) if _holds(chain, value, high))


def _holds(chain: Chain, value: int, high: int) -> bool:
    if chain is None:
        return True
    return any(
        value == first or (step and first < value <= min(last, high) and not (value - first) % step)
        for first, last, step in chain
    )
