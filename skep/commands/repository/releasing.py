"""``release``: a version, its part of the CHANGELOG, a commit and a tag. Nothing is pushed."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from skep.errors import SkepError, UsageError
from skep.files import put
from skep.report import Reporter
from skep.shell import quoted

VERSION = Path("skep/__init__.py")
CHANGES = Path("CHANGELOG.md")
LINE = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
HEAD = "## [Unreleased]"
_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")
NOTES = "### Upgrade notes"


def release(folder: Path, version: str, tell: Reporter) -> None:
    """Make a release of what is committed. ``version``: such as 0.4.0; without it, the next that may change things.

    Raises ``UsageError`` where there is nothing to release or something is not committed, and ``SkepError`` where git
    does not commit it; then nothing is changed.
    """
    code, changes = _text(folder, VERSION), _text(folder, CHANGES)
    current = next(iter(LINE.findall(code)), "")
    if not _VERSION.fullmatch(current):
        said = f"says {current!r}" if current else "has no line"
        raise UsageError(
            f'{VERSION} {said}, and must have __version__ = "1.2.3"',
            next_action=f"write that version into it: {folder / VERSION}",
        )
    if f"{HEAD}\n" not in changes:
        raise UsageError(
            f"{CHANGES} has no line {HEAD}", next_action=f"write it above the releases: {folder / CHANGES}"
        )
    version = version or _next(current, tagged=bool(_git(folder, "tag", "--list", f"v{current}")))
    _refuse(folder, version, current, changes)
    put(folder / VERSION, LINE.sub(f'__version__ = "{version}"', code))
    today = datetime.now(UTC).date().isoformat()
    put(folder / CHANGES, released(changes, version, today))
    try:
        _git(folder, "commit", "--quiet", "--message", f"Release {version}", "--", str(VERSION), str(CHANGES))
    except SkepError:
        put(folder / VERSION, code)
        put(folder / CHANGES, changes)
        raise
    try:
        _git(folder, "tag", "--annotate", "--message", f"skep {version}", f"v{version}")
    except SkepError as error:
        error.message = f"the release is committed, and not tagged: {error.message}"
        error.next_action = f"git tag --annotate --message 'skep {version}' v{version}, then git push --follow-tags"
        raise
    tell.done(f"v{version} is committed and tagged, and nothing was pushed; next: git push --follow-tags")


def _text(folder: Path, name: Path) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"cannot read {name}: {why}", next_action=f"git -C {quoted(str(folder))} status") from None


def released(changes: str, version: str, date: str) -> str:
    """The CHANGELOG with what was unreleased under that version. Upgrade notes stand first, and stand there always."""
    before, _, rest = changes.partition(f"{HEAD}\n")
    text, following, others = _upcoming(rest)
    notes = re.search(rf"^{NOTES}\n(.*?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL)
    if notes:
        text = text.replace(notes[0], "")
    said = (
        notes[1].strip() if notes else "Nothing has to be done, but for `requires` of sites that name another version."
    )
    own = f"## [{version}] - {date}\n\n{NOTES}\n\n{said}\n\n{text.strip()}\n"
    return f"{before}{HEAD}\n\n{own}{f'{chr(10)}{following}{others}' if following else ''}"


def _upcoming(rest: str) -> tuple[str, str, str]:
    """What is unreleased, and from the next version's heading on."""
    parts = re.split(r"^(## \[)", rest, maxsplit=1, flags=re.MULTILINE)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else (rest, "", "")


def _next(current: str, *, tagged: bool) -> str:
    if not tagged:
        return current
    major, minor = (int(part) for part in current.split(".")[:2])
    return f"{major}.{minor + 1}.0"


def _refuse(folder: Path, version: str, current: str, changes: str) -> None:
    from packaging.version import Version

    if not _VERSION.fullmatch(version):
        raise UsageError(f"{version} is not a version of three numbers", next_action="such as: invoke release 0.4.0")
    if Version(version) < Version(current):
        raise UsageError(f"{version} is older than {current}, which is the version of this code")
    if _git(folder, "tag", "--list", f"v{version}"):
        raise UsageError(f"v{version} is released already", next_action="name a later version")
    changed = _git(folder, "status", "--porcelain").splitlines()
    if changed:
        raise UsageError(
            f"not all is committed: {', '.join(line[3:] for line in changed[:5])}", next_action="git status"
        )
    if not _upcoming(changes.partition(f"{HEAD}\n")[2])[0].strip():
        raise UsageError(f"{CHANGES}: there is nothing under {HEAD}", next_action="write down what users notice")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SkepError("git cannot be run", cause=error.strerror, next_action="apt install git") from None
    if done.returncode:
        remedy = f"cd {quoted(str(folder))} && git status"
        raise SkepError(f"git {words[0]} failed", cause=done.stderr.strip(), next_action=remedy)
    return done.stdout.strip("\n")
