"""A deploy ends when the stack has arrived, or says why it will not: by what Swarm really does."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
import yaml

from skep.engine import EngineClient, StackWatch
from skep.errors import StepFailed
from skep.inventory import load
from skep.ssh import Pool
from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Ran, Tool

SLEEP = ["sleep", "10000"]
FAILING = ["sh", "-c", "echo cannot bind; exit 3"]
LABEL = "com.docker.stack.namespace"


def service(command: list[str], *, monitor: str = "1s", **deploy: Any) -> dict[str, Any]:
    """A service of a compose file that stops at once and is watched for a second."""
    update = {"monitor": monitor, "parallelism": 0, **deploy.pop("update_config", {})}
    return {
        "image": "busybox:1.36",
        "command": command,
        "stop_grace_period": "0s",
        "deploy": {
            "restart_policy": {"delay": "0s"},
            "update_config": update,
            "rollback_config": {"monitor": monitor, "parallelism": 0},
            **deploy,
        },
    }


class Stack:
    """A stack of one test, deployed by ``stack.deploy`` as it stands in ``services``, which share the hosts' network
    unless they get one of their own: a task then costs the hosts a third."""

    def __init__(self, environment: Environment, name: str, *, timeout: str, own_network: bool) -> None:
        self.hosts, self.name = environment.hosts, name
        self.services: dict[str, Any] = {}
        self._networks = {} if own_network else {"default": {"external": True, "name": "host"}}
        self._file = environment.folder / "stacks" / name / "compose.yml"
        self._file.parent.mkdir(exist_ok=True)

        def change(document: Document) -> None:
            document["stacks"][name] = {"timeout": timeout}

        self.tool: Tool = environment.with_inventory(f"with-{name}", change)

    def deploy(self, exit_code: int = 0, *options: str) -> Ran:
        document = {"version": "3.8", "services": self.services, "networks": self._networks}
        self._file.write_text(yaml.safe_dump(document))
        return self.tool("stack.deploy", self.name, *options).must(exit_code)

    def tasks(self, service: str, *options: str) -> list[dict[str, Any]]:
        """As the engine lists them."""
        ids = self.hosts.run("m1", f"docker service ps -q --no-trunc {' '.join(options)} {self.name}_{service}")
        return list(json.loads(self.hosts.run("m1", f"docker inspect {ids.replace(chr(10), ' ')}"))) if ids else []

    def states(self, service: str) -> list[str]:
        return sorted(task["Status"]["State"] for task in self.tasks(service))


@contextmanager
def stack(environment: Environment, name: str, *, timeout: str = "3m", own_network: bool = False) -> Iterator[Stack]:
    """Gone, with its tasks, when the block ends."""
    made = Stack(environment, name, timeout=timeout, own_network=own_network)
    try:
        yield made
    finally:
        made.tool("stack.rm", name, "--yes").must()


def rows(ran: Ran) -> dict[str, dict[str, Any]]:
    """The services as the wait saw them last."""
    seen = [event["rows"] for event in ran.named("step") if "rows" in event]
    assert seen, f"no rows were reported\n{ran}"
    return {row["name"].partition("_")[2]: row for row in seen[-1]}


def waited(ran: Ran) -> dict[str, Any]:
    """The event with which the wait ended."""
    ends = [event for event in ran.named("step") if event["id"].startswith("stacks/running")]
    return next(event for event in ends if event["kind"] in ("done", "failed"))


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", stamp)).timestamp()


def test_all_kinds_arrive_change_and_shrink(cluster: Environment) -> None:
    with stack(cluster, "kinds", own_network=True) as made:
        health = {"test": ["CMD", "true"], "interval": "1s"}
        made.services = {
            "three": service(["sh", "-c", "echo hello; exec sleep 10000"], replicas=3, monitor="2s"),
            "none": service(SLEEP, replicas=0),
            "once": service(["true"], restart_policy={"condition": "none"}),
            "workers": service(SLEEP, mode="global", placement={"constraints": ["node.role == worker"]}),
            "nowhere": service(SLEEP, mode="global", placement={"constraints": ["node.labels.zone == moon"]}),
            "healthy": {**service(SLEEP, monitor="30s"), "healthcheck": health},
        }
        ran = made.deploy()
        counted = {name: (row["state"], row["running"], row["desired"]) for name, row in rows(ran).items()}
        assert counted == {
            "three": ("done", 3, 3), "none": ("done", 0, 0), "once": ("done", 1, 1), "workers": ("done", 2, 2),
            "nowhere": ("done", 0, 0), "healthy": ("done", 1, 1),
        }  # fmt: skip
        last = max(seconds(task["Status"]["Timestamp"]) for task in made.tasks("three"))
        assert waited(ran)["time"] >= last + 2, f"not watched for the monitor time\n{ran}"

        logged = made.tool("stack.logs", "kinds").must().named("log")
        assert [(line["service"], line["text"]) for line in logged] == [("kinds_three", "hello")] * 3
        assert {line["task"] for line in logged} == {f"kinds_three.{slot}" for slot in (1, 2, 3)}
        with made.tool.start("stack.logs", "kinds", "--follow") as following:
            following.wait_for("the log so far", lambda seen: len(seen.named("log")) == 3)
            made.services["three"]["command"] = ["sh", "-c", "echo anew; exec sleep 10000"]
            made.services["three"]["deploy"]["replicas"] = 1
            del made.services["once"], made.services["nowhere"]
            ran = made.deploy()
            assert made.states("three").count("running") == 1, "surplus or older tasks still run"
            following.wait_for("what new tasks say", lambda seen: "anew" in [e["text"] for e in seen.named("log")])
            following.send(signal.SIGINT)
            assert following.end().must(0).err == ""

        made.services["three"]["deploy"]["replicas"] = 0
        made.deploy()
        assert "running" not in made.states("three"), "tasks still run though none is desired"
        table = made.tool("stack.ps", "kinds").must().named("tasks")[0]["rows"]
        assert {row["task"] for row in table if row["current"] == "yes"} >= {"kinds_workers.w1", "kinds_workers.w2"}


def test_a_roll_out_that_swarm_takes_back_or_pauses_is_a_failure(cluster: Environment) -> None:
    with stack(cluster, "turn") as made:
        actions = {"back": "rollback", "hold": "pause", "fine": "continue"}
        # Swarm must hear of the failure while it still watches, however busy the machine is.
        watched = {name: {"failure_action": how, "monitor": "4s"} for name, how in actions.items()}
        made.services = {name: service(SLEEP, update_config=update) for name, update in watched.items()}
        made.deploy()
        for name, word in (("back", "Swarm rolled turn_back back"), ("hold", "Swarm paused the roll-out of turn_hold")):
            made.services[name]["command"] = FAILING
            ran = made.deploy(5)
            made.services[name]["command"] = SLEEP
            for words in (word, f"task turn_{name}.1 on ", "non-zero exit (3)", "log: cannot bind"):
                assert words in waited(ran)["text"], f"{words!r} is not reported\n{ran}"


def test_what_keeps_failing_ends_the_wait_and_all_that_is_wrong_is_reported(cluster: Environment) -> None:
    with stack(cluster, "wrong") as made:
        made.services = {
            "crash": service(["sh", "-c", "echo cannot start; exit 4"]),
            "image": {**service(SLEEP), "image": "busybox:there-is-no-such-tag"},
            "sick": {**service(SLEEP), "healthcheck": {"test": ["CMD", "false"], "interval": "1s", "retries": 1}},
            "place": service(SLEEP, placement={"constraints": ["node.labels.zone == moon"]}),
            "fine": service(SLEEP),
        }
        ran = made.deploy(5, "--no-resolve")
        text = waited(ran)["text"]
        for words in (
            "keeps failing",
            "non-zero exit (4)",
            "log: cannot start",
            "there-is-no-such-tag",
            "unhealthy",
            "no suitable node",
        ):
            assert words in text, f"{words!r} is not reported\n{ran}"
        assert {name: row["state"] for name, row in rows(ran).items()}["fine"] == "done"


def test_what_cannot_be_placed_is_reported_meanwhile_and_at_the_deadline(cluster: Environment) -> None:
    with stack(cluster, "lost", timeout="10s") as made:
        made.services = {"place": service(SLEEP, placement={"constraints": ["node.labels.zone == moon"]})}
        ran = made.deploy(5)
        assert "not so after 10 s" in waited(ran)["text"] and "no suitable node" in waited(ran)["text"], f"{ran}"
        assert "cannot be placed" in rows(ran)["place"]["detail"]


def test_jobs_are_waited_for_and_fail_at_once(cluster: Environment) -> None:
    """By the engine's own commands: its CLI of those days takes no jobs in compose files."""
    run = cluster.hosts.run
    create = f"docker service create -q -d --label {LABEL}=jobs --restart-delay 0s"
    try:
        run("m1", f"{create} --name jobs_two --mode replicated-job --replicas 2 busybox:1.36 {UNTIL_ALLOWED}")
        run("m1", f"{create} --name jobs_all --mode global-job busybox:1.36 true")
        looks = watched(cluster, "jobs")
        assert {row.name: (row.running, row.desired) for row in looks[-1].rows} == {
            "jobs_two": (2, 2),
            "jobs_all": (5, 5),
        }
        assert not looks[0].done

        run("m1", "docker service update -q -d --force jobs_two")
        assert not watched(cluster, "jobs")[0].done, "an earlier run was taken for this one"

        bad = "sh -c 'echo no table; exit 2'"
        run("m1", f"{create} --name jobs_bad --mode replicated-job --restart-max-attempts 1 busybox:1.36 {bad}")
        with pytest.raises(StepFailed, match="job jobs_bad failed") as failure:
            watched(cluster, "jobs")
        assert "log: no table" in str(failure.value)
    finally:
        run("m1", f"docker service rm $(docker service ls -q --filter label={LABEL}=jobs)")
        until("the jobs are gone", lambda: not run("m1", f"docker ps -q --filter label={LABEL}=jobs").strip())


UNTIL_ALLOWED = "sh -c 'trap \"exit 0\" TERM; sleep 10000 & wait'"
ALLOW = "docker ps -q --filter label=com.docker.swarm.service.name=jobs_two | xargs -r docker kill --signal TERM"


def watched(environment: Environment, name: str) -> list[Any]:
    """The looks of one wait; after the first one the job ``jobs_two`` may end."""
    found = load(environment.tool.inventory)
    with Pool(found.cluster.hosts, found.access) as pool:
        api, watch, looks = EngineClient(pool["m1"]), StackWatch(), []
        deadline = time.monotonic() + 240
        while not looks or not looks[-1].done:
            assert time.monotonic() < deadline, f"{looks[-1]}"
            looks.append(watch(api, stack=name))
            environment.hosts.each(ALLOW)
            time.sleep(looks[-1].again or 0.0)
    return looks
