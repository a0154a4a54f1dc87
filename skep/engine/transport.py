"""The Docker SDK over our own SSH login: an HTTP adapter whose socket is ``docker system dial-stdio``."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import docker
import requests.adapters
import urllib3
import urllib3.connection
from docker.transport.basehttpadapter import BaseHTTPAdapter

from skep.lock.lease import Limits
from skep.ssh import Session

DIAL = "docker system dial-stdio"
BASE = "http://localhost:2375"
"""Never connected to: the adapter answers for it."""


Permit = Callable[[], None]
"""Raises unless something may be changed now."""

Watched = Callable[[Any], AbstractContextManager[None]]
"""Watches over one request of the client that is given."""


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, session: Session, timeout: float, permit: Permit) -> None:
        super().__init__("localhost", timeout=timeout)
        self._session = session
        self._seconds = timeout
        self._permit = permit

    def connect(self) -> None:
        self.sock: Any = self._session.stream(DIAL, timeout=self._seconds)

    def request(self, method: str, *args: Any, **more: Any) -> None:
        """What changes something is permitted once the connection stands, with nothing but the sending left."""
        if method not in ("GET", "HEAD"):
            if self.sock is None:
                self.connect()
            self._permit()
        super().request(method, *args, **more)


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, session: Session, timeout: float, permit: Permit) -> None:
        super().__init__("localhost", maxsize=1, block=True)
        self._session = session
        self._seconds = timeout
        self._permit = permit
        self.connection: _Connection | None = None

    def _new_conn(self) -> Any:
        self.connection = _Connection(self._session, self._seconds, self._permit)
        return self.connection


class SessionAdapter(BaseHTTPAdapter):
    """Serves the SDK's requests over one SSH channel, kept open between them."""

    __attrs__ = (*requests.adapters.HTTPAdapter.__attrs__, "pool")

    def __init__(self, session: Session, timeout: float, permit: Permit) -> None:
        self.pool = _Pool(session, timeout, permit)
        super().__init__()

    def get_connection(self, *_: object, **__: object) -> object:
        """The one pool, whatever the address (requests before 2.32)."""
        return self.pool

    get_connection_with_tls_context = get_connection
    """The same for requests from 2.32 on."""

    def request_url(self, request: Any, *_: object) -> str:
        """The path alone: there is no proxy between us and the engine."""
        return str(request.path_url)

    def close(self) -> None:
        """Close the channel."""
        self.pool.close()


class EngineClient(docker.APIClient):
    """The SDK's low-level client on a session. One per thread; close it after use.

    Speaks the engine's own API version, so that 20.10 and 29 both answer. Keeps to the ``limits`` of the step it is
    lent to: no write is sent without the lock.
    """

    def __init__(
        self, session: Session, *, timeout: float = 60.0, watched: Watched = lambda client: nullcontext()
    ) -> None:
        self._watched = watched
        self._adapter = SessionAdapter(session, timeout, lambda: self.limits.check())
        self.limits = Limits()
        self.host = session.host
        super().__init__(base_url=BASE, version="auto", timeout=round(timeout))

    def _retrieve_server_version(self) -> str:
        self.mount(BASE, self._adapter)
        return str(super()._retrieve_server_version())

    def send(self, request: object, **more: object) -> object:
        """One request, watched over until its answer begins."""
        with self._watched(self):
            return super().send(request, **more)

    def cut(self) -> None:
        """End the request that waits, from another thread."""
        sock = self._adapter.pool.connection and self._adapter.pool.connection.sock
        if sock:
            with suppress(OSError, EOFError):
                sock.shutdown(socket.SHUT_RDWR)
                sock.close()

    def pause(self, seconds: float) -> bool:
        """Wait before looking again; false where the step has no time left. Raises as ``Limits.pause``."""
        return self.limits.pause(seconds)

    def write(
        self, path: str, body: Mapping[str, object], *, headers: Mapping[str, str] | None = None, **params: object
    ) -> None:
        """A write to the Engine API where the SDK's own method would add defaults of its own."""
        self._raise_for_status(self._post_json(self._url(path), data=body, headers=dict(headers or {}), params=params))

    def read(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        filters: Mapping[str, Sequence[str]] | None = None,
    ) -> Any:
        """A GET of the Engine API, decoded. Raises ``APIError``."""
        query = {"filters": json.dumps(filters)} if filters else {}
        response = self._get(self._url(path), headers=dict(headers or {}), params=query)
        self._raise_for_status(response)
        return response.json()

    def task_log(self, task: str, lines: int) -> bytes:
        """The last lines of a task's output, in the engine's multiplexed framing."""
        query = {"stdout": 1, "stderr": 1, "tail": lines, "follow": 0}
        response = self._get(self._url("/tasks/{0}/logs", task), params=query, timeout=10)
        self._raise_for_status(response)
        return bytes(response.content)

    def service_log(self, service: str, query: Mapping[str, object]) -> Iterator[bytes]:
        """A service's log as it comes, framed as ``task_log``. Waits for ever where the query says to follow."""
        patience = None if query.get("follow") else self.timeout
        response = self._get(self._url("/services/{0}/logs", service), params=query, stream=True, timeout=patience)
        self._raise_for_status(response)
        yield from response.iter_content(chunk_size=None)
