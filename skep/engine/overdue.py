"""Answers that are overdue: who keeps a request waiting is found out beside it, by name, while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from skep import questions
from skep.errors import EngineSilent, SkepError
from skep.ssh import Pool, Session

LATE = 6.0
"""Seconds without an answer, after which it is looked why; and as many until the next look."""

REACH = 4.0
"""Seconds such a look waits for each answer of a host at least."""

SLOW = 4.0
"""How many times as long as its last login took a look waits for a slow host."""

FRESH = 3.0
"""Seconds for which others that wait take the same look for theirs."""

REMEMBERED = 60.0
"""Seconds for which one that was found silent is asked after the others."""


class Cut(Protocol):
    """A client at work for one request."""

    host: str

    def cut(self) -> None:
        """End the request with an error."""


class Overdue:
    """Watches requests to engines. ``managers`` are looked at, too, for one of them may be what the asked one waits
    for. ``say`` takes what there is to tell of the step that this thread is at."""

    def __init__(self, pool: Pool, managers: Sequence[str], say: Callable[[], Callable[[str], None]]) -> None:
        self._pool = pool
        self._managers = managers
        self._say = say
        self._looking = threading.Lock()
        self._looked: dict[str, tuple[float, SkepError | None]] = {}

    @contextmanager
    def watched(self, api: Cut) -> Iterator[None]:
        """While a request waits for its answer. It is cut where two looks in a row found the asked host silent, and
        what they found is raised."""
        ended, found = threading.Event(), list[SkepError]()
        timer = threading.Timer(LATE, self._look, (api, self._say(), ended, found))
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if found:
                raise found[0] from None
            raise
        finally:
            ended.set()
            timer.cancel()

    def _look(self, api: Cut, say: Callable[[str], None], ended: threading.Event, found: list[SkepError]) -> None:
        before: Mapping[str, SkepError] | None = None
        while not ended.is_set():
            silent = self._silent([api.host, *(name for name in self._managers if name != api.host)])
            if ended.is_set():
                return
            if before is None or before.keys() != silent.keys():
                say(_described(api.host, silent))
            if before and api.host in before and api.host in silent:
                found.append(silent[api.host])
                api.cut()
                return
            before = silent
            ended.wait(LATE)

    def was_silent(self, name: str) -> bool:
        """Whether the last look, if it was not long ago, found that host silent."""
        moment, error = self._looked.get(name, (0.0, None))
        return error is not None and time.monotonic() - moment < REMEMBERED

    def _silent(self, names: Sequence[str]) -> Mapping[str, SkepError]:
        """Those of them that give no sign of life, and why."""
        with self._looking:
            since = time.monotonic()
            old = [name for name in names if self._looked.get(name, (0.0, None))[0] < since - FRESH]
            looks = self._pool.map(sign_of_life, old)
            self._looked |= {name: (time.monotonic(), look) for name, look in looks.items()}
            return {name: look for name in names if (look := self._looked[name][1])}


def sign_of_life(session: Session) -> None:
    """Ask a host, on a login of its own, whether its engine lives. Raises ``ConnectError`` where the host cannot be
    asked, ``EngineSilent`` where the engine is stopped or says nothing."""
    reach = max(REACH, SLOW * session.took)
    quick = session.quick(reach)
    try:
        result = quick.run(questions.SIGN, timeout=2 * reach)
    finally:
        quick.close()
    if why := questions.no_sign(result.out):
        look = f"on {session.host}: systemctl status docker; journalctl -u docker"
        raise EngineSilent(why, host=session.host, next_action=look)


def _described(host: str, silent: Mapping[str, SkepError]) -> str:
    waits = f"{host} has given no answer for {LATE:g} s"
    if not silent:
        return f"{waits}, though all managers and their engines live"
    return "; ".join([waits, *(f"{name}: {error.reason}" for name, error in silent.items())])
