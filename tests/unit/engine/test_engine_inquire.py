"""Questions to registries through a manager: an answer or a reason for each, whoever is lost."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker.errors import APIError

from skep.engine.registry_logins import Logins
from skep.errors import ConnectError
from skep.model import Registry, Secret
from skep.questions import Inquiry

module = importlib.import_module("skep.engine.inquire")


class Api:
    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def read(self, path: str, *, headers: Any) -> Any:
        self.asked.append((path, headers))
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Host → its engine, or why it cannot be asked; ``closed`` once the clients are."""
    found: dict[str, Any] = {}

    class Clients:
        def __init__(self, pool: Any) -> None:
            self.lock = threading.Lock()

        @contextmanager
        def lend(self, host: str, step: str) -> Iterator[Any]:
            if isinstance(found[host], Exception):
                raise found[host]
            yield found[host]

        def close(self) -> None:
            found["closed"] = True

    monkeypatch.setattr(module, "Clients", Clients)
    return found


def ask(managers: list[str], *images: str) -> dict[str, Any]:
    logins = Logins([Registry("registry.example.com", "ada", Secret("hush"))])
    inquiries = [Inquiry(f"/distribution/{image}/json", image) for image in images]
    return {one.image: answer for one, answer in module.inquire(None, managers, inquiries, logins).items()}  # type: ignore[arg-type]


def test_each_gets_its_answer_or_the_reason(engines: dict[str, Any]) -> None:
    refused = APIError("404", explanation="manifest unknown")
    engines["m1"] = Api({"/distribution/a/json": {"Descriptor": {}}, "/distribution/b/json": refused})
    assert ask(["m1"], "a", "b") == {"a": {"Descriptor": {}}, "b": "manifest unknown"}
    assert engines["closed"]


def test_another_manager_is_asked_where_one_is_lost(engines: dict[str, Any]) -> None:
    engines["m1"], engines["m2"] = ConnectError("gone"), Api({"/distribution/a/json": {"x": 1}})
    assert ask(["m1", "m2"], "a") == {"a": {"x": 1}}


def test_where_nobody_answers_that_is_the_reason(engines: dict[str, Any]) -> None:
    engines["m1"] = ConnectError("m1 cannot be reached")
    assert ask(["m1"], "a") == {"a": "m1 cannot be reached"}
    assert ask([], "a") == {"a": "no manager answers"}
    assert ask([]) == {}


def test_a_login_goes_to_its_own_registry(engines: dict[str, Any]) -> None:
    paths = ("registry.example.com/web", "other.example.com/web")
    engines["m1"] = Api({f"/distribution/{path}/json": {} for path in paths})
    ask(["m1"], *paths)
    reported = dict(engines["m1"].asked)
    assert list(reported[f"/distribution/{paths[0]}/json"]) == ["X-Registry-Auth"]
    assert reported[f"/distribution/{paths[1]}/json"] == {}


@pytest.mark.parametrize("server", ["docker.io", "index.docker.io", "https://index.docker.io/v1/"])
def test_docker_hub_is_the_registry_of_short_names(server: str) -> None:
    logins = Logins([Registry(server, "ada", Secret("hush"))])
    assert logins.header("shop/web:1") is not None
    assert logins.header("docker.io/shop/web:1") is not None


def test_no_login_goes_with_a_question_about_no_image(engines: dict[str, Any]) -> None:
    engines["m1"] = Api({"/networks/n1": {"Name": "host"}})
    logins = Logins([Registry("docker.io", "ada", Secret("hush"))])
    question = Inquiry("/networks/n1")
    assert module.inquire(None, ["m1"], [question], logins) == {question: {"Name": "host"}}  # type: ignore[arg-type]
    assert engines["m1"].asked == [("/networks/n1", {})]
