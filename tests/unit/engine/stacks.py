"""Services, tasks and nodes as the Engine API gives them, from a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

STAMP = "2025-06-01T12:00:{:02d}Z"
MODES: dict[str, Callable[[int], dict[str, Any]]] = {
    "replicated": lambda n: {"Replicated": {"Replicas": n}},
    "global": lambda _: {"Global": {}},
    "replicated-job": lambda n: {"ReplicatedJob": {"MaxConcurrent": n, "TotalCompletions": n}},
    "global-job": lambda _: {"GlobalJob": {}},
}


def node(
    name: str, role: str = "worker", state: str = "ready", availability: str = "active", arch: str = "x86_64"
) -> Any:
    return {
        "ID": name,
        "Spec": {"Role": role, "Availability": availability, "Labels": {"zone": "north"}},
        "Description": {"Hostname": name, "Platform": {"OS": "linux", "Architecture": arch}, "Engine": {}},
        "Status": {"State": state, "Addr": "10.0.0.7"},
    }


NODES = {
    one["ID"]: one
    for one in (
        node("m1", "manager"),
        node("w1"),
        node("w2", arch="aarch64"),
        node("down", state="down"),
        node("idle", availability="drain"),
    )
}


def service(name: str = "web_app", **more: Any) -> dict[str, Any]:
    """A service ``web_app`` of the stack ``web``."""
    mode, replicas = more.get("mode", "replicated"), more.get("replicas", 1)
    template: dict[str, Any] = {"ContainerSpec": {"Image": "busybox"}, "Placement": {}}
    if "health" in more:
        template["ContainerSpec"]["Healthcheck"] = {"Test": more["health"]}
    if "policy" in more:
        template["RestartPolicy"] = {"Condition": more["policy"]}
    template["Placement"] = {"Constraints": more.get("constraints"), "Platforms": more.get("platforms")}
    spec = {"Name": name, "Mode": MODES[mode](replicas), "TaskTemplate": template}
    if "monitor" in more:
        spec["UpdateConfig"] = {"Monitor": int(more["monitor"] * 1e9)}
    made: dict[str, Any] = {"ID": f"id-{name}", "Spec": spec}
    if "update" in more:
        made["UpdateStatus"] = {"State": more["update"], "Message": more.get("message", "")}
    if mode.endswith("-job"):
        made["JobStatus"] = {"JobIteration": {"Index": more.get("iteration", 4)}}
    return made


def task(number: int = 1, *, of: Mapping[str, Any] | None = None, **words: Any) -> dict[str, Any]:
    """The ``number`` makes its id; a lower one was made later."""
    state = words.get("state", "running")
    made: dict[str, Any] = {
        "ID": words.get("id", f"t{number}"),
        "ServiceID": of["ID"] if of else "id-web_app",
        "CreatedAt": STAMP.format(59 - number),
        "DesiredState": words.get("desired", "running"),
        "Status": {"State": state, "Timestamp": words.get("since", STAMP.format(59 - number))},
        "NodeID": words.get("node", "m1"),
    }
    if words.get("slot"):
        made["Slot"] = words["slot"]
    if "err" in words:
        made["Status"]["Err"] = words["err"]
    if state in ("running", "failed", "complete"):
        made["Status"]["ContainerStatus"] = {"ContainerID": "c1"}
    if "grace" in words:
        made["Spec"] = {"ContainerSpec": {"StopGracePeriod": int(words["grace"] * 1e9)}}
    if "iteration" in words:
        made["JobIteration"] = {"Index": words["iteration"]}
    return made
