"""Logins to registries: the inventory's first, else those of Docker's own ``config.json`` and its helpers."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any

from skep.errors import SkepError, StepFailed
from skep.model import Registry, Secret

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
"""What Docker Hub is called in ``config.json``, by helpers and in logins."""


class Logins:
    """Asks for each server once, from whatever thread; ``hide`` gets what no error may show."""

    def __init__(self, registries: Sequence[Registry], hide: Callable[[list[Secret]], None] = lambda _: None) -> None:
        self._registries = {normal(registry.server): registry for registry in registries}
        self._hide = hide
        self._lock = Lock()
        self._headers: dict[str, Future[Secret | None]] = {}
        self._config: Any = None

    def header(self, image: str) -> Secret | None:
        """``X-Registry-Auth`` for the image's registry; ``None``: no login. Raises ``StepFailed``."""
        server = server_of(image)
        with self._lock:
            first = server not in self._headers
            answer = self._headers.setdefault(server, Future())
        if first:
            try:
                answer.set_result(self._header(server))
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()

    def _header(self, server: str) -> Secret | None:
        registry = self._registries.get(server)
        if registry is not None:
            login = {"username": registry.username, "password": registry.password.reveal()}
        else:
            login = self._configured(server)
        if not login:
            return None
        text = json.dumps({"serveraddress": HUB_KEY if server == HUB else server, **login})
        header = Secret(base64.urlsafe_b64encode(text.encode()).decode())
        self._hide([header, *(Secret(login[key]) for key in ("password", "identitytoken") if key in login)])
        return header

    def _configured(self, server: str) -> dict[str, str]:
        """The login in Docker's configuration; empty where there is none."""
        with self._lock:
            if self._config is None:
                self._config = _read(config_file())
            config = self._config
        helper = config.get_credential_store(server)
        program = f"docker-credential-{helper}"
        if helper and shutil.which(program) is None:
            raise _helper_failed(program, server, "it is not installed, or not in PATH")
        try:
            found: Mapping[str, object] = config.resolve_authconfig(server) or {}
        except Exception as error:
            raise _helper_failed(program, server, _reason(error)) from None
        login = {key.lower(): str(value) for key, value in found.items() if value}
        login.pop("serveraddress", None)
        return login if {"username", "identitytoken"} & set(login) else {}


def server_of(image: str) -> str:
    """The registry of an image, as Docker reads image names."""
    first, slash, _ = image.partition("/")
    named = any(char in first for char in ".:") or first == "localhost" or first != first.lower()
    return normal(first) if slash and named else HUB


def normal(server: str) -> str:
    """A server's name without scheme and path; all names of Docker Hub are one."""
    host = server.partition("://")[2] if "://" in server else server
    host = host.partition("/")[0]
    return HUB if host in ("index.docker.io", "registry-1.docker.io") else host


def config_file() -> Path:
    """Docker's configuration of the user: in ``DOCKER_CONFIG``, else in ``~/.docker``."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _read(path: Path) -> object:
    """An ``AuthConfig`` of the Docker SDK. Raises ``StepFailed`` for a file that is wrong."""
    from docker import auth

    try:
        content = json.loads(path.read_text()) if path.is_file() else {}
        entries = {name: {key: value for key, value in entry.items() if value} for name, entry in _auths(content)}
        stores = {key: content[key] for key in ("credsStore", "credHelpers") if content.get(key)}
        return auth.AuthConfig({"auths": auth.parse_auth(entries, raise_on_error=True), **stores})
    except (OSError, ValueError, AttributeError, TypeError) as error:
        reason = str(error) if isinstance(error, OSError | json.JSONDecodeError) else "an entry of auths is malformed"
        raise StepFailed(
            f"{path} cannot be read",
            cause=reason,
            next_action="fix it (docker login writes it), or name the login under registries: in the inventory",
        ) from None


def _auths(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, object]]]:
    return list((content.get("auths") or {}).items())


def _helper_failed(program: str, server: str, reason: str) -> SkepError:
    return StepFailed(
        f"the credential helper {program} gives no login for {server}",
        cause=reason,
        next_action=f"try it (echo {HUB_KEY if server == HUB else server} | {program} get),"
        " or name the login under registries: in the inventory",
    )


def _reason(error: Exception) -> str:
    """What the helper said; nothing of an answer that is not understood, for it may hold a password."""
    from docker.credentials.errors import StoreError

    cause = error.__cause__
    return str(cause).strip() if isinstance(cause, StoreError) else "its answer is not what Docker's protocol asks for"
