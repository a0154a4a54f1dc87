"""Whether the services of a stack run as wanted, told from their tasks and never from the CLI's exit status."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from docker.errors import APIError

from skep.engine.transport import EngineClient
from skep.errors import StepFailed

DEFAULT_MONITOR = 5.0
"""Seconds; what Docker takes where an update_config names no monitor."""

LOG_LINES = 10


def stack_converged(api: EngineClient, stack: str) -> list[str]:
    """What is still missing, a phrase a service; empty when all run as wanted.

    Raises ``StepFailed`` when a roll-out paused or rolled back: waiting longer cannot help.
    """
    label = f"com.docker.stack.namespace={stack}"
    services = api.services(filters={"label": label}, status=True)
    tasks = api.tasks(filters={"label": label})
    now = parse_time(api.info()["SystemTime"])
    nodes = {node["ID"] for node in api.nodes() if node["Status"]["State"] == "ready"}
    missing = []
    for service in services:
        own = [task for task in tasks if task["ServiceID"] == service["ID"]]
        _refuse_stuck(api, service, own)
        phrase = _missing(service, own, now, nodes)
        if phrase:
            missing.append(f"{service['Spec']['Name']}: {phrase}")
    return sorted(missing)


def failure_report(api: EngineClient, stack: str) -> str:
    """Why a stack does not run: of each service the newest failing task, its node, error and last log lines."""
    label = f"com.docker.stack.namespace={stack}"
    tasks = api.tasks(filters={"label": label})
    lines: list[str] = []
    for service in api.services(filters={"label": label}):
        own = [task for task in tasks if task["ServiceID"] == service["ID"]]
        lines += _task_report(api, service, own)
    states = Counter(task["Status"]["State"] for task in tasks if task["DesiredState"] == "running")
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return "\n".join(lines) or f"no task has told an error; tasks: {counted or 'none'}"


def _refuse_stuck(api: EngineClient, service: dict[str, Any], tasks: list[dict[str, Any]]) -> None:
    state = (service.get("UpdateStatus") or {}).get("State", "")
    if state in ("paused", "rollback_started", "rollback_paused", "rollback_completed"):
        raise StepFailed(
            f"the roll-out of {service['Spec']['Name']} ended as {state}",
            cause="\n".join([service["UpdateStatus"].get("Message", ""), *_task_report(api, service, tasks)]),
            next_action="mend the stack's files and run again",
        )


def _missing(service: dict[str, Any], tasks: list[dict[str, Any]], now: datetime, nodes: set[str]) -> str | None:
    mode = service["Spec"]["Mode"]
    if "ReplicatedJob" in mode or "GlobalJob" in mode:
        status = service.get("ServiceStatus") or {}
        done = status.get("CompletedTasks", 0)
        wanted = status.get("DesiredTasks", 0) + done
        total = (mode.get("ReplicatedJob") or {}).get("TotalCompletions", wanted)
        return None if done >= total else f"{done} of {total} complete"
    if (service.get("UpdateStatus") or {}).get("State") == "updating":
        return "updating"
    current = [task for task in tasks if task["DesiredState"] == "running" and _is_current(task, service)]
    running = [task for task in current if task["Status"]["State"] == "running"]
    if "Global" in mode:
        meant = {task.get("NodeID") for task in tasks if task["DesiredState"] == "running"}
        wanted = len(meant & nodes)
        if not tasks:
            return "no task yet"
    else:
        wanted = (mode.get("Replicated") or {}).get("Replicas", 1)
    if len(running) < wanted:
        return f"{len(running)} of {wanted} running"
    monitor = _monitor(service)
    if any((now - parse_time(task["Status"]["Timestamp"])).total_seconds() < monitor for task in running):
        return f"{len(running)} of {wanted} running, watched for {monitor:g} s"
    return None


def _is_current(task: dict[str, Any], service: dict[str, Any]) -> bool:
    wanted = service["Spec"]["TaskTemplate"]
    keys = ("ContainerSpec", "ForceUpdate", "Resources", "Placement")
    return all(task["Spec"].get(key) == wanted.get(key) for key in keys)


def _monitor(service: dict[str, Any]) -> float:
    """Seconds its tasks have to have run; none where a health check says that they do."""
    check = service["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Healthcheck") or {}
    if check.get("Test") and check["Test"][0] != "NONE":
        return 0.0
    nanoseconds = (service["Spec"].get("UpdateConfig") or {}).get("Monitor")
    return nanoseconds / 1e9 if nanoseconds else DEFAULT_MONITOR


def _task_report(api: EngineClient, service: dict[str, Any], tasks: list[dict[str, Any]]) -> list[str]:
    bad = [task for task in tasks if task["Status"].get("Err")]
    if not bad:
        return []
    newest = max(bad, key=lambda task: str(task["Status"]["Timestamp"]))
    names = {node["ID"]: node["Description"].get("Hostname", "") for node in api.nodes()}
    place = names.get(newest.get("NodeID", ""), "no node")
    name = f"{service['Spec']['Name']}.{newest.get('Slot', newest.get('NodeID', '?'))}"
    return [f"task {name} on {place}: {newest['Status']['Err']}", *_last_log(api, newest["ID"])]


def _last_log(api: EngineClient, task: str) -> list[str]:
    try:
        framed = api.task_log(task, LOG_LINES)
    except (APIError, OSError):
        return []
    text = re.sub(rb"[\x01\x02]\x00\x00\x00....", b"", framed, flags=re.S).decode(errors="replace")
    return [f"  log: {line}" for line in text.splitlines()[-LOG_LINES:]]


def parse_time(text: str) -> datetime:
    """RFC 3339 as the engine writes it, nanoseconds cut to microseconds."""
    match = re.fullmatch(r"(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not match:
        raise ValueError(f"not a time: {text}")
    whole, fraction, zone = match.groups()
    moment = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    return (moment + (datetime.resolution * int((fraction or "0")[:6].ljust(6, "0")))).astimezone(UTC)
