"""What the checks look through: Testinfra hosts, a manager that can answer, and Docker's answers, each asked once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from testinfra.host import Host

from skep.errors import SkepError
from skep.model import Cluster
from skep.preflight import Facts
from skep.ssh import Pool, Result
from skep.verify.backend import testinfra_host
from skep.workers import side_by_side

ASLEEP = 69
AWAKE = f"""case $(systemctl show -p MainPID docker.service) in
MainPID=[1-9]*) ;;
*) echo "the docker service is not running" >&2; exit {ASLEEP} ;;
esac
"""
"""Docker's socket belongs to systemd, and whoever speaks to it starts a stopped engine: so look first."""
SOON, PATIENCE, TIMED_OUT = 5, 20, 124
"""Seconds for the first manager alone, and for all; how ``timeout`` ends."""
IN_QUORUM = "docker node ls --quiet"


class Witness:
    """The cluster as seen through one shell a host; a context that ends them. Thread-safe."""

    def __init__(self, cluster: Cluster, pool: Pool) -> None:
        self.cluster = cluster
        self._pool = pool
        self._shells = {name: pool.shell(name) for name in pool.hosts}
        self._once: dict[Hashable, Future[Any]] = {}
        self._lost: dict[str, SkepError] = {}
        self._where: dict[Hashable, TracebackType | None] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *_: object) -> None:
        for shell in self._shells.values():
            shell.close()

    def host(self, name: str) -> Host:
        """Testinfra's host of that name."""
        return self.remember(("host", name), lambda: testinfra_host(self._shells[name]))

    def reach(self, hosts: Iterable[str]) -> dict[str, SkepError]:
        """Why hosts cannot be reached; nothing more is asked of these."""
        answers = self.on_each(hosts, "true", timeout=20)
        self._lost = {name: answer for name, answer in answers.items() if isinstance(answer, SkepError)}
        return self._lost

    def remotes(self) -> dict[str, Host]:
        """All of them, by name."""
        return {name: self.host(name) for name in self._shells}

    def on_each(self, hosts: Iterable[str], script: str, *, timeout: float) -> dict[str, Result | SkepError]:
        """What a script gave on each of the hosts; a host's failure is its value."""

        def one(name: str) -> Result | SkepError:
            try:
                return self._shells[name].run(script, timeout=timeout)
            except SkepError as error:
                return error

        names = list(hosts)
        return dict(zip(names, side_by_side(one, names, width=self._pool.width, name="verify"), strict=True))

    def manager(self) -> Host:
        """The first manager in inventory order that is in a quorum. Raises ``SkepError`` if none is."""
        return self.remember("manager", self._choose)

    def facts(self, name: str) -> Facts:
        """What the host says of itself, as before a plan; all are asked at once, once a run. Raises ``SkepError``."""
        from skep.observe import observe

        names = [host for host in self._pool.hosts if host not in self._lost]
        seen = self.remember("facts", lambda: observe(self.cluster, self._pool, [], names))
        if name in seen.failures:
            raise seen.failures[name]
        facts: Facts = seen.facts[name]
        return facts

    def ask(self, host: Host, command: str, *arguments: str, again: bool = False) -> list[Any]:
        """The JSON values a docker command prints on that host, one a line; an answer holds for the run.

        ``%s`` in the command are the quoted arguments; ``again`` asks anew what may have changed.
        Raises ``AssertionError`` with Docker's own words when the command fails, and ``SkepError`` where the
        engine does not run.
        """
        name = host.backend.get_hostname()
        key = (name, command, arguments)
        if again:
            with self._lock:
                self._once.pop(key, None)
        return list(self.remember(key, lambda: _answer(name, host.run(AWAKE + command, *arguments))))

    def _choose(self) -> Host:
        names = [host.name for host in self.cluster.managers if host.name in self._shells]
        answers: dict[str, Result | SkepError] = {name: self._lost[name] for name in names if name in self._lost}
        left = [name for name in names if name not in answers]
        # Mostly the first can answer. Where it hangs, it is asked again beside the others, and they are not in line.
        for some, seconds in (left[:1], SOON), (left, PATIENCE):
            asked = [name for name in some if name not in answers or _is_silent(answers[name])]
            answers |= self.on_each(asked, f"{AWAKE}timeout {seconds} {IN_QUORUM}", timeout=seconds + 10)
            for name in asked:
                answer = answers[name]
                if not isinstance(answer, SkepError) and answer.status == 0:
                    return self.host(name)
        reasons = "; ".join(f"{name}: {_why(answers[name])}" for name in names)
        raise SkepError(f"no manager can answer for the cluster ({reasons or 'none was asked'})")

    def remember(self, key: Hashable, work: Callable[[], object]) -> Any:
        """The result of the first call with that key, or its exception, as it was raised then; who comes meanwhile
        waits for it."""
        with self._lock:
            first = key not in self._once
            future = self._once.setdefault(key, Future())
        if first:
            try:
                future.set_result(work())
            except BaseException as error:
                self._where[key] = error.__traceback__
                future.set_exception(error)
        if raised := future.exception():  # each raise of it would add to where it came from
            raise raised.with_traceback(self._where[key])
        return future.result()


def _answer(name: str, result: Any) -> list[Any]:
    if result.rc == ASLEEP:
        raise SkepError(f"cannot tell, for the docker service is not running on {name}", host=name)
    assert result.rc == 0, f"docker on {name}: {_last_words(result.stderr) or f'ended with status {result.rc}'}"
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def _is_silent(answer: Result | SkepError) -> bool:
    """Whether it may still be going to answer."""
    return not isinstance(answer, SkepError) and answer.status == TIMED_OUT


def _why(answer: Result | SkepError) -> str:
    if isinstance(answer, SkepError):
        return answer.reason
    silent = f"no answer within {PATIENCE} s" if _is_silent(answer) else f"status {answer.status}"
    return _last_words(answer.err) or silent


def _last_words(text: str) -> str:
    """Docker's last line without the layers it came through."""
    lines = text.strip().splitlines() or [""]
    return lines[-1].removeprefix("Error response from daemon: ").removeprefix("Error: ").rpartition(" desc = ")[2]
