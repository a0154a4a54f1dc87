"""What the checks look through: Testinfra hosts, a manager that can answer, and Docker's answers, each asked once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
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
PATIENCE, TIMED_OUT = 20, 124
IN_QUORUM = f"timeout {PATIENCE} docker node ls --quiet"


class Witness:
    """The cluster as seen through one shell a host; a context that ends them. Thread-safe."""

    def __init__(self, cluster: Cluster, pool: Pool) -> None:
        self.cluster = cluster
        self._pool = pool
        self._shells = {name: pool.shell(name) for name in pool.hosts}
        self._once: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *_: object) -> None:
        for shell in self._shells.values():
            shell.close()

    def host(self, name: str) -> Host:
        """Testinfra's host of that name."""
        return self.remember(("host", name), lambda: testinfra_host(self._shells[name]))

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

        seen = self.remember("facts", lambda: observe(self.cluster, self._pool, []))
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
        answers: dict[str, Result | SkepError] = {}
        for some in (names[:1], names[1:]):  # mostly the first can answer; where it hangs, the others are not in line
            answers |= self.on_each(some, AWAKE + IN_QUORUM, timeout=30)
            for name in some:
                answer = answers[name]
                if not isinstance(answer, SkepError) and answer.status == 0:
                    return self.host(name)
        reasons = "; ".join(f"{name}: {_why(answer)}" for name, answer in answers.items())
        raise SkepError(f"no manager can answer for the cluster ({reasons or 'none was asked'})")

    def remember(self, key: Hashable, work: Callable[[], object]) -> Any:
        """The result of the first call with that key, or its exception; who comes meanwhile waits for it."""
        with self._lock:
            first = key not in self._once
            future = self._once.setdefault(key, Future())
        if first:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
        return future.result()


def _answer(name: str, result: Any) -> list[Any]:
    if result.rc == ASLEEP:
        raise SkepError(f"cannot tell, for the docker service is not running on {name}", host=name)
    assert result.rc == 0, f"docker on {name}: {_last_words(result.stderr) or f'ended with status {result.rc}'}"
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def _why(answer: Result | SkepError) -> str:
    if isinstance(answer, SkepError):
        return answer.reason
    silent = f"no answer within {PATIENCE} s" if answer.status == TIMED_OUT else f"status {answer.status}"
    return _last_words(answer.err) or silent


def _last_words(text: str) -> str:
    """Docker's last line without the layers it came through."""
    lines = text.strip().splitlines() or [""]
    return lines[-1].removeprefix("Error response from daemon: ").removeprefix("Error: ").rpartition(" desc = ")[2]
