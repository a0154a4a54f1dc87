"""When nothing is to be changed: outside maintenance windows, and in freezes. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from skep.dataclass import dataclass

if TYPE_CHECKING:
    from skep.model.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Window:
    """From each time of a calendar on for so many seconds changes may be made. Without ``stacks`` for everything."""

    when: str
    lasts: float
    stacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Freeze:
    """From one day through another nothing is changed. Without ``stacks`` nothing at all."""

    start: date
    until: date
    reason: str
    stacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Days begin and times are meant in ``timezone``; empty: this machine's."""

    timezone: str = ""
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.windows or self.freezes)

    def closed(self, moment: datetime, stack: str | None) -> str | None:
        """Why nothing of a stack may be changed now, or, for ``None``, of what is no stack's; ``None`` where it may."""
        here = self._zone(moment)
        today = moment.astimezone(here).date()
        for freeze in self.freezes:
            if _concerns(freeze.stacks, stack) and freeze.start <= today <= freeze.until:
                return f"frozen through {freeze.until}: {freeze.reason}"
        windows = [window for window in self.windows if _concerns(window.stacks, stack)]
        if not windows or any(_open(window, moment, here) for window in windows):
            return None
        opens = [time for window in windows if (time := _calendar(window).after(moment, here))]
        when = f"until {min(opens).astimezone(here):%a %Y-%m-%d %H:%M %Z}" if opens else "for good"
        return f"outside its maintenance windows {when}"

    def _zone(self, moment: datetime) -> tzinfo:
        from skep.model.calendar import machine_zone, zone_of

        return zone_of(self.timezone) if self.timezone else machine_zone(moment)


def _concerns(stacks: tuple[str, ...], stack: str | None) -> bool:
    return not stacks or stack in stacks


def _calendar(window: Window) -> Calendar:
    from skep.model.calendar import parse

    return parse(window.when)


def _open(window: Window, moment: datetime, zone: tzinfo) -> bool:
    began = _calendar(window).after(moment - timedelta(seconds=window.lasts), zone)
    return began is not None and began <= moment
