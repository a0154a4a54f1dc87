"""The managers that a step may ask: which of them, in which order, and what only one of them can tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from skep.apply.attempt import Attempt
from skep.engine import SECRET, Clients, Overdue, resolve
from skep.errors import ConnectError, EngineFailed, SkepError, StepFailed
from skep.lock.lease import AGAIN
from skep.plan import Ref, Step
from skep.secret import Secret
from skep.ssh import Pool
from skep.waiting import until

PATIENCE = 60.0
"""Seconds a cluster-wide step waits for a manager that answers: one may be restarting, or a leader being elected."""

PAUSE = 1.0
"""Seconds before the managers are asked again where none answered."""

GONE = "its engine is in no swarm any more"
EMPTIED = "it has left the swarm, or what it kept of it is gone (/var/lib/docker/swarm)"
ANEW = "see the evidence and the way back in: invoke cluster.plan"


class Managers:
    """Asks managers for a step, best first: those of the ``names`` that answer as such. ``say`` gives who hears of
    the step that this thread is at, ``learn`` takes secrets that it comes to know, ``local`` are values this machine
    knows."""

    def __init__(
        self,
        pool: Pool,
        names: Sequence[str],
        say: Callable[[], Callable[[str], None]],
        learn: Callable[[Iterable[Secret]], None],
        local: Mapping[str, Callable[[], object]],
    ) -> None:
        self._names = list(names)
        self._managed: set[str] = set()
        """Hosts that have answered as managers."""
        self._overdue = Overdue(pool, names, say)
        self.clients = Clients(pool, self._overdue.watched)
        self.results: dict[str, object] = {}
        """What steps gave back, by step id."""
        self._say = say
        self._learn = learn
        self._local = local
        self._lock = threading.Lock()

    def late(self, value: object, host: str, attempt: Attempt) -> object:
        """The value of a late reference. What only a manager can tell is asked for while a leader may be elected."""
        if not isinstance(value, Ref):
            return value
        name, _, place = value.name.partition("@")
        if name in self._local:
            return self._local[name]()
        if name == "result":
            return self.results[place]
        if place:
            return self._resolved(name, place, attempt.step)
        lost: SkepError | None = None

        def asked() -> list[object]:
            nonlocal lost
            for source in self.answering(attempt.step):
                try:
                    return [self._resolved(name, source, attempt.step)]
                except (ConnectError, EngineFailed) as error:
                    self.last(source)
                    lost = error
            return []

        def pause(seconds: float) -> bool:
            more = attempt.limits.pause(seconds)
            attempt.say(f"no manager gives the {name} just now")
            return more

        found = until(asked, seconds=PATIENCE, every=PAUSE, pause=pause)
        if found:
            return found[0]
        why = (lost.cause or lost.message) if lost else None
        raise StepFailed(f"no manager of the swarm can tell the {name}", host=host, cause=why, next_action=AGAIN)

    def _resolved(self, name: str, source: str, step: Step) -> object:
        with self.clients.lend(source, step.id) as api:
            if name == "node-id":
                swarm = api.info()["Swarm"]
                if node := swarm["NodeID"]:
                    return node
                if swarm.get("LocalNodeState") == "inactive":
                    raise StepFailed(GONE, host=source, cause=EMPTIED, next_action=ANEW)
                raise ConnectError("its engine reports no node ID yet", host=source, step=step.id, next_action=AGAIN)
            found = resolve(api, name)
            if name in SECRET:
                self._learn([Secret(found)])
            return found

    def answering(self, step: Step) -> Iterator[str]:
        """Managers that answer as such, best first; the host to avoid only where there is no other."""
        with self._lock:
            order = [name for name in self._names if name != step.avoid]
            order.sort(key=self._overdue.was_silent)
            order += [step.avoid] if step.avoid in self._names else []
        for name in order:
            try:
                with self.clients.lend(name, step.id) as api:
                    swarm = api.info()["Swarm"]
            except SkepError:
                self.last(name)
                continue
            if swarm.get("ControlAvailable") and not swarm.get("Error"):
                self._managed.add(name)
                yield name
            elif name in self._managed and swarm.get("LocalNodeState") == "inactive":
                self._say()(f"{name}: {GONE}, {EMPTIED}")

    def last(self, host: str) -> None:
        """From now on, ask that one after the others."""
        with self._lock:
            if host in self._names:
                self._names.remove(host)
                self._names.append(host)
