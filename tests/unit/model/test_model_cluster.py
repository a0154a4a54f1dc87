"""The model is frozen, and a secret in it never shows itself."""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import FrozenInstanceError, asdict, replace
from pprint import pformat
from typing import Any

import pytest
import yaml

from skep.model import Access, Cluster, Host, Registry, Secret, Stack, reveal

VALUE = "hunter2-very-secret"
SECRET = Secret(VALUE)


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        f"{SECRET!s:>20}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031
        "{}".format(SECRET),  # noqa: UP032
        repr([SECRET]),
        repr({"password": SECRET}),
        pformat({"password": SECRET}),
        json.dumps({"password": SECRET}, default=str),
        json.dumps({"password": SECRET}, default=repr),
        repr(Access(password=SECRET, sudo_password=SECRET)),
        repr(Registry("registry.example", "user", SECRET)),
        repr(Stack(name="web", compose=("compose.yml",), variables={"KEY": SECRET})),
        repr(Cluster(name="lab", hosts=(), registries=(Registry("registry.example", "user", SECRET),))),
        logging.makeLogRecord({"msg": "log in with %s", "args": (SECRET,)}).getMessage(),
    ],
)
def test_a_secret_shows_as_stars(shown: str) -> None:
    assert VALUE not in shown
    assert "***" in shown


def test_a_secret_takes_no_format_that_would_show_it() -> None:
    with pytest.raises(TypeError):
        format(SECRET, ">30")


def test_a_secret_stays_hidden_in_a_traceback() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        assert VALUE not in traceback.format_exc()


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_a_secret_cannot_be_written_out_by_accident(dump: Any) -> None:
    with pytest.raises((TypeError, yaml.YAMLError)):
        dump({"password": SECRET})


def test_a_secret_can_be_compared_and_revealed() -> None:
    assert Secret(VALUE) == SECRET
    assert hash(SECRET) == hash(Secret(VALUE))
    assert SECRET.reveal() == reveal(SECRET) == reveal(VALUE) == VALUE


def test_a_secret_is_frozen() -> None:
    with pytest.raises(AttributeError):
        SECRET._value = "other"


def test_managers_and_workers_keep_the_inventorys_order() -> None:
    hosts = [Host("b", "10.0.0.2", "manager"), Host("w", "10.0.0.3", "worker"), Host("a", "10.0.0.1", "manager")]
    cluster = Cluster(name="lab", hosts=tuple(hosts))
    assert [host.name for host in cluster.managers] == ["b", "a"]
    assert [host.name for host in cluster.workers] == ["w"]


def test_a_host_is_found_by_name() -> None:
    cluster = Cluster(name="lab", hosts=(Host("a", "10.0.0.1", "manager"),))
    assert cluster.host("a").address == "10.0.0.1"
    with pytest.raises(KeyError):
        cluster.host("b")


def test_what_is_desired_cannot_be_changed_in_place() -> None:
    host = Host("a", "10.0.0.1", "manager")
    with pytest.raises(FrozenInstanceError):
        host.role = "worker"  # type: ignore[misc]
    assert replace(host, role="worker").role == "worker"


def test_a_dataclass_that_holds_a_secret_does_not_show_it_as_a_dict() -> None:
    shown = asdict(Registry("registry.example.com", "me", Secret("hunter2")))
    assert "hunter2" not in repr(shown)
    assert shown["password"] == Secret("hunter2")
