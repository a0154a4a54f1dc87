"""The keys of an inventory about what runs by itself."""

from __future__ import annotations

from skep.inventory.notice_schema import PING
from skep.kinds.audits import PROFILES, SEVERITIES
from skep.model.schedule import WHAT
from skep.reading.documented import Key
from skep.reading.mapping_kinds import ListOf, Record
from skep.reading.settings import DAY, DURATION, ONE_OR_MORE, TEXT, TEXTS, Choice, named

SCHEDULE = Record(
    {
        "run": Key(Choice(*WHAT), "What is run.", "stack.refresh", shown="required"),
        "when": Key(
            ONE_OR_MORE,
            "When, in the words of systemd's calendar (`man systemd.time`), or several such times.",
            "Mon..Fri 03:30",
            shown="required",
        ),
        "at": Key(
            TEXT,
            "The host of the cluster where it runs, with a copy of the repository.",
            "m1",
            shown="the machine where `schedule.apply` is called",
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
        "profile": Key(
            Choice(*PROFILES), "What an audit checks beside how the cluster runs, for `audit`.", "cis", shown="none"
        ),
        "severity": Key(
            Choice(*SEVERITIES),
            "Findings of an audit count from this severity on, for `audit`; all stand in the journal.",
            "medium",
            shown="low",
        ),
        "older-than": Key(
            DURATION, "How long containers of tasks stay after they ended, for `prune`.", "7d", shown="1d"
        ),
        "ping": PING,
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

_OF_STACKS = Key(TEXTS, "Which stacks it is about.", ["web"], shown="everything")

WINDOW = Record(
    {
        "when": Key(TEXT, "When it opens, in the words of systemd's calendar.", "Mon..Thu 22:00", shown="required"),
        "for": Key(DURATION, "How long it stays open.", "6h", shown="required"),
        "stacks": _OF_STACKS,
    },
    required=("when", "for"),
    name="Window",
    about="A time in which changes may be made.",
)

FREEZE = Record(
    {
        "from": Key(DAY, "Its first day.", "2026-12-20", shown="required"),
        "until": Key(DAY, "Its last day.", "2027-01-06", shown="required"),
        "reason": Key(TEXT, "Why.", "Christmas trade", shown="required"),
        "stacks": _OF_STACKS,
    },
    required=("from", "until", "reason"),
    name="Freeze",
    about="Days on which nothing is changed.",
)

MAINTENANCE = Key(
    Record(
        {
            "timezone": Key(
                TEXT, "Where its days begin, and times are meant.", "Europe/Berlin", shown="that of the machine"
            ),
            "windows": Key(
                ListOf(WINDOW, empty=True),
                "Changes are made only while one is open; those that name stacks are for these alone.",
                [{"when": "Mon..Thu 22:00", "for": "6h"}],
                shown="none: always",
            ),
            "freezes": Key(
                ListOf(FREEZE, empty=True),
                "Days on which nothing is changed.",
                [{"from": "2026-12-20", "until": "2027-01-06", "reason": "Christmas trade"}],
                shown="none",
            ),
        },
        empty=True,
        name="Maintenance",
        about="When changes may be made, by schedules and by hand.",
    ),
    "When changes may be made, by schedules and by hand; `--anyway REASON` makes them all the same.",
    {"freezes": [{"from": "2026-12-20", "until": "2027-01-06", "reason": "Christmas trade"}]},
    shown="always",
)

METRICS = Key(
    TEXT,
    "The folder of node_exporter's textfile collector, where each scheduled run leaves its metrics.",
    "/var/lib/prometheus/node-exporter",
    shown="no metrics",
)
