"""Files of any size between this machine and a host: streamed, continued where they were cut off, checked by sha256."""

from __future__ import annotations

import glob
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from skep.errors import ConnectError, StepFailed
from skep.lock.lease import AGAIN, Limits
from skep.plan import Fetch, Send
from skep.shell import NO_ROOM, exported, script
from skep.ssh import Result, Session

MIB = 1 << 20
PIECE = 1 << 18
"""Bytes read at once."""
TRIES = 3
"""Connections in a row that may bring nothing more over before a transfer is given up."""
PAUSE = 2.0
"""Seconds before a connection that broke is made anew."""
TELL = 1.0
"""Seconds between two words on how far it is."""
OTHER = 65
"""Status of ``receive.sh`` where something else arrived than was to; what had arrived is gone then."""
DONE = Result(0, "", "")
UNTRACKED = "# Made by skep: what is fetched from hosts belongs into no repository.\n*\n"
"""What keeps a folder out of git that is made for a file of a host."""

Say = Callable[[str], None]


class _Progress:
    """How far a transfer is. Reports it now and then, and ends the transfer where the step may not go on."""

    def __init__(self, limits: Limits, say: Say) -> None:
        self.limits, self.say = limits, say
        self.size = self.start = self.done = 0
        """Bytes: of the file, where the present connection began, and where it is."""
        self._reported = time.monotonic()

    def begin(self, start: int, size: int) -> None:
        """A connection that takes up what is there already."""
        self.start, self.size, self.done = start, size, max(start, self.done)
        if start:
            self.say(f"goes on at {self}")

    def at(self, done: int) -> None:
        """Raises ``StepFailed`` beyond the deadline and where the run was stopped, and ``LockLost``."""
        self.done = max(done, self.done)
        self.limits.pause(0)
        if self.limits.left < 0:
            text = f"not done after {self.limits.given:g} s: {self}"
            raise StepFailed(text, next_action=f"{AGAIN.removesuffix('.')}: it goes on where it is")
        if time.monotonic() - self._reported >= TELL:
            self._reported = time.monotonic()
            self.say(str(self))

    def __str__(self) -> str:
        return f"{self.done // MIB} of {-(-self.size // MIB)} MiB"

    def persist(self, once: Callable[[], Result]) -> Result:
        """What ``once`` gives; again where the connection breaks, as long as that brings more over, and once more from
        the beginning where what an earlier connection left is not a part of the file."""
        for _ in (1, 2):
            result = self._connected(once)
            if result.status != OTHER or not self.start:
                break
            self.say("what had arrived before is no part of it; begins anew")
            self.done = 0
        return result

    def _connected(self, once: Callable[[], Result]) -> Result:
        tries = 0
        while True:
            before = self.done
            self.limits.check()
            try:
                return once()
            except ConnectError as error:
                tries = 0 if self.done > before else tries + 1
                if tries == TRIES or self.limits.left < 0:
                    raise
                self.say(f"{error.message} at {self}")
            self.limits.pause(PAUSE)


def send(session: Session, step: Send, limits: Limits, say: Say, fenced: Callable[[str], str]) -> Result:
    """Do it. ``fenced`` guards a script against another run. Gives the status and words of the script that failed.

    Raises ``StepFailed``, ``LockLost``, and ``ConnectError`` where connections bring nothing over.
    """
    progress = _Progress(limits, say)
    values: dict[str, str | int] = {"TO": step.path, "SIZE": step.size, "SHA256": step.sha256, "MODE": f"{step.mode:o}"}

    def once() -> Result:
        found = session.run(exported(values) + script("skep/apply/arrived.sh"), timeout=max(1.0, limits.left))
        state, _, mode = found.out.strip().partition(" ")
        if found.status:
            return found
        if state == "whole":
            change = f'chmod "$MODE" -- "$(readlink -f -- "$TO")" || exit {NO_ROOM}'
            return DONE if mode == values["MODE"] else session.run(fenced(exported(values) + change), timeout=30)
        start = min(int(state), step.size) // MIB * MIB
        progress.begin(start, step.size)
        text = exported({**values, "FROM": start}) + script("skep/apply/receive.sh")
        with _usable(step.source), Path(step.source).open("rb") as file:
            if (size := file.seek(0, 2)) != step.size:
                raise StepFailed(f"{step.source} has {size} bytes, and had {step.size}", next_action=AGAIN)
            file.seek(start)
            return session.pipe(fenced(text), _pieces(file, step, progress), timeout=max(1.0, limits.left))

    result = progress.persist(once)
    if result.status == OTHER:
        cause = f"its sha256 is not {step.sha256}: {step.source} is not the file any more that was planned with"
        raise StepFailed("something else arrived than was to be sent", cause=cause, next_action=AGAIN)
    return result


def _pieces(file: BinaryIO, step: Send, progress: _Progress) -> Iterator[bytes]:
    done = file.tell()
    while True:
        with _usable(step.source):
            piece = file.read(PIECE)
        if not piece:
            return
        yield piece
        done += len(piece)
        progress.at(done)


@contextmanager
def _usable(name: str) -> Iterator[None]:
    """Raises ``StepFailed`` where a file of this machine cannot be read or written."""
    try:
        yield
    except OSError as error:
        text = f"{name}: {error.strerror or error}, on this machine"
        raise StepFailed(text, next_action=f"fix that, then {AGAIN}") from None


def fetch(session: Session, step: Fetch, limits: Limits, say: Say) -> Result:
    """Do it; as ``send``."""
    progress = _Progress(limits, say)

    def once() -> Result:
        text = exported({"FILE": step.path}) + script("skep/apply/offered.sh")
        offer = session.run(text, timeout=max(1.0, limits.left))
        if offer.status:
            return offer
        size, sha256 = offer.out.split()[:2]
        if step.sha256 not in ("", sha256):
            raise StepFailed(f"{step.path} is not the file that was to be fetched", cause=f"its sha256 is {sha256}")
        part = _Part(Path(step.target), int(size), sha256)
        with _usable(step.target):
            if part.is_whole():
                part.target.chmod(step.mode)
                return DONE
            with part.open() as file:
                progress.begin(part.done, part.size)
                result = _take(session, step, part, file, progress)
            if result.status:
                return result
            return DONE if part.settle(step.mode) else Result(OTHER, "", "")

    result = progress.persist(once)
    if result.status == OTHER:
        raise StepFailed(f"{step.path} changed while it was fetched", next_action=AGAIN)
    return result


def _take(session: Session, step: Fetch, part: _Part, file: BinaryIO, progress: _Progress) -> Result:
    def take(data: bytes) -> None:
        with _usable(step.target):
            file.write(data)
        part.sum.update(data)
        part.done += len(data)
        progress.at(part.done)

    words = exported({"FILE": step.path}) + f'exec tail -c +{part.done + 1} -- "$FILE"'
    return session.pipe(words, take=take, timeout=max(1.0, progress.limits.left))


class _Part:
    """What has arrived of a file, beside its place on this machine."""

    def __init__(self, target: Path, size: int, sha256: str) -> None:
        self.target, self.size, self.sha256 = target, size, sha256
        self.path = target.with_name(f"{target.name}.skep-{sha256}.part")
        self.sum = hashlib.sha256()
        self.done = 0

    def is_whole(self) -> bool:
        """Whether the file stands in its place."""
        if not self.target.is_file() or self.target.stat().st_size != self.size:
            return False
        with self.target.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256

    def open(self) -> BinaryIO:
        """To be written on where it ends. Raises ``StepFailed`` without room for the rest."""
        if not self.target.parent.exists():
            self.target.parent.mkdir(parents=True)
            (self.target.parent / ".gitignore").write_text(UNTRACKED)
        self.path.touch(0o600)
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                self.sum.update(piece)
                self.done += len(piece)
        free, more = shutil.disk_usage(self.target.parent).free, self.size - self.done
        if free < more:
            text = f"{self.target.parent} on this machine has {free // MIB} MiB free; {-(-more // MIB)} are needed"
            raise StepFailed(text, next_action="make room there, then run the same command again")
        return self.path.open("ab")

    def settle(self, mode: int) -> bool:
        """Put it in its place. False where it is something else: it is gone then."""
        if self.sum.hexdigest() != self.sha256:
            self.path.unlink()
            return False
        self.path.chmod(mode)
        self.path.replace(self.target)
        for other in self.target.parent.glob(f"{glob.escape(self.target.name)}.skep-*.part"):
            other.unlink()
        return True
