"""What is kept of a scheduled run, and who hears how it ended."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from skep.commands.call import Call
from skep.converge import Site
from skep.model import Cluster, Schedule
from skep.report import Reporter
from skep.schedules.fallback import FILE, unpack
from skep.schedules.metrics import Standing
from skep.schedules.state import Kept, keeping
from skep.secret import Redaction, Secret, secrets_in


class Telling:
    """Keeps how a run of a schedule of the ``cluster`` ended, and sends the notices of it; one that cannot be sent
    fails no run."""

    def __init__(self, tell: Reporter, kept: Kept, cluster: Cluster, one: Schedule, hidden: Redaction) -> None:
        self.kept = kept
        self.cluster = cluster
        self.one = one
        self._tell = tell
        self._hidden = hidden
        self._standing: Standing | None = None

    @classmethod
    def of(cls, call: Call, one: Schedule) -> Telling:
        """By the inventory."""
        found = call.found
        hidden = Redaction([*secrets_in(found.cluster), *secrets_in(found.access)])
        return cls(call.tell, Kept.of(found.cluster.name, one.name), found.cluster, one, hidden)

    @classmethod
    def left(cls, call: Call, name: str) -> Telling | None:
        """By what ``schedule.apply`` left, where the inventory cannot be read; ``None`` for who is called by hand."""
        state, folder = os.environ.get("SKEP_STATE"), Path(os.environ.get("CREDENTIALS_DIRECTORY") or "/nowhere")
        try:
            files = list(folder.iterdir()) if state else []
            secrets = [Secret(file.read_text(encoding="utf-8", errors="surrogateescape")) for file in files]
            left = unpack((folder / FILE).read_text(encoding="utf-8")) if state else None
        except OSError:
            return None
        known = {one.name: one for one in left.schedules} if left else {}
        if not state or left is None or name not in known:
            return None
        cluster = Cluster(left.name, (), schedules=left.schedules, notices=left.notices, metrics=left.metrics)
        hidden = Redaction([*secrets, *secrets_in(left)])
        return cls(call.tell, Kept(Path(state), name), cluster, known[name], hidden)

    def begun(self, run: Mapping[str, object]) -> None:
        """Note that it has begun, and start the dead man's watch."""
        keeping(lambda: self.kept.begin(run), self._tell.note)
        self._ping("start", "")

    def look(self, site: Site) -> None:
        """How the cluster stands, where metrics are to say so; nobody may answer."""
        if site.cluster.metrics:
            from skep.commands.schedule.metrics_file import standing

            self._standing = standing(site)

    def ended(self, result: Mapping[str, object]) -> None:
        """Keep it first, then send notices; a stop waits for that."""
        well = result["ended"] if result["result"] != "failed" else self.kept.last.get("success")
        result = {**result, "success": well, "next": self._tell.spelled(str(result["next"] or "")) or None}
        kept = {key: value for key, value in result.items() if key != "about"}
        with _to_the_end():
            keeping(lambda: self.kept.end(kept), self._tell.note)
            if self.cluster.metrics:
                from skep.commands.schedule.metrics_file import leave

                leave(self.cluster, self._standing, self._tell.note)
            if self.cluster.notices:
                from skep.notices.telling import notify

                notify(self.cluster.notices, self.cluster.name, self.kept, result, self._hidden, self._tell.note)
            self._ping("fail" if result["result"] == "failed" else "", str(result["text"]))

    def _ping(self, word: str, text: str) -> None:
        if self.one.ping is not None:
            from skep.notices.telling import ping

            ping(self.one.ping, word, text, self._hidden, self._tell.note)


@contextmanager
def _to_the_end() -> Iterator[None]:
    """SIGTERM, which systemd sends at a run's deadline, breaks off nothing in here: units leave ten minutes for it.
    Whoever presses Ctrl-C means it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # not SIG_IGN, which commands would inherit
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
