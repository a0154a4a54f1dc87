"""Logins by a real ``config.json`` and a real helper on PATH."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skep.engine.inquire import inquire
from skep.engine.registry_logins import Logins, server_of
from skep.errors import StepFailed
from skep.model import Registry, Secret
from skep.questions import Inquiry
from skep.ssh import Pool

HUB = "https://index.docker.io/v1/"
HELPER = """#!/bin/sh
server=$(cat)
echo "$server" >>{log}
case $server in
  token.example) echo '{{"ServerURL": "x", "Username": "<token>", "Secret": "long-lived"}}' ;;
  none.example) echo 'credentials not found in native keychain'; exit 1 ;;
  broken.example) echo 'the keychain is locked'; exit 1 ;;
  odd.example) echo 'hunter2' ;;
  *) echo '{{"ServerURL": "x", "Username": "helped", "Secret": "pw"}}' ;;
esac
"""
Configure = Callable[..., Path]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write ``config.json`` and put the helper ``test`` on PATH; gives the file that helper notes servers in."""
    log = tmp_path / "asked"
    log.touch()
    helper = tmp_path / "docker-credential-test"
    helper.write_text(HELPER.format(log=log))
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def write(**config: Any) -> Path:
        (tmp_path / "config.json").write_text(json.dumps(config))
        return log

    return write


def plain(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def login(logins: Logins, image: str) -> dict[str, str] | None:
    header = logins.header(image)
    return json.loads(base64.urlsafe_b64decode(header.reveal())) if header else None


def by(username: str, server: str) -> dict[str, str]:
    return {"username": username, "password": "pw", "serveraddress": server}


@pytest.mark.parametrize(
    ("image", "server"),
    [
        ("busybox", "docker.io"),
        ("someone/app:1", "docker.io"),
        ("docker.io/library/busybox", "docker.io"),
        ("index.docker.io/someone/app", "docker.io"),
        ("localhost/app", "localhost"),
        ("registry:5000/app", "registry:5000"),
        ("ghcr.io/a/b@sha256:00", "ghcr.io"),
    ],
)
def test_the_registry_of_an_image(image: str, server: str) -> None:
    assert server_of(image) == server


@pytest.mark.parametrize("server", ["docker.io", "index.docker.io", "https://index.docker.io/v1/"])
def test_the_inventory_comes_first(configure: Configure, server: str) -> None:
    configure(auths={HUB: plain("file", "pw"), "r.example": plain("file", "pw")})
    logins = Logins([Registry(server, "ours", Secret("pw"))])
    assert login(logins, "busybox") == by("ours", HUB)
    assert login(logins, "r.example/app") == by("file", "r.example")
    assert login(logins, "other.example/app") is None


@pytest.mark.parametrize("name", ["r.example", "https://r.example", "http://r.example/v2/"])
def test_names_of_servers_in_the_file(configure: Configure, name: str) -> None:
    configure(auths={name: plain("file", "pw")}, HttpHeaders={"X": "y"})
    assert login(Logins([]), "r.example/app") == by("file", "r.example")
    assert login(Logins([]), "r.example:5000/app") is None


def test_docker_hub_and_identity_tokens_of_the_file(configure: Configure) -> None:
    configure(auths={HUB: plain("file", "pw"), "t.example": {"auth": "", "identitytoken": "tok"}, "n.example": {}})
    assert login(Logins([]), "someone/app") == by("file", HUB)
    assert login(Logins([]), "t.example/app") == {"serveraddress": "t.example", "identitytoken": "tok"}
    assert login(Logins([]), "n.example/app") is None


def test_the_store_and_a_helper_of_one_server(configure: Configure) -> None:
    log = configure(auths={"none.example": plain("file", "pw")}, credsStore="test")
    assert login(Logins([]), "busybox") == by("helped", HUB)
    assert login(Logins([]), "token.example/app") == {"serveraddress": "token.example", "identitytoken": "long-lived"}
    assert login(Logins([]), "none.example/app") == by("file", "none.example")
    assert log.read_text().split() == [HUB, "token.example", "none.example"]
    configure(credHelpers={"r.example": "test"})
    assert login(Logins([]), "r.example/app") == by("helped", "r.example")
    assert login(Logins([]), "busybox") is None


def test_without_a_file_there_is_no_login(configure: Configure) -> None:
    assert login(Logins([]), "busybox") is None


def test_each_server_is_asked_once_from_many_threads(configure: Configure) -> None:
    log = configure(credsStore="test")
    hidden: list[Secret] = []
    logins = Logins([], hidden.extend)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(logins.header, ["a.example/x", "b.example/x", "a.example/y"] * 8))
    assert sorted(log.read_text().split()) == ["a.example", "b.example"]
    assert len(set(found)) == 2
    assert set(hidden) == {Secret("pw"), *found}


@pytest.mark.parametrize(
    ("image", "config", "said"),
    [
        ("broken.example/app", {"credsStore": "test"}, "the keychain is locked"),
        ("odd.example/app", {"credsStore": "test"}, "protocol"),
        ("busybox", {"credsStore": "missing"}, "not installed"),
    ],
)
def test_a_helper_that_fails_is_named(configure: Configure, image: str, config: dict[str, str], said: str) -> None:
    configure(**config)
    logins = Logins([])
    for _ in range(2):
        with pytest.raises(StepFailed) as raised:
            logins.header(image)
        text = str(raised.value)
        assert f"docker-credential-{config['credsStore']}" in text
        assert said in text
        assert "registries: in the inventory" in text
        assert "hunter2" not in text
    asked = Inquiry(f"/distribution/{image}/json", image)
    answer = inquire(Pool((), {}), ["m1"], [asked], logins)[asked]
    assert isinstance(answer, str)
    assert f"docker-credential-{config['credsStore']}" in answer
    assert said in answer


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": {"r.example": {"auth": "bm9jb2xvbg=="}}}', '{"auths": {"r": 1}}']
)
def test_a_wrong_file_is_named(configure: Configure, tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(StepFailed) as raised:
        Logins([]).header("busybox")
    assert str(tmp_path / "config.json") in raised.value.message
    assert raised.value.next_action
