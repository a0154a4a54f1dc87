"""Records of what was rolled out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skep.swarm.revision import Revision, last_done, name_of, pack, read_revision

CONTENT = {"services": {"web_app": {"Name": "web_app"}}, "changes": ["ü → x"]}


def config(**labels: str) -> dict[str, Any]:
    spec = {"Name": "skep.web.3", "Labels": {"skep.stack": "web", "skep.revision": "3"} | labels, "Data": pack(CONTENT)}
    return {"ID": "c1", "CreatedAt": "2026-01-01T00:00:00Z", "Spec": spec}


def test_what_was_packed_is_read() -> None:
    found = read_revision(config(**{"skep.state": "done", "skep.who": "ada", "skep.commit": "abc", "skep.cause": "x"}))
    assert found is not None
    assert found.content == CONTENT
    assert (found.stack, found.number, found.done, found.id) == ("web", 3, True, "c1")
    assert (found.who, found.commit, found.cause, found.time) == ("ada", "abc", "x", "2026-01-01T00:00:00Z")
    assert found.name == name_of("web", 3) == "skep.web.3"


@pytest.mark.parametrize("state", ["", "begun", "other"])
def test_only_what_was_seen_to_run_is_done(state: str) -> None:
    found = read_revision(config(**{"skep.state": state}))
    assert found is not None
    assert not found.done


@pytest.mark.parametrize("labels", [None, {}, {"skep.stack": "web"}, {"skep.revision": "3"}, {"skep.revision": "x"}])
def test_other_configs_are_none(labels: Any) -> None:
    assert read_revision({"ID": "c1", "Spec": {"Name": "web_page", "Labels": labels, "Data": "eA=="}}) is None


def test_a_record_of_the_old_form_is_none() -> None:
    labels = {"skep.stack": "web", "skep.digest": "abc", "skep.services": "web_app:123"}
    assert read_revision({"ID": "c1", "Spec": {"Name": "skep.web.abc", "Labels": labels, "Data": "c2tlcA=="}}) is None


def test_packing_is_stable_and_small() -> None:
    """A config holds at most 1000 KB: https://docs.docker.com/engine/swarm/configs."""
    assert pack({"a": 1, "b": 2}) == pack(json.loads('{"b": 2, "a": 1}'))
    variables = [f"VARIABLE_{number}=value {number * 7919}" for number in range(50)]
    services = {f"web_s{place}": {"Name": f"web_s{place}", "Env": [*variables, str(place)]} for place in range(100)}
    assert len(pack({"services": services})) < len(json.dumps(services)) / 10


def test_what_a_record_holds_is_not_in_its_repr() -> None:
    assert pack(CONTENT)[:20] not in repr(read_revision(config()))


def test_the_last_that_ran() -> None:
    assert last_done([]) is None
    assert last_done([Revision("web", 1, done=False)]) is None
    found = last_done([Revision("web", 1), Revision("web", 2), Revision("web", 3, done=False)])
    assert found is not None
    assert found.number == 2
