"""A wait for a stack: what one look cannot tell and several can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skep.engine import stack_watch
from skep.engine.conditions import CONDITIONS, WATCHES, watch
from skep.engine.stack_watch import DUE, FAILURES, LONGEST, PORT_WAIT, STEP, StackWatch
from skep.engine.tasks import parse_time
from skep.errors import StepFailed
from tests.unit.engine.stacks import NODES, service, task

Fake = Callable[..., Any]
START = "2025-06-01T12:00:00Z"


class Scene:
    """A swarm and a clock that the test moves; ``look`` is one look of the same wait."""

    def __init__(self, fake: Fake, *services: dict[str, Any], **answers: Any) -> None:
        self.now = 1000.0
        self.services, self.tasks, self.fresh = list(services), list[dict[str, Any]](), True
        self.older: set[str] = set()
        self.api = fake(
            services=lambda **_: self.services,
            tasks=self._listed,
            nodes=list(NODES.values()),
            info=lambda: {"SystemTime": self.stamp(self.now)},
            **{"task_log": b"", **answers},
        )
        self.api.host = "m1"
        self.watch = StackWatch(clock=lambda: self.now)

    def stamp(self, moment: float) -> str:
        """By the manager's clock, which is at ``START`` when ours is at 1000."""
        whole = moment - 1000.0
        return f"2025-06-01T{12 + int(whole // 3600):02d}:{int(whole % 3600 // 60):02d}:{whole % 60:09.6f}Z"

    def _listed(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        fresh = [one for one in self.tasks if one["ID"] not in self.older] if self.fresh else []
        return fresh if "_up-to-date" in filters else self.tasks

    def look(self, after: float = 0.0, **arguments: Any) -> Any:
        self.now += after
        return self.watch(self.api, stack="web", **arguments)

    def run(self, number: int, since: float | None = None, **words: Any) -> dict[str, Any]:
        moment = self.stamp(self.now if since is None else since)
        return task(number, slot=words.pop("slot", 1), since=moment, **words)


def test_the_manager_has_the_last_word_on_what_is_up_to_date(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = [scene.run(1, 900)]
    assert scene.look().done
    scene.fresh = False
    assert not scene.look().done


def test_a_look_costs_three_requests_whatever_the_number_of_services(fake: Fake) -> None:
    scene = Scene(fake, *(service(f"web_{number}") for number in range(100)))
    scene.look()
    scene.api.calls.clear()
    scene.look(0.1)
    assert sorted(name for name, _, _ in scene.api.calls) == ["services", "tasks", "tasks"]


def test_another_manager_is_asked_for_its_own_clock(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.look()
    scene.api.host = "m2"
    scene.look(0.1)
    assert len(scene.api.called("info")) == 2


def test_looking_again_makes_sense_when_the_monitor_time_is_over(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = [scene.run(1, 999.3 - 4)]
    assert scene.look().again == pytest.approx(0.3)
    assert scene.look(0.3).done


def test_swarms_word_is_waited_for_more_closely_when_it_is_due(fake: Fake) -> None:
    scene = Scene(fake, service(update="updating"))
    scene.tasks = [scene.run(1, 995.2)]
    assert [scene.look(after).again for after in (0.0, 0.2, 0.7, 0.4)] == [pytest.approx(0.2), DUE, DUE, STEP]


def test_the_last_task_to_start_says_when(fake: Fake) -> None:
    scene = Scene(fake, service(replicas=2), service("web_b"))
    scene.tasks = [
        scene.run(1, 995.5), scene.run(2, 995.9, slot=2), scene.run(3, 995.2, of=scene.services[1])
    ]  # fmt: skip
    assert scene.look().again == pytest.approx(0.9)


def test_a_task_may_fail_meanwhile_so_the_pause_is_never_long(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = [scene.run(1)]
    assert scene.look().again == LONGEST


def test_while_tasks_move_looks_are_frequent_but_no_burden(fake: Fake) -> None:
    scene = Scene(fake, service(), service("web_b"))
    scene.tasks = [scene.run(1)]
    assert scene.look().again == STEP
    quick = scene.api.answers["services"]

    def slow(**more: Any) -> Any:
        scene.now += 0.7
        return quick(**more)

    scene.api.answers["services"] = slow
    assert scene.look().again == pytest.approx(0.7)


@pytest.mark.parametrize("skew", [-3000.0, 3000.0])
def test_a_nodes_wrong_clock_neither_shortens_nor_lengthens_the_watch(fake: Fake, skew: float) -> None:
    scene = Scene(fake, service())
    assert not scene.look(9000).done
    scene.tasks = [scene.run(1, scene.now + 0.5 + skew)]
    assert not scene.look(0.5).done
    assert not scene.look(4.0).done
    assert scene.look(1.2).done


def test_what_ran_before_the_wait_needs_no_further_watch(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = [scene.run(1)]
    assert scene.look(100).done


def failing(scene: Scene, number: int, of: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """``number`` failed tasks of a slot, and one that is about to be tried."""
    words = {"slot": 1, "of": of}
    failed = [task(9 - n, state="failed", desired="shutdown", err=f"exit ({n})", **words) for n in range(number)]
    return [*failed, task(0, state="ready", desired="ready", **words)]


def test_a_roll_out_that_a_dead_node_holds_up_ends_the_wait_with_what_helps(fake: Fake) -> None:
    scene = Scene(fake, service(update="updating"))
    scene.services[0]["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    lost = task(2, slot=1, state="preparing", desired="shutdown", node="down")
    scene.tasks = [scene.run(1, 950), lost]
    with pytest.raises(StepFailed, match="Swarm waits for its task on down, which is down") as failure:
        scene.look()
    assert failure.value.next_action == "bring down back, or roll out anew: invoke stack.restart web app"


@pytest.mark.parametrize(
    ("order", "helps"),
    [
        ("stop-first", "Swarm places it once it is rolled out anew: invoke stack.restart web app"),
        ("start-first", "write 'order: stop-first' under update_config of app and deploy it"),
    ],
)
def test_a_roll_out_that_waits_for_a_port_of_a_host_names_what_helps(fake: Fake, order: str, helps: str) -> None:
    scene = Scene(fake, service(update="updating"))
    spec = scene.services[0]["Spec"]
    spec |= {"Labels": {"com.docker.stack.namespace": "web"}, "UpdateConfig": {"Order": order}}
    scene.tasks = [task(1, slot=1, state="pending", err="no suitable node (host-mode port already in use)", node="")]
    scene.look()
    assert scene.watch.remedy == ""
    spec["EndpointSpec"] = {"Ports": [{"PublishMode": "host", "PublishedPort": 9090}]}
    scene.look(1.0)
    assert helps in scene.watch.remedy


@pytest.mark.parametrize(("state", "blamed"), [("rejected", True), ("failed", False)])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("network front: no VNI provided", "the engine of w1 is in the swarm without its overlay networks"),
        (
            "node is missing network attachments, ip addresses may be exhausted",
            "the managers gave w1 no address in one of its networks",
        ),
        ("No such image: sha256:0123", "w1 does not have its image, which comes from a file"),
        ("No such image: shop:2@sha256:0123", "on w1: docker pull shop:2@sha256:0123"),
    ],
)
def test_a_node_that_lacks_networks_or_images_is_blamed_and_not_the_stack(
    fake: Fake, state: str, blamed: bool, error: str, says: str
) -> None:
    scene = Scene(fake, service(update="paused"))
    scene.services[0]["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    scene.tasks = [task(1, slot=1, state=state, desired="shutdown", node="w1", err=error)]
    with pytest.raises(StepFailed) as failure:
        scene.look()
    assert (says in str(failure.value.next_action)) == blamed


@pytest.mark.parametrize(
    ("constraint", "why"),
    [
        ("node.hostname==idle", "idle would, and is set to drain"),
        ("node.hostname==down", "down would, and is Down"),
        ("node.hostname==w1", ""),
        ("node.hostname==nowhere", "no node meets what the constraints of app ask of node.hostname: change them"),
    ],
)
def test_nodes_that_take_no_tasks_now_are_named_with_what_helps(fake: Fake, constraint: str, why: str) -> None:
    scene = Scene(fake, service(constraints=[constraint]))
    scene.services[0]["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    scene.tasks = [task(1, slot=1, state="pending", err="no suitable node (scheduling constraints)", node="")]
    scene.look()
    remedy = scene.watch.remedy
    assert (why in remedy and "invoke stack.deploy web" in remedy) if why else not remedy


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "no suitable node (insufficient resources on 2 nodes)",
            "each task of app reserves MemoryBytes 10G, and no node",
        ),
        ("no suitable node (unsupported platform on 2 nodes)", ""),
    ],
)
def test_want_of_room_is_said_with_what_a_task_reserves(fake: Fake, error: str, says: str) -> None:
    scene = Scene(fake, service())
    spec = scene.services[0]["Spec"]
    spec["Labels"] = {"com.docker.stack.namespace": "web"}
    spec["TaskTemplate"]["Resources"] = {"Reservations": {"MemoryBytes": 10 * 2**30}}
    scene.tasks = [task(1, slot=1, state="pending", err=error, node="")]
    scene.look()
    remedy = scene.watch.remedy
    assert (says in remedy and remedy.endswith("invoke stack.deploy web")) if says else not remedy


@pytest.mark.parametrize("error", ["insufficient resources on 2 nodes", "max replicas per node limit exceed"])
@pytest.mark.parametrize("order", ["start-first", "stop-first"])
def test_a_roll_out_that_needs_room_for_one_more_names_what_helps(fake: Fake, error: str, order: str) -> None:
    scene = Scene(fake, service(update="updating"))
    spec = scene.services[0]["Spec"]
    spec |= {"Labels": {"com.docker.stack.namespace": "web"}, "UpdateConfig": {"Order": order}}
    scene.tasks = [task(1, slot=1, state="pending", err=f"no suitable node ({error})", node="")]
    scene.look()
    remedy = "write 'order: stop-first' under update_config of app and deploy it"
    assert (remedy in scene.watch.remedy) == (order == "start-first")
    scene.services[0]["UpdateStatus"]["State"] = "completed"
    scene.look(1.0)
    assert remedy not in scene.watch.remedy, "a task that a node lost, of a service whose last update is long over"


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        ("Bind for 0.0.0.0:9090 failed: port is already allocated", True),
        ("failed to bind host port 0.0.0.0:9090/tcp: address already in use", True),
        ("Bind for 0.0.0.0:90901 failed: port is already allocated", False),
        ("dial tcp 127.0.0.1:9090: connection refused", False),
    ],
)
def test_a_port_that_something_outside_swarm_holds_is_named_with_its_node(fake: Fake, error: str, blamed: bool) -> None:
    scene = Scene(fake, service())
    of_hosts(scene)
    failed = f"starting container failed: {error}"
    scene.tasks = [task(1, slot=1, state="failed", desired="shutdown", node="w1", err=failed)]
    scene.tasks.append(task(0, slot=1, state="ready", desired="ready"))
    scene.look()
    assert ("something on w1 that is not Swarm's holds port 9090" in scene.watch.remedy) == blamed
    assert ("on w1: docker ps --filter publish=9090" in scene.watch.remedy) == blamed


def test_what_helps_is_of_the_service_that_ended_the_wait(fake: Fake) -> None:
    scene = Scene(fake, service(update="paused"), service("web_other", constraints=["node.hostname==nowhere"]))
    for one in scene.services:
        one["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    lost = {"slot": 1, "state": "pending", "err": "no suitable node (scheduling constraints)", "node": ""}
    scene.tasks = [
        task(1, slot=1, state="failed", desired="shutdown", err="exit (1)"),
        task(2, of=scene.services[1], **lost),
    ]
    with pytest.raises(StepFailed, match="Swarm paused the roll-out of web_app") as failure:
        scene.look()
    assert failure.value.next_action is None
    assert "no node meets" in scene.watch.remedy


def test_a_task_is_blamed_for_its_own_failure_before_one_for_want_of_an_address(fake: Fake) -> None:
    scene = Scene(fake, service())
    late = "node is missing network attachments, ip addresses may be exhausted"
    scene.tasks = [
        task(2, slot=1, state="failed", desired="shutdown", err="task: non-zero exit (4)"),
        task(1, slot=1, state="rejected", desired="shutdown", err=late),
        task(0, slot=1, state="ready", desired="ready"),
    ]
    assert "non-zero exit (4)" in scene.look().rows[0].error
    assert "non-zero exit (4)" in scene.watch.report(scene.api)
    assert not scene.watch.remedy


def of_hosts(scene: Scene, order: str = "stop-first") -> None:
    """The service publishes a port of its hosts, and its one task waits for that."""
    spec = scene.services[0]["Spec"]
    spec |= {"Labels": {"com.docker.stack.namespace": "web"}, "UpdateConfig": {"Order": order}}
    spec["EndpointSpec"] = {"Ports": [{"PublishMode": "host", "PublishedPort": 9090}]}
    scene.tasks = [task(1, slot=1, state="pending", err="no suitable node (host-mode port already in use)", node="")]


def test_a_roll_out_that_waits_for_a_port_that_nothing_gives_up_ends_early_with_what_helps(fake: Fake) -> None:
    scene = Scene(fake, service(update="updating"))
    of_hosts(scene)
    scene.look()
    scene.look(PORT_WAIT - 1)
    with pytest.raises(
        StepFailed, match="the roll-out of web_app is stuck: a task waits for a port of a host"
    ) as failure:
        scene.look(2.0)
    assert failure.value.next_action == "Swarm places it once it is rolled out anew: invoke stack.restart web app"
    assert "host-mode port already in use" in str(failure.value.cause)


@pytest.mark.parametrize(("update", "helps"), [("completed", "Swarm places it once"), (None, "publish another port")])
def test_a_task_may_wait_for_a_port_outside_a_roll_out(fake: Fake, update: str | None, helps: str) -> None:
    scene = Scene(fake, service(**({"update": update} if update else {})))
    of_hosts(scene)
    scene.look()
    with pytest.raises(StepFailed, match="web_app is stuck") as failure:
        scene.look(PORT_WAIT)
    assert str(failure.value.next_action).startswith(helps)
    assert str(failure.value.next_action).endswith("invoke stack.restart web app")


def test_more_tasks_with_a_port_of_their_host_than_nodes_end_early(fake: Fake) -> None:
    scene = Scene(fake, service(replicas=4))
    of_hosts(scene)
    scene.tasks += [scene.run(n, 900, slot=n, node=where) for n, where in ((2, "m1"), (3, "w1"), (4, "w2"))]
    scene.look()
    with pytest.raises(StepFailed, match="web_app is stuck: a task waits for a port of a host") as failure:
        scene.look(PORT_WAIT)
    assert failure.value.next_action == (
        "each task takes port 9090 of a node, and 4 are to run on 3: write 'replicas: 3' for app and deploy it,"
        " or add nodes"
    )


@pytest.mark.parametrize("moves", ["old task stops", "other service", "another task", "room is asked for"])
def test_a_task_that_may_still_get_its_port_is_waited_for(fake: Fake, moves: str) -> None:
    scene = Scene(fake, service(update="updating", replicas=2), service("web_b"))
    of_hosts(scene)
    scene.tasks.append(scene.run(20, 900, of=scene.services[1]))
    waiting = scene.tasks[0]
    if moves == "old task stops":
        scene.tasks.append(task(5, slot=1, desired="shutdown"))
    elif moves == "other service":
        scene.tasks[1] = scene.run(20, of=scene.services[1], state="preparing")
    elif moves == "room is asked for":
        scene.services[0]["Spec"]["TaskTemplate"]["Resources"] = {"Reservations": {"MemoryBytes": 1 << 40}}
    for number in range(4):
        if moves == "another task":
            waiting["ID"] = f"t{30 + number}"
        scene.look(PORT_WAIT - 1)


def test_tasks_that_fail_again_and_again_end_the_wait(fake: Fake) -> None:
    scene = Scene(fake, service(), task_log=b"cannot bind\n")
    scene.look()
    for number in range(1, FAILURES):
        scene.tasks = failing(scene, number)
        assert scene.look(1.0).rows[0].state == "stuck"
    scene.tasks = failing(scene, FAILURES)
    with pytest.raises(StepFailed, match="web_app keeps failing: 3 tasks in a row") as failure:
        scene.look(1.0)
    assert (failure.value.cause or "").startswith("task web_app.1 on m1: exit (2)")


def ending(scene: Scene, number: int) -> list[dict[str, Any]]:
    """``number`` tasks of a slot that ended with success, and one that is about to be tried."""
    ended = [task(9 - n, slot=1, state="complete", desired="shutdown", node="w1") for n in range(number)]
    return [*ended, task(0, slot=1, state="ready", desired="ready")]


def test_tasks_that_end_well_again_and_again_end_the_wait_as_early(fake: Fake) -> None:
    scene = Scene(fake, service(), task_log=FRAME + b"hello there\n")
    scene.look()
    for number in range(1, FAILURES):
        scene.tasks = ending(scene, number)
        assert scene.look(1.0).rows[0].state == "stuck"
    scene.tasks = ending(scene, FAILURES)
    with pytest.raises(StepFailed, match="web_app keeps ending with 0: 3 tasks in a row") as failure:
        scene.look(1.0)
    assert [line.strip() for line in (failure.value.cause or "").splitlines()] == [
        "task web_app.1 on w1: ended with 0 3 times (restart_policy: condition any, delay 5s): its command has to go on"
        " running; what runs once is 'condition: on-failure', or 'mode: replicated-job'",
        "log: hello there",
    ]


@pytest.mark.parametrize(("state", "desired"), [("failed", "shutdown"), ("starting", "running")])
def test_a_health_check_shows_what_it_said(fake: Fake, state: str, desired: str) -> None:
    """Also of a task that has not failed yet."""
    scene = Scene(fake, service(health=["CMD", "true"]), task_log=b"")
    log = [{"ExitCode": 1, "Output": f"no answer\n from {number}"} for number in range(3)]
    asked: list[tuple[str, str]] = []

    def inspect(node: Any, container: str) -> Any:
        asked.append((node["ID"], container))
        return {"State": {"Health": {"Status": "unhealthy", "Log": [{"ExitCode": 0, "Output": "ok"}, *log]}}}

    scene.watch.inspect = inspect
    scene.tasks = [
        task(1, slot=1, state=state, desired=desired, node="w1", err="unhealthy" if state == "failed" else "")
    ]
    scene.tasks[0]["Status"]["ContainerStatus"] = {"ContainerID": "c1"}
    scene.tasks += [task(0, slot=1, state="ready", desired="ready")] if state == "failed" else []
    assert report(scene)[1:] == [f"health check ended with 1: no answer from {number}" for number in (1, 2)]
    assert asked == [("w1", "c1")]


def test_failures_before_the_wait_do_not_count(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = failing(scene, FAILURES)
    assert not scene.look().done
    assert not scene.look(1.0).done


def test_a_service_may_fail_as_long_as_another_is_on_its_way(fake: Fake) -> None:
    database = service("web_db")
    scene = Scene(fake, service(), database)
    scene.look()
    scene.tasks = [*failing(scene, 7), scene.run(20, of=database, state="preparing")]
    scene.look(1.0)
    scene.tasks = [*failing(scene, 8), scene.run(20, 900, of=database)]
    progress = scene.look(10.0)
    assert [row.state for row in progress.rows] == ["stuck", "done"]


def test_named_services_are_waited_for_and_no_others(fake: Fake) -> None:
    stuck = service("web_old", update="paused")
    scene = Scene(fake, service(), stuck)
    scene.tasks = [scene.run(1, 900)]
    assert scene.look(services=["web_app"]).done
    progress = scene.look(services=["web_app", "web_new"])
    assert (progress.done, progress.text) == (False, "web_new: 0 of 0 running, not there yet")
    with pytest.raises(StepFailed, match="Swarm paused the roll-out of web_old"):
        scene.look()


def test_a_stack_without_services_is_there(fake: Fake) -> None:
    assert Scene(fake).look().done


def test_the_words_name_the_first_few(fake: Fake) -> None:
    scene = Scene(fake, *(service(f"web_{letter}") for letter in "dacb"))
    text = "; ".join(f"web_{letter}: 0 of 1 running" for letter in "abc") + " …"
    assert scene.look().text == text
    assert CONDITIONS["stack_running"](scene.api, stack="web").text == text


def test_each_wait_has_a_memory_of_its_own() -> None:
    assert isinstance(watch("stack_running"), StackWatch)
    assert watch("stack_running") is not watch("stack_running")
    assert watch("stack_gone") is CONDITIONS["stack_gone"]
    assert set(WATCHES) <= set(CONDITIONS)


FRAME = b"\x02\x00\x00\x00\x00\x00\x00\x0c"


def report(scene: Scene) -> list[str]:
    scene.look()
    return [line.strip() for line in scene.watch.report(scene.api).splitlines()]


def test_the_report_names_the_newest_failing_task_its_node_and_its_last_words(fake: Fake) -> None:
    scene = Scene(fake, service(), task_log=FRAME + b"cannot bind\n" + FRAME + b"giving up \xff\n")
    scene.tasks = [
        task(3, slot=1, state="failed", desired="shutdown", err="old"),
        task(2, slot=1, state="failed", desired="shutdown", err="task: non-zero\n exit (7)", node="w1"),
        task(1, slot=1, state="ready", desired="ready"),
    ]
    assert report(scene) == [
        "task web_app.1 on w1: task: non-zero exit (7)",
        "log: cannot bind",
        "log: giving up \ufffd",
    ]
    assert scene.api.called("task_log") == [("t2", 10)]


def test_the_report_believes_swarm_when_it_names_a_task(fake: Fake) -> None:
    paused = service(update="paused", message="update paused due to failure or early termination of task t8")
    scene = Scene(fake, paused)
    scene.tasks = [
        task(8, slot=2, state="failed", desired="shutdown", err="the one"),
        task(7, slot=1, state="failed", desired="shutdown", err="a later one"),
        task(1, slot=1),
    ]
    with pytest.raises(StepFailed) as failure:
        scene.look()
    assert failure.value.cause == "task web_app.2 on m1: the one"


def test_the_report_is_about_now(fake: Fake) -> None:
    """Neither what became of older versions, nor a failure before the state that lasts."""
    scene = Scene(fake, service(), task_log=b"")
    scene.older = {"t9"}
    scene.tasks = [
        task(9, slot=1, state="rejected", desired="shutdown", err="No such image: busybox:9.99"),
        task(2, slot=1, state="failed", desired="shutdown", err="exit (1)"),
        task(1, slot=1, state="pending", err="no suitable node (port already in use)", node=""),
    ]
    assert report(scene) == ["task web_app.1 on no node: no suitable node (port already in use)"]
    del scene.tasks[1:]
    scene.tasks.append(scene.run(1, state="preparing"))
    assert report(scene) == ["web_app: no task has reported an error; tasks: 1 preparing on m1"]


def test_after_a_rollback_the_report_is_about_what_was_taken_back(fake: Fake) -> None:
    scene = Scene(fake, service(update="rollback_completed", message="rollback completed"), task_log=b"")
    scene.older = {"t2"}
    scene.tasks = [task(2, slot=1, state="failed", desired="shutdown", err="exit (3)", node="w1"), scene.run(1, 950)]
    with pytest.raises(StepFailed) as failure:
        scene.look()
    assert failure.value.cause == "task web_app.1 on w1: exit (3)"


def test_the_report_goes_without_a_log_where_none_is_to_be_had(fake: Fake, refuse: Any) -> None:
    scene = Scene(fake, service(), service("web_b"), task_log=refuse(500))
    scene.tasks = [
        task(1, slot=1, state="pending", err="no suitable node", node=""),
        task(2, of=scene.services[1], slot=1, state="failed", err="exit (1)", node="gone"),
    ]
    assert report(scene) == ["task web_app.1 on no node: no suitable node", "task web_b.1 on gone: exit (1)"]
    assert scene.api.called("task_log") == [("t2", 10)]


def test_the_report_says_so_when_no_task_has_reported_an_error(fake: Fake) -> None:
    scene = Scene(fake, service(replicas=2), service("web_b"))
    scene.tasks = [scene.run(1, 900), scene.run(2, state="preparing", slot=2)]
    assert report(scene) == [
        "web_app: no task has reported an error; tasks: 1 preparing on m1, 1 running",
        "web_b: no task has reported an error; tasks: none",
    ]


def test_tasks_that_stay_new_wait_for_addresses(fake: Fake) -> None:
    scene = Scene(fake, service())
    scene.tasks = [scene.run(1, state="new")]
    (reported,) = report(scene)
    assert reported.startswith(
        "web_app: no task has reported an error; tasks that stay new wait for addresses: most likely one of"
    )
    assert reported.endswith("; tasks: 1 new")


def test_the_report_is_short_where_many_fail(fake: Fake) -> None:
    scene = Scene(fake, *(service(f"web_{number}") for number in range(8)))
    assert report(scene)[5:] == ["and web_5", "and web_6", "and web_7"]


def test_the_clocks_scene_is_right() -> None:
    scene = Scene(lambda **_: type("Api", (), {})())
    assert (parse_time(scene.stamp(1061.5)) - parse_time(START)).total_seconds() == 61.5
    assert stack_watch.STEP < 0.3


def test_a_look_reports_who_leads_the_swarm(fake: Fake) -> None:
    scene = Scene(fake, service())
    assert scene.look().leader == ""
    scene.api.answers["nodes"] = [{**NODES["m1"], "ManagerStatus": {"Leader": True}}]
    assert scene.look(2.0).leader == "m1"
