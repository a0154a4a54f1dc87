"""Specs compared: what means the same is the same, and what does not is reported where it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from skep.swarm.comparing import comparable, differences, effect, unlisted
from skep.swarm.image import short

NAMES = {"n" * 25: "web_default", "c" * 25: "web_page"}


def spec(**changes: Any) -> dict[str, Any]:
    """A service as it is sent; keys of its container with ``c_``, of its task with ``t_``."""
    container = {"Image": "busybox:1"} | {k[2:]: v for k, v in changes.items() if k.startswith("c_")}
    task = {"ContainerSpec": container} | {k[2:]: v for k, v in changes.items() if k.startswith("t_")}
    rest = {key: value for key, value in changes.items() if key[:2] not in ("c_", "t_")}
    return {"Name": "web_app", "Labels": {}, "TaskTemplate": task, "Mode": {"Replicated": {"Replicas": 1}}} | rest


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before = copy.deepcopy((old, new))
    lines = [str(change) for change in differences(old, new, NAMES)]
    assert (old, new) == before
    return lines


FILE = {"File": {"Name": "/page", "UID": "0", "GID": "0", "Mode": 292}, "ConfigName": "web_page"}
NO_PRIVILEGES = {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False}


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ({}, {"Mode": {}}),
        ({}, {"Mode": {"Replicated": {}}}),
        ({}, {"EndpointSpec": {"Mode": "vip"}}),
        ({}, {"c_Isolation": "default", "c_Privileges": NO_PRIVILEGES}),
        ({}, {"t_Resources": {}, "t_Placement": {}, "t_ForceUpdate": 3, "t_Runtime": "container"}),
        ({}, {"t_Placement": {"Platforms": [{"Architecture": "amd64", "OS": "linux"}]}}),
        ({}, {"c_Env": [], "c_Args": None, "c_TTY": False, "c_DNSConfig": {}}),
        ({"c_Env": ["A=1", "B=2"]}, {"c_Env": ["B=2", "A=1"]}),
        ({"c_Hosts": ["1.1.1.1 a", "2.2.2.2 b"]}, {"c_Hosts": ["2.2.2.2 b", "1.1.1.1 a"]}),
        ({"t_Networks": [{"Target": "web_default"}]}, {"t_Networks": [{"Target": "n" * 25}]}),
        ({"t_Networks": [{"Target": "host"}]}, {"t_Networks": [{"Target": "x" * 25}]}),
        ({"t_Networks": [{"Target": "web_default"}]}, {"Networks": [{"Target": "n" * 25}]}),
        (
            {"t_Networks": [{"Target": "web_default", "Aliases": ["a", "b"]}]},
            {"t_Networks": [{"Target": "n" * 25, "Aliases": ["b", "a"]}]},
        ),
        ({"c_Configs": [FILE]}, {"c_Configs": [{**FILE, "ConfigID": "c" * 25}]}),
        (
            {"EndpointSpec": {"Ports": [{"TargetPort": 80}]}},
            {"EndpointSpec": {"Ports": [{"TargetPort": 80, "Protocol": "tcp", "PublishMode": "ingress"}]}},
        ),
        ({"t_RestartPolicy": {"MaxAttempts": 3}}, {"t_RestartPolicy": {"Condition": "any", "MaxAttempts": 3}}),
        (
            {"UpdateConfig": {"Parallelism": 2}},
            {"UpdateConfig": {"Parallelism": 2, "FailureAction": "pause", "Order": "stop-first", "MaxFailureRatio": 0}},
        ),
        (
            {"t_Placement": {"Constraints": ["a == 1", "b == 2"]}},
            {"t_Placement": {"Constraints": ["b == 2", "a == 1"]}},
        ),
        ({"c_Mounts": [{"Target": "/data"}]}, {"c_Mounts": [{"Type": "volume", "Target": "/data", "ReadOnly": False}]}),
        (
            {"Mode": {"ReplicatedJob": {"MaxConcurrent": 2}}},
            {"Mode": {"ReplicatedJob": {"MaxConcurrent": 2, "TotalCompletions": 2}}},
        ),
    ],
)
def test_what_the_engine_fills_in_is_no_difference(sent: dict[str, Any], held: dict[str, Any]) -> None:
    assert changes(spec(**held), spec(**sent)) == []
    assert changes(spec(**sent), spec(**held)) == []


@pytest.mark.parametrize(
    ("old", "new", "lines", "replaces"),
    [
        ({}, {"Mode": {"Replicated": {"Replicas": 0}}}, ["Mode.Replicas: 1 → 0"], False),
        ({}, {"Mode": {"Global": {}}}, ["Mode.Mode: replicated → global", "Mode.Replicas: 1 → unset"], True),
        ({}, {"Labels": {"a": "1"}}, ["Labels.a: unset → 1"], False),
        ({}, {"c_Labels": {"a": "1"}}, ["ContainerLabels.a: unset → 1"], True),
        ({"c_Init": None}, {"c_Init": False}, ["Init: unset → false"], True),
        ({}, {"c_StopGracePeriod": 0}, ["StopGracePeriod: unset → 0s"], True),
        ({"t_RestartPolicy": {}}, {"t_RestartPolicy": {"Delay": 0}}, ["RestartPolicy.Delay: unset → 0s"], True),
        ({"c_Env": ["A=1"]}, {"c_Env": ["A=2"]}, ["Env.A: 1 → 2"], True),
        ({"c_Env": ["A=x=y"]}, {"c_Env": ["A=x=z"]}, ["Env.A: x=y → x=z"], True),
        ({"c_Args": ["a", ""]}, {"c_Args": ["a"]}, ['Args: ["a", ""] → ["a"]'], True),
        ({}, {"EndpointSpec": {"Mode": "dnsrr"}}, ["EndpointMode: vip → dnsrr"], True),
        (
            {"EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 8080}]}},
            {"EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishedPort": 8081, "PublishMode": "host"}]}},
            ["Ports.8080:80/tcp ingress: published → unset", "Ports.8081:80/tcp host: unset → published"],
            True,
        ),
        ({}, {"t_Networks": [{"Target": "other"}]}, ["Networks.other.joined: unset → yes"], True),
        ({}, {"c_Configs": [{**FILE, "ConfigName": "b"}]}, None, True),
        (
            {"c_Configs": [FILE]},
            {"c_Configs": [{**FILE, "ConfigName": "web_page_2"}]},
            ["Configs./page.Name: web_page → web_page_2"],
            True,
        ),
        ({}, {"t_Placement": {"Constraints": ["a == 1"]}}, ["Constraints.a == 1: unset → required"], False),
        ({}, {"t_Placement": {"MaxReplicas": 2}}, ["Placement.MaxReplicas: unset → 2"], False),
        ({}, {"c_Healthcheck": {"Test": ["NONE"]}}, ['Healthcheck.Test: unset → ["NONE"]'], True),
        ({}, {"c_Privileges": {"NoNewPrivileges": True}}, ["Privileges.NoNewPrivileges: unset → true"], True),
        ({}, {"UpdateConfig": {"Parallelism": 0}}, None, False),
        (
            {"t_RestartPolicy": {"Condition": "any"}},
            {"t_RestartPolicy": {"Condition": "none"}},
            ["RestartPolicy.Condition: any → none"],
            True,
        ),
        ({"t_RestartPolicy": {"Condition": "any"}}, {}, ["RestartPolicy.Condition: any → unset"], True),
        ({}, {"t_LogDriver": {"Name": "local"}}, ["LogDriver.Name: unset → local"], True),
    ],
)  # fmt: skip
def test_what_differs_is_reported(old: Any, new: Any, lines: list[str] | None, replaces: bool) -> None:
    found = differences(spec(**old), spec(**new), NAMES)
    assert found
    assert lines is None or [str(change) for change in found] == lines
    assert (effect(spec(**old), found) == "its tasks are replaced") == replaces


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"Labels": {"a": "1"}}, "in place"),
        ({}, {"t_Placement": {"MaxReplicas": 2}}, "in place"),
        ({}, {"t_Placement": {"Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.a"}}]}}, "in place"),
        ({}, {"t_Placement": {"Constraints": ["a == 1"]}}, "tasks on nodes that no longer fit are replaced"),
        ({}, {"t_Placement": {"Constraints": ["a == 1"]}, "c_TTY": True}, "its tasks are replaced"),
        ({"Mode": {"GlobalJob": {}}}, {"Mode": {"GlobalJob": {}}, "Labels": {"a": "1"}}, "the job runs again"),
        ({"Mode": {"ReplicatedJob": {}}}, {"Mode": {"ReplicatedJob": {}}, "c_TTY": True}, "the job runs again"),
    ],
)
def test_what_becomes_of_the_tasks(old: Any, new: Any, expected: str) -> None:
    have = spec(**old)
    found = differences(have, spec(**new), NAMES)
    assert effect(have, found) == expected
    if expected != "the job runs again":
        assert effect(have, [], restart=True) == "its tasks are replaced"


def test_nodes_own_networks_are_alike_only_where_one_has_no_name() -> None:
    host, none = spec(t_Networks=[{"Target": "host"}]), spec(t_Networks=[{"Target": "none"}])
    unnamed = spec(t_Networks=[{"Target": "x" * 25}, {"Target": "n" * 25}])
    assert changes(host, none) == ["Networks.host.joined: yes → unset", "Networks.none.joined: unset → yes"]
    assert changes(unnamed, spec(t_Networks=[{"Target": "none"}, {"Target": "web_default"}])) == []
    assert unlisted(unnamed, NAMES) == {"x" * 25}
    assert unlisted(host, NAMES) == set()


@pytest.mark.parametrize("key", ["Labels", "c_Labels", "c_Sysctls"])
def test_a_name_without_a_value_is_not_nothing(key: str) -> None:
    assert changes(spec(), spec(**{key: {"flag": ""}})) != []


def test_a_log_option_without_a_value_is_not_nothing() -> None:
    bare, more = ({"Name": "local", "Options": options} for options in ({"a": "1"}, {"a": "1", "labels": ""}))
    assert changes(spec(t_LogDriver=bare), spec(t_LogDriver=more)) != []


@pytest.mark.parametrize(
    "pair",
    [
        ("A=", "A=empty"),
        ("A", "A=of the node"),
        ("A", "A="),
        ("A=", "B="),
    ],
)
def test_a_variable_without_a_value_is_like_no_other(pair: tuple[str, str]) -> None:
    assert changes(spec(c_Env=[pair[0]]), spec(c_Env=[pair[1]])) != []


def test_short_images() -> None:
    digest = "0123456789ab" + "c" * 52
    assert short(f"busybox:1@sha256:{digest}") == "busybox:1@0123456789ab"
    assert short("busybox:1") == "busybox:1"


def test_sections_hold_nothing_that_is_empty() -> None:
    mode = {"Mode": "replicated", "Replicas": "1"}
    assert comparable(spec(), {}) == {"EndpointMode": "vip", "Image": "busybox:1", "Mode": mode}
