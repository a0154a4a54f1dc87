"""What changes inside a config: a text diff that is bounded in length and keeps secrets to itself."""

from __future__ import annotations

import hashlib
import re
from difflib import unified_diff

from skep.diff import Change, quoted
from skep.hidden import SENSITIVE, holds
from skep.secret import STARS

HOLDS_SECRET = f"{STARS} (holds a secret)"
LINES = 40
"""Lines of a diff that are shown."""
WIDTH = 160
"""Characters of a line that are shown."""
CONTEXT = 2
LARGEST = 256 * 1024
"""Bytes of a content that is compared line by line."""

_WORDS = "|".join(SENSITIVE)
_NAME = rf"(?<![\w.-])[\w.-]{{0,64}}(?:{_WORDS})[\w.-]{{0,64}}"
_ASSIGNED = re.compile(rf"({_NAME}[\"']?\s*[:=>]\s*)\S.*", re.IGNORECASE)
_LISTED = re.compile(rf"(\s*{_NAME}\s+)\S+", re.IGNORECASE)
_IN_URL = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
"""What sounds like a secret: a setting of such a name, a password in a URL, a key."""


def content_changes(pair: tuple[bytes, bytes], hidden: frozenset[str]) -> list[str]:
    """The lines that differ from one to the other, with some around them. Nothing of a content that holds a ``hidden``
    text or a key."""
    old, new = pair
    sides = [_text(old), _text(new)]
    if None in sides or max(len(old), len(new)) > LARGEST:
        return [f"{len(old)} bytes → {len(new)} bytes, which are {'no text' if None in sides else 'too many to show'}"]
    one, other = (side or "" for side in sides)
    if holds([one, other], hidden) or _BLOCK.search(one + other):
        return [HOLDS_SECRET]
    before, after = one.split("\n"), other.split("\n")
    if not before[-1] and not after[-1]:  # both end with a line break
        before, after = before[:-1], after[:-1]
    found = list(unified_diff(before, after, lineterm="", n=CONTEXT))[2:]
    shown = [line if line.startswith("@@") else line[0] + _line(line[1:]) for line in found[:LINES]]
    left = sum(line[0] in "+-" for line in found[LINES:])
    return [*shown, *([f"… {left} more lines differ"] if left else [])]


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _line(text: str) -> str:
    """A line without what sounds like a secret; two that differ stay different also where they are cut, and where what
    differs cannot be seen."""
    text = _IN_URL.sub(rf"\g<1>{STARS}", _ASSIGNED.sub(rf"\g<1>{STARS}", text))
    listed = _LISTED.fullmatch(text)
    text = f"{listed[1]}{STARS}" if listed else text
    shown = text
    if not text.isprintable() or text != text.rstrip() or (text.startswith('"') and "\\" in text):
        shown = quoted(text)
    if len(shown) <= WIDTH:
        return shown
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{shown[:WIDTH]}… ({len(shown) - WIDTH} characters more, SHA-256 {mark})"


def replaced_config(change: Change) -> tuple[str, str] | None:
    """Old and new name where a change puts a config in the place of another."""
    is_name = len(change.path) == 3 and change.path[0] == "Configs" and change.path[2] == "Name"
    return (change.old, change.new) if is_name and change.old and change.new else None
