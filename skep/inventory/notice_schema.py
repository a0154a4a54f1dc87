"""The keys of an inventory about notices."""

from __future__ import annotations

from skep.model.notice import EVENTS
from skep.reading.documented import Key
from skep.reading.mapping_kinds import ListOf, Record
from skep.reading.settings import SECRET, TEXTS, Choice, Variable, named

URL = Variable()

NOTICE = Record(
    {
        "webhook": Key(
            URL, "A URL that gets each notice as JSON, by POST.", "https://example.com/hooks/skep", shown="none"
        ),
        "secret": Key(
            SECRET,
            "Signs what the webhook gets (HMAC-SHA256); only as a reference.",
            "${env:HOOK_SECRET}",
            shown="none",
        ),
        "apprise": Key(
            SECRET,
            "A URL of [apprise](https://github.com/caronc/apprise), which knows mail and many services; only as a "
            "reference.",
            "${env:APPRISE_URL}",
            shown="none",
        ),
        "command": Key(
            TEXTS,
            "A command with its words, which gets each notice as JSON on its standard input.",
            ["/usr/local/bin/page"],
            shown="none",
        ),
        "events": Key(
            ListOf(Choice(*EVENTS), "events"),
            "What it is about: failure, recovery, drift, undone.",
            ["failure", "recovery"],
            shown="all",
        ),
        "schedules": Key(TEXTS, "Which schedules.", ["nightly"], shown="all"),
    },
    name="Notice",
    about="Somebody who is to hear how schedules ended: by a webhook, by apprise, or by a command.",
)

NOTICES = Key(
    named(NOTICE),
    "Who hears how schedules ended, by a name of one's own. Nobody hears of the same state twice.",
    {"ops": {"webhook": "https://example.com/hooks/skep", "secret": "${env:HOOK_SECRET}"}},
    shown="none",
)

PING = Key(
    URL,
    "A dead man's switch: its URL gets a POST at the beginning (`/start`), at a good end, and at a bad one (`/fail`).",
    "${env:PING_URL}",
    shown="none",
)
