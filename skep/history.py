"""What was done, when, by whom: one JSON line a run, a step and an audit, kept on the managers, read back merged."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from skep.apply import Event
from skep.errors import SkepError
from skep.holder import Holder
from skep.lock.cluster_lock import Failures, ask_each
from skep.lock.fence import PRIVATE
from skep.shell import quoted
from skep.ssh import Pool

FILE = "/var/lib/skep/history.jsonl"
KEEP = 5000
"""Lines kept on each manager."""
AUDITS = "/var/lib/skep/audits.jsonl"
"""One line an audit: what it was about, what it counted, what it found."""
AUDITS_KEPT = 50


class Recorder:
    """Gathers the lines of one run and writes them to the managers at its start, now and then, and at its end.

    ``commit`` is what the operator's files were at.
    """

    def __init__(self, pool: Pool, managers: Sequence[str], holder: Holder, commit: str = "") -> None:
        self._pool = pool
        self._managers = list(managers)
        self._holder = holder
        self._lines: list[str] = []
        self._lock = threading.Lock()
        at = {"commit": commit} if commit else {}
        self._add(kind="run", event="started", what=holder.what, who=holder.who, **at)

    def note(self, event: Event) -> None:
        """Keep a step's end; its start and progress are not history."""
        if event.kind not in ("done", "failed", "skipped"):
            return
        step = event.step
        self._add(
            kind="step", event=event.kind, id=step.id, host=step.concerns, title=step.title, cause=step.cause,
            seconds=round(event.seconds, 3), **({"error": event.text} if event.text else {}),
        )  # fmt: skip

    def end(self, how: str, error: SkepError | None = None) -> None:
        """Write the run's last line, with what ended it, and send everything."""
        failure = {"error": str(error)} if error else {}
        self._add(kind="run", event=how, what=self._holder.what, who=self._holder.who, **failure)
        self.send()

    def send(self) -> None:
        """Append what is gathered on every manager that answers; history never fails a run."""
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines:
            return
        _append(self._pool, self._managers, "history", lines, KEEP)

    def _add(self, **values: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._lines.append(json.dumps({"time": now, "run": self._holder.id, **values}))


def note_audit(pool: Pool, managers: Sequence[str], line: Mapping[str, object]) -> None:
    """Keep what an audit found on every manager that answers and has the folder; that fails no audit."""
    _append(pool, managers, "audits", [json.dumps(line)], AUDITS_KEPT, begin="[ -d /var/lib/skep ] || exit 0")


def _append(
    pool: Pool, managers: Sequence[str], name: str, lines: Sequence[str], keep: int, *, begin: str = ""
) -> None:
    text = quoted("\n".join(lines))
    script = f"""set -e
{begin}
{PRIVATE}
printf '%s\\n' {text} >>{name}.jsonl
if [ "$(wc -l <{name}.jsonl)" -gt {keep * 2} ]; then
  tail -n {keep} {name}.jsonl >{name}.new && mv -f {name}.new {name}.jsonl
fi"""
    pool.map(lambda session: session.run(script, timeout=20), managers)


def read(pool: Pool, managers: Sequence[str], last: int, file: str = FILE) -> tuple[list[dict[str, Any]], Failures]:
    """The lines of all managers that answer merged by time, each once, at most ``last`` (1 or more) from the end."""
    script = f"tail -n {last} {file} 2>/dev/null || true"
    answers, failures = ask_each(pool, managers, script, "the history cannot be read")
    return merge(answers.values())[-last:], failures


def merge(texts: Iterable[str]) -> list[dict[str, object]]:
    """Lines of several managers as one list in time order; broken lines are left out."""
    unique = dict.fromkeys(line for text in texts for line in text.splitlines())
    entries = []
    for line in unique:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "time" in entry:
            entries.append(entry)
    return sorted(entries, key=lambda entry: str(entry["time"]))
