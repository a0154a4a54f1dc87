"""Specs are taken apart in one room; what is read from one, and what a roll-out makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from skep.swarm.references import Reference, named, references, renamed, used, with_ids
from skep.swarm.service import is_job, job_of, mode_of, pinned, replicas_of, with_tasks

ROOT = Path(__file__).parents[3]
KEYS = ("TaskTemplate", "ContainerSpec", "EndpointSpec", "ConfigName", "ConfigID", "SecretName", "SecretID", "IPAM")
BUILDERS = ("skep/compose/service.py", "skep/compose/convert.py")
"""What makes specs of compose files."""
SPEC: dict[str, Any] = {
    "Name": "shop_web",
    "TaskTemplate": {
        "ContainerSpec": {
            "Image": "web:1",
            "Configs": [{"ConfigName": "site", "ConfigID": "c1", "File": {"Name": "/site"}}],
            "Secrets": [{"SecretName": "pass", "SecretID": "s1", "File": {"Name": "pass"}}],
            "Privileges": {"CredentialSpec": {"Config": "c2"}, "NoNewPrivileges": True},
        },
        "Networks": [{"Target": "n1", "Aliases": ["web"]}],
    },
    "Networks": [{"Target": "n2"}],
}
NAMES = {"n1": "front", "n2": "back", "c2": "domain"}


@pytest.mark.parametrize("key", KEYS)
def test_no_other_room_takes_a_spec_apart(key: str) -> None:
    sources = [path for room in ("skep", "roles") for path in sorted((ROOT / room).rglob("*.py"))]
    apart = [str(path.relative_to(ROOT)) for path in sources if f'"{key}"' in path.read_text()]
    assert [path for path in apart if not re.match("skep/swarm/", path) and path not in BUILDERS] == []


def test_every_reference_is_listed_and_rewritten() -> None:
    assert set(references(named(SPEC, NAMES))) == {
        Reference("network", "front"),
        Reference("network", "back"),
        Reference("config", "site"),
        Reference("config", "domain"),
        Reference("secret", "pass"),
    }
    assert used("config", named(SPEC, NAMES)) == {"site", "domain"}


def test_names_and_identifiers_lead_back_and_forth() -> None:
    by_name = named(SPEC, NAMES)
    assert "c1" not in str(by_name) and "s1" not in str(by_name)
    sent = with_ids(by_name, configs={"site": "c1", "domain": "c2"}, secrets={"pass": "s1"})
    assert sent["TaskTemplate"]["ContainerSpec"] == SPEC["TaskTemplate"]["ContainerSpec"]
    with pytest.raises(KeyError):
        with_ids(by_name, configs={"site": "c1"}, secrets={"pass": "s1"})


def test_a_spec_is_never_changed_in_place() -> None:
    before = repr(SPEC)
    named(SPEC, NAMES)
    renamed(SPEC, {Reference("config", "site"): "site_2", Reference("secret", "pass"): "pass_2"})
    with_tasks(SPEC, 3)
    assert repr(SPEC) == before


def test_configs_and_secrets_of_one_name_are_distinguished() -> None:
    again = renamed(named(SPEC, NAMES), {Reference("config", "site"): "site_2", Reference("secret", "site"): "other"})
    assert used("config", again) == {"site_2", "domain"}
    assert used("secret", again) == {"pass"}


@pytest.mark.parametrize(
    ("mode", "name", "job"),
    [
        ({}, "Replicated", False),
        ({"Replicated": {}}, "Replicated", False),
        ({"Global": {}}, "Global", False),
        ({"ReplicatedJob": {"TotalCompletions": 3}}, "ReplicatedJob", True),
        ({"GlobalJob": {}}, "GlobalJob", True),
    ],
)
def test_modes(mode: dict[str, Any], name: str, job: bool) -> None:
    spec = {**SPEC, "Mode": mode}
    assert (mode_of(spec), is_job(spec)) == (name, job)


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_a_number_of_tasks_is_read_as_it_was_set(replicas: int) -> None:
    assert replicas_of(with_tasks(SPEC, replicas)) == replicas
    job = {**SPEC, "Mode": {"ReplicatedJob": {"MaxConcurrent": 2, "TotalCompletions": 2}}}
    assert job_of(with_tasks(job, replicas)) == (replicas, 2)


def test_a_global_service_has_no_number() -> None:
    with pytest.raises(ValueError):
        with_tasks({**SPEC, "Mode": {"Global": {}}}, 2)


def test_platforms_that_a_spec_names_stay() -> None:
    answer = {"Descriptor": {"digest": "sha256:1"}, "Platforms": [{"architecture": "ARM", "os": "linux"}]}
    template = pinned(SPEC, {"web:1": answer})["TaskTemplate"]
    assert template["ContainerSpec"]["Image"] == "web:1@sha256:1"
    assert template["Placement"] == {"Platforms": [{"Architecture": "", "OS": "linux"}]}
    own = {**SPEC, "TaskTemplate": {**SPEC["TaskTemplate"], "Placement": {"Platforms": []}}}
    assert pinned(own, {"web:1": answer})["TaskTemplate"]["Placement"] == {"Platforms": []}
