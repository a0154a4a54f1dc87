"""What the SDK raises becomes one of our failures, with the place and the cause."""

from __future__ import annotations

from http.client import RemoteDisconnected
from typing import Any

import pytest
import requests
import urllib3
from docker.errors import DockerException, StreamParseError

from skep.engine.failures import engine_errors
from skep.errors import ConnectError, EngineFailed, HostKeyError, StepFailed


def test_a_refusal_is_a_failed_step(refuse: Any) -> None:
    with pytest.raises(StepFailed) as failure, engine_errors("m1", "swarm/init"):
        raise refuse(400, "invalid address")
    assert failure.value.lines()[:2] == ["m1: swarm/init: the engine refused", "  cause: invalid address"]
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, StepFailed), (409, StepFailed), (500, EngineFailed), (503, EngineFailed)]
)
def test_a_failure_of_the_engine_itself_may_be_over_soon(refuse: Any, status: int, kind: type) -> None:
    with pytest.raises(StepFailed) as failure, engine_errors("m1", "swarm/init"):
        raise refuse(status, "context deadline exceeded")
    assert type(failure.value) is kind


@pytest.mark.parametrize(
    "raised",
    [
        requests.ConnectionError("gone"),
        urllib3.exceptions.ProtocolError("gone"),
        DockerException("gone"),
        StreamParseError("gone"),
        OSError("gone"),
        EOFError("gone"),
    ],
)
def test_an_engine_that_cannot_be_asked_is_a_connection_lost(raised: Exception) -> None:
    with pytest.raises(ConnectError) as failure, engine_errors("m1", "swarm/init"):
        raise raised
    assert failure.value.cause == "gone"


def test_an_error_without_words_is_named(refuse: Any) -> None:
    with pytest.raises(ConnectError) as failure, engine_errors("m1", "swarm/init"):
        raise EOFError
    assert failure.value.cause == "EOFError"


def test_our_own_failure_inside_comes_out_as_it_was() -> None:
    ours = HostKeyError("the host key changed", host="m1")
    with pytest.raises(HostKeyError) as failure, engine_errors("m1", "swarm/init"):
        try:
            raise ours
        except HostKeyError as error:
            raise requests.ConnectionError("gone") from error
    assert failure.value is ours


def test_other_errors_pass() -> None:
    with pytest.raises(LookupError), engine_errors("m1", "swarm/init"):
        raise LookupError("2 nodes are called m1")


def test_a_connection_that_ends_without_an_answer_is_reported_in_words() -> None:
    with pytest.raises(ConnectError) as failure, engine_errors("m1", "swarm/init"):
        try:
            raise RemoteDisconnected("Remote end closed connection without response")
        except RemoteDisconnected as ended:
            raise requests.ConnectionError(ended) from ended
    assert failure.value.cause == "it closed the connection without an answer"
