"""Notices: one way for each, and URLs that can be asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.secret import Secret

WAYS = ("webhook", "apprise", "command")
_REFERENCE = "holds a password: write the whole URL as a reference, such as ${env:HOOK_URL}"


def check_notices(file: Fields, findings: Findings) -> None:
    """Note targets that nothing could be sent to, and pings that reach nobody."""
    schedules = findings.children("schedules")
    for name, given in file.section("notices").items():
        path: KeyPath = ("notices", name)
        written = [key for key in WAYS if (*path, key) in findings.places or key in given]
        if not written and not findings.is_broken(path):
            findings.error(path, "names no way: write one of webhook, apprise and command")
        if len(written) > 1:
            findings.error((*path, written[1]), f"stands beside {written[0]}: one way for each; write another notice")
        if "secret" in given and "webhook" not in written:
            findings.error((*path, "secret"), "signs webhooks only: take it out")
        _check_url((*path, "webhook"), given.get("webhook"), findings)
        _check_apprise((*path, "apprise"), given.get("apprise"), findings)
        _check_command((*path, "command"), given, findings)
        if "events" in given and not given["events"] and not findings.is_broken((*path, "events")):
            findings.error((*path, "events"), "is empty: name events, or take the key out for all")
        for number, schedule in enumerate(given.get("schedules", ())):
            if schedule not in schedules and not findings.is_broken(("schedules",)):
                shown = findings.value(schedule)
                message = f"{shown} is not a schedule of this file{findings.hint(schedule, schedules)}"
                findings.error((*path, "schedules", number), message)
    for name, given in file.section("schedules").items():
        _check_url(("schedules", name, "ping"), given.get("ping"), findings)


def _check_url(path: KeyPath, value: str | Secret | None, findings: Findings) -> None:
    if value is None:
        return
    text = value.reveal() if isinstance(value, Secret) else value
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in text):
        shown = findings.written(path, _public(text))
        findings.error(path, f"{shown} is no URL that can be asked: write such as https://example.com/hooks/skep")
    elif not isinstance(value, Secret) and parts.password:
        findings.error(path, _REFERENCE)


def _public(text: str) -> str:
    """Without what stands before an @, which may be a password."""
    return f"***@{text.rpartition('@')[2]}" if "@" in text else text


def _check_apprise(path: KeyPath, value: Secret | None, findings: Findings) -> None:
    if value is not None and not urlsplit(value.reveal().partition("?")[0]).scheme:
        findings.error(path, f"{findings.written(path, '')} is no URL of apprise: it begins such as mailtos://")


def _check_command(path: KeyPath, given: Fields, findings: Findings) -> None:
    words = given.get("command")
    if words is None:
        return
    if not words:
        findings.error(path, "is empty: write the command and its words")
    elif not words[0].startswith("/"):
        findings.error(
            path, f"{findings.value(words[0])} is no absolute path: systemd's PATH may be another than yours"
        )
