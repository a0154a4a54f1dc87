"""A stand-in for the engine's client that answers from given JSON and notes what is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError


class FakeApi:
    """``answers`` maps a method of the client to what it gives: a value, or a list of values given one after another
    (``Turns``). Calls are noted as ``(method, arguments)``."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args, kwargs))
            answer = self.answers.get(name)
            if isinstance(answer, Turns):
                answer = answer.next()
            if isinstance(answer, Exception):
                raise answer
            return answer(*args, **kwargs) if callable(answer) else answer

        return call

    def pause(self, seconds: float) -> bool:
        """No time goes by; ``hurry`` in ``answers`` is a step that has none left."""
        return "hurry" not in self.answers

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """The positional arguments of each call of a method."""
        return [args for method, args, _ in self.calls if method == name]


class Turns:
    """Answers given one after another; the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Response:
    def __init__(self, status: int) -> None:
        self.status_code = status
        self.reason = "refused"
        self.url = "http+docker://test"


def refusal(status: int, text: str = "no") -> APIError:
    """What the client raises when the engine refuses."""
    return APIError(text, response=_Response(status), explanation=text)


@pytest.fixture(autouse=True)
def no_logins_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def fake() -> type[FakeApi]:
    return FakeApi


@pytest.fixture
def turns() -> type[Turns]:
    return Turns


@pytest.fixture
def refuse() -> Callable[..., APIError]:
    return refusal
