"""Secrets inside data: found, revealed, marked, veiled; and taken out of what is shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from skep.model import Cluster, Host, Registry, Stack
from skep.secret import Redaction, Secret, marked, revealed, secrets_in, unmarked, veiled

TOKEN = Secret("hunter2-token")
DATA = {"plain": 1, "opts": {"token": TOKEN, "url": "udp://x"}, "list": ["a", TOKEN, {"deep": (TOKEN,)}]}


def test_secrets_are_found_at_any_depth() -> None:
    assert list(secrets_in(DATA)) == [TOKEN] * 3
    assert list(secrets_in({"a": [1, "hunter2", None]})) == []


def test_secrets_of_a_whole_cluster_are_found() -> None:
    cluster = Cluster(
        "lab",
        hosts=(Host("m1", "10.0.0.1", "manager", daemon={"log-opts": {"token": Secret("a")}}),),
        stacks=(Stack("web", ("compose.yml",), variables={"KEY": Secret("b"), "N": "2"}),),
        registries=(Registry("r", "me", Secret("c")),),
    )
    assert set(secrets_in(cluster)) == {Secret("a"), Secret("b"), Secret("c"), cluster.nonce}


def test_revealed_is_plain_data() -> None:
    assert json.loads(json.dumps(revealed(DATA)))["list"] == ["a", "hunter2-token", {"deep": ["hunter2-token"]}]


def test_marks_compare_and_tell_nothing_but_that_there_was_a_secret() -> None:
    kept = json.loads(json.dumps(marked(DATA)))
    assert kept == marked(DATA)
    assert kept != marked({**DATA, "opts": {"token": Secret("other"), "url": "udp://x"}})
    assert "hunter2" not in json.dumps(kept)
    assert len(list(secrets_in(unmarked(kept)))) == 3
    assert unmarked({"a": ["plain", 1]}) == {"a": ["plain", 1]}


@pytest.mark.parametrize(
    ("value", "like", "shown"),
    [
        ("old", Secret("new"), "***"),
        ({"port": 1}, Secret("new"), "***"),
        (None, Secret("new"), "None"),
        ("old", "new", "old"),
        ({"token": "old", "url": "x"}, {"token": Secret("new"), "url": "y"}, "{'token': ***, 'url': 'x'}"),
        ({"token": "old", "more": "x"}, {"token": Secret("new")}, "{'token': ***, 'more': 'x'}"),
        (["a", "old"], ["a", Secret("new")], "['a', ***]"),
        ("old", {"token": Secret("new")}, "***"),
        (["old"], {"token": Secret("new")}, "***"),
        ({"a": "old"}, [Secret("new")], "***"),
        ({"a": "old"}, ["new"], "{'a': 'old'}"),
    ],
)
def test_foreign_data_is_veiled_where_a_secret_is_desired(value: Any, like: Any, shown: str) -> None:
    assert str(veiled(value, like)) == shown


def test_what_is_veiled_can_be_hidden_elsewhere() -> None:
    assert list(secrets_in(veiled({"t": "old", "n": [1]}, {"t": TOKEN, "n": TOKEN}))) == [Secret("old"), Secret("[1]")]


VALUE = 'hunter2 "quoted" <&> é\\'


@pytest.mark.parametrize(
    "form",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        repr(VALUE),
        *(base64.b64encode(before + VALUE.encode() + b"tail").decode() for before in (b"", b"u:", b"us:", b"user:")),
        base64.urlsafe_b64encode(b"x" + VALUE.encode()).decode(),
    ],
)
def test_every_form_is_taken_out(form: str) -> None:
    reported = Redaction([Secret(VALUE)]).clean(f"before {form} after")
    assert "***" in reported
    assert reported.startswith("before ") and reported.endswith(" after")
    assert "hunter2" not in reported
    assert len(reported) < len("before *** after") + 14


def test_a_base64_around_it_keeps_none_of_its_bytes_but_those_shared_with_others() -> None:
    secret = "correct horse battery"
    reported = Redaction([Secret(secret)]).clean(base64.b64encode(f"me:{secret}".encode()).decode())
    assert reported == "bWU6***"


def test_a_file_is_taken_out_line_by_line_and_the_longest_first() -> None:
    redaction = Redaction([Secret("-----BEGIN-----\n  MIIEvQ\n-----END-----\n"), Secret("MIIEvQIBADAN")])
    assert redaction.clean("got MIIEvQIBADAN, then MIIEvQ and x") == "got ***, then *** and x"


@pytest.mark.parametrize("value", ["", "2", "web"])
def test_what_is_no_secret_by_its_length_leaves_texts_readable(value: str) -> None:
    assert Redaction([Secret(value)]).clean("web_app: 2 of 2") == "web_app: 2 of 2"


def test_more_can_be_learnt() -> None:
    redaction = Redaction()
    assert redaction.clean("SWMTKN-1") == "SWMTKN-1"
    redaction.learn([Secret("SWMTKN-1")])
    assert redaction.clean("SWMTKN-1") == "***"
