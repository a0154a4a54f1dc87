"""What is kept of a scheduled run, and who hears how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from skep.commands.call import Call
from skep.converge import Site
from skep.schedules.metrics import Standing
from skep.schedules.model import Schedule
from skep.schedules.state import Kept, keeping
from skep.secret import Redaction, secrets_in


class Telling:
    """Keeps how a run ended, and sends the notices of it; a notice that cannot be sent fails no run."""

    def __init__(self, call: Call, kept: Kept, one: Schedule) -> None:
        self._call = call
        self._kept = kept
        self._one = one
        self._standing: Standing | None = None

    def begun(self, run: Mapping[str, object]) -> None:
        """Note that it has begun, and start the dead man's watch."""
        keeping(lambda: self._kept.begin(run), self._call.tell.note)
        self._ping("start", "")

    def look(self, site: Site) -> None:
        """How the cluster stands, where metrics are to say so; nobody may answer."""
        if site.cluster.metrics:
            from skep.commands.schedule_metrics import standing

            self._standing = standing(site)

    def ended(self, result: Mapping[str, object]) -> None:
        """Keep it first, then send notices."""
        well = result["ended"] if result["result"] != "failed" else self._kept.last.get("success")
        result = {**result, "success": well, "next": self._call.tell.spelled(str(result["next"] or "")) or None}
        kept = {key: value for key, value in result.items() if key != "about"}
        keeping(lambda: self._kept.end(kept), self._call.tell.note)
        found = self._call.found
        if found.cluster.metrics:
            from skep.commands.schedule_metrics import leave

            leave(found.cluster, self._standing, self._call.tell.note)
        if found.cluster.notices:
            from skep.notices.telling import notify

            notify(found.cluster.notices, found.cluster.name, self._kept, result, self._hidden, self._call.tell.note)
        self._ping("fail" if result["result"] == "failed" else "", str(result["text"]))

    def _ping(self, word: str, text: str) -> None:
        if self._one.ping is not None:
            from skep.notices.telling import ping

            ping(self._one.ping, word, text, self._hidden, self._call.tell.note)

    @property
    def _hidden(self) -> Redaction:
        found = self._call.found
        return Redaction([*secrets_in(found.cluster), *secrets_in(found.access)])
