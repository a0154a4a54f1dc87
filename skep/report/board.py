"""The picture of a cluster for a terminal: hosts, services, tasks that fail, changes; all, or of one host or stack.

Lines are cut, never folded, so that the picture stands still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rich.text import Text

from skep.engine.progress import UPDATES, ServiceRow
from skep.measures import age
from skep.picture.model import FailedTask, Machine, ServiceLine
from skep.picture.view import Change, View, concerns, standing
from skep.report.services import service_lines
from skep.report.text import line

KEPT = 500
"""Changes that are remembered."""
WIDE = 120
"""Columns from which on there are two columns of lines."""
LONGEST = 30
"""Columns of a host's name at most."""
OVER = ("paused", "rollback_paused", "rollback_completed")
KEYS = "q quit  h host  s stack  / find  a all"


class Board:
    """What is shown, and of what: ``host`` and ``stack`` are empty for all; ``find`` is what was typed."""

    def __init__(self, environment: str, *, host: str = "", stack: str = "") -> None:
        self.environment = environment
        self.host, self.stack, self.find = host, stack, ""
        self.typing = False
        self._view: View | None = None
        self._changes: deque[Change] = deque(maxlen=KEPT)

    def take(self, view: View, changes: Sequence[Change]) -> None:
        """A new look."""
        self._view = view
        self._changes.extend(changes)

    def key(self, key: str) -> bool:
        """A key was pressed, ``up`` and the like by name. False where that ends it."""
        if self.typing:
            self._typed(key)
        elif key in ("q", "Q"):
            return False
        elif key == "h":
            self.host = _next(self.host, [one.name for one in self._view.machines] if self._view else [])
        elif key == "s":
            stacks = [one.stack for one in self._view.services if one.stack] if self._view else []
            self.stack = _next(self.stack, list(dict.fromkeys(stacks)))
        elif key in ("a", "escape"):
            self.host = self.stack = self.find = ""
        elif key == "/":
            self.typing, self.find = True, ""
        return True

    def _typed(self, key: str) -> None:
        if key == "enter":
            self.typing = False
        elif key == "escape":
            self.typing, self.find = False, ""
        elif key == "backspace":
            self.find = self.find[:-1]
        elif len(key) == 1 and key.isprintable():
            self.find += key

    def draw(self, width: int, height: int, now: datetime) -> Text:
        """Exactly so many lines, none wider."""
        view = self._view
        if view is None:
            return Text("\n").join([line("asking the cluster", style="dim"), *[Text()] * (height - 1)])
        head, foot = self._head(view, width), self._foot(width)
        room = max(0, height - len(head) - 1)
        if width >= WIDE:
            half = (width - 3) // 2
            left = _stacked([self._hosts(view, half), self._log(half)], room)
            right = _stacked([self._services(view, half), self._failed(view, half, now)], room)
            body = [_beside(left[row], right[row], half) for row in range(room)]
        else:
            parts = (self._hosts(view, width), self._services(view, width), self._failed(view, width, now))
            body = _stacked([*parts, self._log(width)], room)
        shown = [*head, *body, foot][:height]
        for one in shown:
            one.truncate(width, overflow="ellipsis")
        return Text("\n").join(shown)

    def _head(self, view: View, width: int) -> list[Text]:
        time = f"  {view.taken:%H:%M:%SZ}"
        state = view.quorum if view.asked else f"no manager answers: {view.why}"
        first = line((self.environment, "bold"), "  ", (state, "red" if view.at_risk or not view.asked else ""))
        asked = f"  {view.asked}" if view.asked else ""
        first.truncate(max(0, width - len(time) - len(asked)), overflow="ellipsis", pad=True)
        first.append_text(line((f"{asked}{time}", "dim")))
        mute = f"; no events from {', '.join(view.mute)}" if view.mute else ""
        return [first, line((view.summary.removeprefix(view.quorum).lstrip("; ") + mute, "yellow" if mute else "dim"))]

    def _foot(self, width: int) -> Text:
        if self.typing:
            return line(("find: ", "bold"), self.find, ("▏  enter, escape", "dim"))
        names = (("host", self.host), ("stack", self.stack), ("find", self.find))
        only = [f"{what} {name}" for what, name in names if name]
        return line((f"only {', '.join(only)}  ", "bold cyan") if only else "", (KEYS, "dim"))

    def _shown(self, host: str, stack: str, *texts: str) -> bool:
        """Whether what is about that host and stack is shown; what is empty is about all of them."""
        if (self.host and host and host != self.host) or (self.stack and stack and stack != self.stack):
            return False
        words = self.find.lower().split()
        return all(any(word in text.lower() for text in (host, stack, *texts)) for word in words)

    def _hosts(self, view: View, width: int) -> list[Text]:
        stacks = {one.name: one.stack for one in view.services}
        found = []
        for one in view.machines:
            of_stack = [task for task in one.tasks if not self.stack or stacks.get(task.service) == self.stack]
            if (self.stack and not of_stack and one.role != "manager") or not self._shown(one.name, "", one.zone):
                continue
            found.append(replace(one, tasks=tuple(of_stack)))
        found.sort(key=lambda one: (one.well or not one.in_swarm, one.role != "manager"))
        name = min(LONGEST, max((line(one.name).cell_len for one in found), default=0))
        return [_title("hosts", len(found), len(view.machines)), *(_host(one, name) for one in found)]

    def _services(self, view: View, width: int) -> list[Text]:
        there = {task.service for one in view.machines if one.name == self.host for task in one.tasks}
        found = [
            one
            for one in view.services
            if (not self.host or one.name in there) and self._shown("", one.stack, one.name, one.image)
        ]
        newest: dict[str, FailedTask] = {}
        for task in view.failed:
            newest.setdefault(task.service, task)
        found.sort(key=lambda one: one.well)
        rows = [_row(one, newest.get(one.name)) for one in found]
        title = _title("services", len(found), len(view.services))
        if not rows:
            return [title]
        return [title, *service_lines(rows, width=width, room=len(rows) + 1).split("\n")]

    def _failed(self, view: View, width: int, now: datetime) -> list[Text]:
        found = [
            one
            for one in view.failed
            if not one.over and self._shown(one.node, one.stack, one.name) and (not self.host or one.node == self.host)
        ]
        if not found:
            return []
        lines = [
            line(
                ("  ✗ ", "red"), one.name, (f" {one.state}", "red"), f" on {one.node}" if one.node else "",
                (f" {age((now - one.since).total_seconds())} ago" if one.since else "", "dim"), f"  {one.error}",
            )
            for one in found
        ]  # fmt: skip
        return [line((f"failing tasks ({len(found)})", "bold")), *lines]

    def _log(self, width: int) -> list[Text]:
        view, words = self._view, self.find.lower().split()
        found = [
            one
            for one in self._changes
            if view and concerns(view, one, self.host, self.stack) and all(word in one.text.lower() for word in words)
        ]
        lines = [
            line((f"  {one.time:%H:%M:%S} ", "dim"), (one.text, "red" if one.bad else "")) for one in reversed(found)
        ]
        return [line(("changes, newest first (UTC)", "bold")), *lines] if lines else []


def _title(what: str, shown: int, there: int) -> Text:
    """How many there are, and beside that how many are shown where that is less."""
    return line((f"{what} ({there})" if shown == there else f"{what} ({shown} of {there})", "bold"))


def _next(now: str, names: Sequence[str]) -> str:
    """The one after, and none after the last."""
    around = ["", *names]
    return around[(around.index(now) + 1) % len(around)] if now in around else ""


def _host(one: Machine, width: int) -> Text:
    well = one.well or not one.in_swarm
    sign = ("✓", "green") if one.well else ("–", "dim") if well else ("✗", "red")
    name = line(one.name)
    name.truncate(width, overflow="ellipsis", pad=True)
    role = "leader" if one.leader else one.role
    bad = sum(not task.runs for task in one.tasks)
    tasks = f"{len(one.tasks)} task{'' if len(one.tasks) == 1 else 's'}"
    rest = [f"zone {one.zone}" if one.zone else "", one.engine, "" if one.in_inventory else "not in the inventory"]
    return line(
        "  ", sign, " ").append_text(name).append_text(line(
        (f"  {role:<8}", "cyan" if one.leader else ""),
        (f"{standing(one)}", "" if well else "red"),
        f"  {tasks}", (f", {bad} not running" if bad else "", "yellow"),
        ("  " + "  ".join(filter(None, rest)), "dim"),
    ))  # fmt: skip


def _row(one: ServiceLine, failed: FailedTask | None) -> ServiceRow:
    """The service as a line of a run shows it."""
    over = one.update in OVER
    error = f"{failed.name}: {failed.error}" if failed and not failed.over and not one.well else ""
    return ServiceRow(
        one.name, one.running, one.desired,
        "over" if over else "done" if one.well and one.update not in UPDATES else "stuck" if error else "moving",
        one.mode.endswith("job"), one.update, error or (one.unplaced[0].error if one.unplaced else ""), "", error,
    )  # fmt: skip


def _stacked(sections: Sequence[Sequence[Text]], room: int) -> list[Text]:
    """One below the other in so many lines. Each gets what it needs, or its share; what is left out is counted."""
    parts = [section for section in sections if section]
    rooms = _shares([len(part) for part in parts], room)
    lines: list[Text] = []
    for part, most in zip(parts, rooms, strict=True):
        if len(part) <= most:
            lines += part
        elif most:
            lines += [*part[: most - 1], line((f"    … {len(part) - most + 1} more", "dim"))]
    return [*lines, *(Text() for _ in range(room - len(lines)))]


def _shares(needed: Sequence[int], room: int) -> list[int]:
    """Room dealt out evenly; what one does not need goes to the others."""
    shares = [0] * len(needed)
    while room > 0 and (hungry := [place for place, most in enumerate(needed) if shares[place] < most]):
        for place in hungry[:room]:
            shares[place] += 1
        room -= min(room, len(hungry))
    return shares


def _beside(left: Text, right: Text, half: int) -> Text:
    first = left.copy()
    first.truncate(half, overflow="ellipsis", pad=True)
    return Text.assemble(first, (" │ ", "dim"), right)
