"""Turns what the SDK and its HTTP layer raise into our errors, by type and status, never by text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected

import requests
import urllib3
from docker.errors import APIError, DockerException, StreamParseError

from skep.errors import ConnectError, EngineFailed, SkepError, StepFailed

UNASKED = (requests.RequestException, urllib3.exceptions.HTTPError, DockerException, StreamParseError)
"""The last is of a stream of events or progress that ended within a message, and no ``DockerException``."""


@contextmanager
def engine_errors(host: str, step: str) -> Iterator[None]:
    """Raise ``StepFailed`` for a refusal by the engine, ``EngineFailed`` for one that may be over soon, and
    ``ConnectError`` when it cannot be asked."""
    try:
        yield
    except APIError as error:
        failed = (error.status_code or 0) >= 500
        raise (EngineFailed if failed else StepFailed)(
            "the engine refused",
            host=host,
            step=step,
            cause=str(error.explanation or error),
        ) from None
    except (*UNASKED, OSError, EOFError) as error:
        cause: BaseException | None = error
        text = str(error) or type(error).__name__
        while cause is not None:
            if isinstance(cause, SkepError):
                raise cause from None
            if isinstance(cause, RemoteDisconnected):
                text = "it closed the connection without an answer"
            cause = cause.__cause__ or cause.__context__
        raise ConnectError(
            "the engine cannot be asked",
            host=host,
            step=step,
            cause=text,
            next_action="check on the host: systemctl status docker",
        ) from None
