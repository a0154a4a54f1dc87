"""When a stack runs as wanted, and what is said when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skep.engine.services import failure_report, parse_time, stack_converged
from skep.errors import StepFailed

NOW = "2025-06-01T12:00:00.000000001Z"
LONG_AGO = "2025-06-01T11:00:00Z"
JUST_NOW = "2025-06-01T11:59:58Z"
TEMPLATE: dict[str, Any] = {"ContainerSpec": {"Image": "busybox:1"}, "ForceUpdate": 0, "Placement": {}}
OLD: dict[str, Any] = TEMPLATE | {"ContainerSpec": {"Image": "busybox:0"}}
NODES = [
    {"ID": "n1", "Description": {"Hostname": "m1"}, "Status": {"State": "ready"}},
    {"ID": "n2", "Description": {"Hostname": "w1"}, "Status": {"State": "ready"}},
    {"ID": "n3", "Description": {"Hostname": "w2"}, "Status": {"State": "down"}},
]


def service(mode: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    spec = {"Name": "web_app", "Mode": mode or {"Replicated": {"Replicas": 2}}, "TaskTemplate": TEMPLATE}
    return {"ID": "s1", "Spec": spec | more.pop("spec", {}), **more}


def task(state: str = "running", since: str = LONG_AGO, **more: Any) -> dict[str, Any]:
    status = {"State": state, "Timestamp": since} | ({"Err": more.pop("err")} if "err" in more else {})
    return {"ID": "t1", "ServiceID": "s1", "NodeID": "n1", "DesiredState": "running", "Spec": TEMPLATE} | {
        "Status": status,
        **more,
    }


def missing(fake: Any, service: dict[str, Any], *tasks: dict[str, Any]) -> list[str]:
    api = fake(services=[service], tasks=list(tasks), info={"SystemTime": NOW}, nodes=NODES, task_log=b"")
    return stack_converged(api, "web")


@pytest.mark.parametrize(
    ("tasks", "phrase"),
    [
        ([], "0 of 2 running"),
        ([task(), task("preparing")], "1 of 2 running"),
        ([task(), task()], None),
        ([task(), task(), task("shutdown", DesiredState="shutdown")], None),
        ([task(), task(DesiredState="shutdown")], "1 of 2 running"),
        ([task(), task(Spec=OLD)], "1 of 2 running"),
        ([task(), task(since=JUST_NOW)], "2 of 2 running, watched for 5 s"),
        ([task(), task(ServiceID="another")], "1 of 2 running"),
    ],
)
def test_replicas_run_with_the_current_spec_for_the_monitor_time(
    fake: Any, tasks: list[dict[str, Any]], phrase: str | None
) -> None:
    assert missing(fake, service(), *tasks) == ([f"web_app: {phrase}"] if phrase else [])


def test_the_monitor_time_is_the_services_own(fake: Any) -> None:
    short = service({"Replicated": {"Replicas": 1}}, spec={"UpdateConfig": {"Monitor": 1_000_000_000}})
    long = service({"Replicated": {"Replicas": 1}}, spec={"UpdateConfig": {"Monitor": 30_000_000_000}})
    assert missing(fake, short, task(since=JUST_NOW)) == []
    assert missing(fake, long, task(since="2025-06-01T11:59:45Z")) == ["web_app: 1 of 1 running, watched for 30 s"]


def test_no_replica_is_wanted(fake: Any) -> None:
    assert missing(fake, service({"Replicated": {"Replicas": 0}})) == []


def test_an_update_that_goes_on_is_not_there_yet(fake: Any) -> None:
    found = missing(fake, service(UpdateStatus={"State": "updating"}), task(), task())
    assert found == ["web_app: updating"]


@pytest.mark.parametrize("state", ["paused", "rollback_started", "rollback_paused", "rollback_completed"])
def test_a_roll_out_that_gave_up_is_a_failure_with_its_reason(fake: Any, state: str) -> None:
    stuck = service(UpdateStatus={"State": state, "Message": "update paused due to failure"})
    with pytest.raises(StepFailed) as failure:
        missing(fake, stuck, task("failed", err="task: non-zero exit (1)", Slot=2))
    assert failure.value.message == f"the roll-out of web_app ended as {state}"
    assert "update paused due to failure" in (failure.value.cause or "")
    assert "task web_app.2 on m1: task: non-zero exit (1)" in (failure.value.cause or "")


@pytest.mark.parametrize(
    ("tasks", "phrase"),
    [
        ([], "no task yet"),
        ([task(), task(NodeID="n2")], None),
        ([task(), task("starting", NodeID="n2")], "1 of 2 running"),
        ([task(), task("running", NodeID="n3")], None),
    ],
)
def test_a_global_service_runs_on_every_node_that_is_ready(
    fake: Any, tasks: list[dict[str, Any]], phrase: str | None
) -> None:
    assert missing(fake, service({"Global": {}}), *tasks) == ([f"web_app: {phrase}"] if phrase else [])


@pytest.mark.parametrize(
    ("mode", "status", "phrase"),
    [
        ({"ReplicatedJob": {"TotalCompletions": 3}}, {"CompletedTasks": 1, "DesiredTasks": 2}, "1 of 3 complete"),
        ({"ReplicatedJob": {"TotalCompletions": 3}}, {"CompletedTasks": 3, "DesiredTasks": 0}, None),
        ({"GlobalJob": {}}, {"CompletedTasks": 1, "DesiredTasks": 1}, "1 of 2 complete"),
        ({"GlobalJob": {}}, {"CompletedTasks": 2, "DesiredTasks": 0}, None),
    ],
)
def test_a_job_is_there_when_it_is_complete(
    fake: Any, mode: dict[str, Any], status: dict[str, int], phrase: str | None
) -> None:
    found = missing(fake, service(mode, ServiceStatus=status))
    assert found == ([f"web_app: {phrase}"] if phrase else [])


def test_the_report_names_the_newest_failing_task_its_node_and_its_last_words(fake: Any) -> None:
    frame = b"\x02\x00\x00\x00\x00\x00\x00\x0c"
    api = fake(
        services=[service()],
        tasks=[
            task("failed", since=LONG_AGO, err="old", ID="t0", Slot=1),
            task("failed", since=JUST_NOW, err="task: non-zero exit (7)", ID="t9", NodeID="n2", Slot=2),
            task(),
        ],
        nodes=NODES,
        task_log=frame + b"cannot bind\n" + frame + b"giving up \xff\n",
    )
    assert failure_report(api, "web").splitlines() == [
        "task web_app.2 on w1: task: non-zero exit (7)",
        "  log: cannot bind",
        "  log: giving up \ufffd",
    ]
    assert api.called("task_log") == [("t9", 10)]


def test_the_report_goes_without_a_log_and_without_a_node(fake: Any, refuse: Any) -> None:
    lost = task("pending", err="no suitable node", NodeID="", Slot=1)
    api = fake(services=[service()], tasks=[lost], nodes=NODES, task_log=refuse(500))
    assert failure_report(api, "web") == "task web_app.1 on no node: no suitable node"


def test_the_report_says_so_when_no_task_has_told_an_error(fake: Any) -> None:
    api = fake(services=[service()], tasks=[task()], nodes=NODES)
    assert failure_report(api, "web") == "no task has told an error; tasks: 1 running"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-01T12:00:00Z", datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ("2025-06-01T12:00:00.5Z", datetime(2025, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2025-06-01T12:00:00.123456789Z", datetime(2025, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2025-06-01T14:00:00.000001+02:00", datetime(2025, 6, 1, 12, tzinfo=UTC) + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_parse_time(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2025-06-01T12:00:00"])
def test_parse_time_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        parse_time(text)


def test_a_health_check_stands_for_the_monitor_time(fake: Any) -> None:
    just_now = task(since=NOW)
    assert missing(fake, service({"Replicated": {"Replicas": 1}}), just_now) != []
    for test, watched in ((["CMD", "true"], False), (["NONE"], True)):
        template = TEMPLATE | {"ContainerSpec": TEMPLATE.get("ContainerSpec", {}) | {"Healthcheck": {"Test": test}}}
        checked = service({"Replicated": {"Replicas": 1}}, spec={"TaskTemplate": template})
        assert bool(missing(fake, checked, task(since=NOW, Spec=template))) is watched


def test_a_global_service_whose_tasks_are_all_old_is_not_there_yet(fake: Any) -> None:
    old = task(Spec=TEMPLATE | {"ForceUpdate": 7})
    assert missing(fake, service({"Global": {}}), old) == ["web_app: 0 of 1 running"]
