"""The keys of an inventory about what runs by itself."""

from __future__ import annotations

from skep.inventory.values import DURATION, ONE_OR_MORE, TEXT, TEXTS, Choice, named
from skep.reading.documented import Key
from skep.reading.records import Record
from skep.schedules.model import WHAT

SCHEDULE = Record(
    {
        "run": Key(Choice(*WHAT), "What is run.", "stack.refresh", shown="required"),
        "when": Key(
            ONE_OR_MORE,
            "When, in the words of systemd's calendar (`man systemd.time`), or several such times.",
            "Mon..Fri 03:30",
            shown="required",
        ),
        "timezone": Key(
            TEXT, "The time zone of times that name none.", "Europe/Berlin", shown="that of the machine it runs on"
        ),
        "stacks": Key(TEXTS, "Which stacks, for `stack.refresh` and `stack.deploy`.", ["web"], shown="all"),
        "jitter": Key(DURATION, "It starts by chance up to this much later.", "10m", shown="none"),
        "deadline": Key(DURATION, "How long it may take, waiting included; then it is stopped.", "1h", shown="1h"),
        "wait-lock": Key(DURATION, "How long to wait where somebody else is at work.", "10m", shown="10m"),
        "on-failure": Key(
            Choice("keep", "rollback"),
            "What becomes of a roll-out that fails, for `stack.refresh` and `stack.deploy`.",
            "rollback",
            shown="as `x-skep` of the compose files says, else keep",
        ),
    },
    required=("run", "when"),
    name="Schedule",
    about="Something that is run by itself.",
)

SCHEDULES = Key(
    named(SCHEDULE),
    "What runs by itself, by name; `schedule.apply` installs it.",
    {"nightly": {"run": "stack.refresh", "when": "Mon..Fri 03:30"}},
    shown="none",
)
