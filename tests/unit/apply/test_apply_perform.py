"""One step on its host or on a manager: who is asked, what is resolved, and what no error may tell."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skep.apply import attempt, ended, executor, managers, perform
from skep.apply.perform import Performer
from skep.engine import CONDITIONS, OPERATIONS, Progress, ServiceRow
from skep.errors import ConnectError, EngineFailed, LockLost, StepFailed
from skep.holder import me
from skep.lock import lease
from skep.lock.fence import REFUSED
from skep.lock.lease import Limits
from skep.model import Secret
from skep.plan import Call, Fetch, Plan, Put, Ref, Run, Send, Wait
from skep.shell import BUSY, NO_ROOM
from skep.ssh import Result
from skep.steps import StepId
from tests.steps import roles, step_id
from tests.timing import Clock
from tests.unit.apply.engines import COMMON, Api, held, performer


def call(id: str = "swarm/do@w1", **more: Any) -> Call:
    return Call(id=step_id(id), operation="probe", **{**COMMON, **more})


def run(**more: Any) -> Run:
    return Run(id=step_id("stacks/deploy:web"), script="true", **{**COMMON, **more})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the operation ``probe`` was called with, and where; a manager called ``flaky`` breaks."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def probe(api: Api, **arguments: Any) -> None:
        seen.append((api.host, arguments))
        if api.host.startswith("flaky"):
            raise ConnectError("the engine cannot be asked", host=api.host)

    monkeypatch.setitem(OPERATIONS, "probe", probe)
    return seen


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Performer]:
    """A performer for which time passes while it pauses, and not otherwise."""
    clock = Clock()
    for module in (lease, perform):
        monkeypatch.setattr(module, "time", clock)

    def make(*apis: Api) -> Performer:
        made = performer(*apis)
        monkeypatch.setattr(made._closed, "wait", clock.wait)
        return made

    return make


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_step_with_a_host_runs_there(calls: Any, said: list[str]) -> None:
    performer(Api("m1"), Api("w1", manager=False)).perform(call(host="w1", arguments={"a": 1}), said.append)
    assert calls == [("w1", {"a": 1})]


def test_a_cluster_wide_step_runs_on_the_first_manager_that_can(calls: Any, said: list[str]) -> None:
    apis = (Api("m1", lost=True), Api("m2", manager=False), Api("m3", error="no quorum"), Api("m4"), Api("m5"))
    performer(*apis).perform(call(), said.append)
    assert [host for host, _ in calls] == ["m4"]


@pytest.mark.parametrize(("others", "host"), [(["m2"], "m2"), ([], "m1")])
def test_the_host_to_avoid_is_the_last_resort(calls: Any, said: list[str], others: list[str], host: str) -> None:
    performer(Api("m1"), *map(Api, others)).perform(call(avoid="m1"), said.append)
    assert [host for host, _ in calls] == [host]


def test_a_manager_lost_at_work_is_replaced_and_asked_last_from_then_on(calls: Any, said: list[str]) -> None:
    here = performer(Api("flaky1"), Api("m2"), Api("m3"))
    here.perform(call(), said.append)
    assert said == ["flaky1 was lost (the engine cannot be asked), trying m2"]
    here.perform(call(), said.append)
    assert [host for host, _ in calls] == ["flaky1", "m2", "m2"]


def test_a_worker_is_no_replacement(calls: Any, said: list[str]) -> None:
    with pytest.raises(ConnectError) as failure:
        performer(Api("flaky1"), Api("w1", manager=False), Api("w2", manager=False)).perform(call(), said.append)
    assert failure.value.host == "flaky1"
    assert [host for host, _ in calls] == ["flaky1"]


def test_when_all_are_lost_the_last_loss_is_reported(calls: Any, said: list[str]) -> None:
    with pytest.raises(ConnectError) as failure:
        performer(Api("m1", lost=True), Api("flaky1"), Api("flaky2")).perform(call(), said.append)
    assert failure.value.host == "flaky2"


def test_no_manager_at_all(calls: Any, said: list[str]) -> None:
    with pytest.raises(StepFailed, match="no manager of the swarm answers"):
        performer(Api("m1", lost=True), Api("w1", manager=False)).perform(call(), said.append)


def test_refs_are_resolved_at_the_step(calls: Any, said: list[str]) -> None:
    arguments = {"token": Ref("worker-token"), "node": Ref("node-id@w1"), "plain": "x"}
    performer(Api("m1", lost=True), Api("m2"), Api("w1", manager=False)).perform(
        call(host="w1", arguments=arguments), said.append
    )
    assert calls == [("w1", {"token": "SWMTKN-worker-m2", "node": "id-w1", "plain": "x"})]


def test_a_ref_nobody_can_tell(calls: Any, said: list[str]) -> None:
    with pytest.raises(StepFailed, match="no manager of the swarm can tell the worker-token"):
        performer(Api("w1", manager=False)).perform(call(host="w1", arguments={"t": Ref("worker-token")}), said.append)
    assert calls == []


def test_tokens_and_secrets_are_in_no_error(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def leak(api: Api, *, token: str) -> None:
        raise StepFailed(f"bad token {token}", cause=f"it was {token}", next_action=f"not {token}")

    monkeypatch.setitem(OPERATIONS, "probe", leak)
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1")).perform(call(arguments={"token": Ref("manager-token")}), said.append)
    assert failure.value.lines() == ["bad token ***", "  cause: it was ***", "  next:  not ***"]


def test_not_even_in_an_error_nobody_expected(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def leak(api: Api, *, token: str) -> None:
        raise ZeroDivisionError(token)

    monkeypatch.setitem(OPERATIONS, "probe", leak)
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1")).perform(call(arguments={"token": Ref("unlock-key")}), said.append)
    assert "AttributeError" in str(failure.value.cause)
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1")).perform(call(arguments={"token": Ref("worker-token")}), said.append)
    assert failure.value.cause == "ZeroDivisionError: ***"


@pytest.mark.parametrize("stream", ["err", "out"])
def test_a_scripts_last_words_are_reported_without_its_secrets(said: list[str], stream: str) -> None:
    key = "-----BEGIN KEY-----\n  MIIEvQ\n-----END KEY-----\n"
    words = "\n".join([*map(str, range(30)), "password hunter2 is wrong", key, "hunter2222 too"])
    result = Result(1, *((words, "") if stream == "out" else ("", words)))
    step = run(
        host="m1",
        variables={"A": Secret("hunter2"), "B": Secret(key), "C": Secret(""), "D": "20", "E": Secret("hunter2222")},
    )
    with pytest.raises(StepFailed) as failure:
        performer(m1=result).perform(step, said.append)
    reported = str(failure.value)
    assert failure.value.message == "ended with status 1"
    assert "hunter" not in reported
    assert "MIIEvQ" not in reported
    assert "password *** is wrong" in reported
    assert "20" in reported
    assert "19" not in reported


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (Result(124, "", "waiting\n"), ["m1: took longer than 120 s and was ended", "  cause: waiting"]),
        (Result(137, "", ""), ["m1: took longer than 120 s and was ended", "  cause: it printed no error"]),
        (Result(3, "\n \n", ""), ["m1: ended with status 3", "  cause: it printed no error"]),
    ],
)
def test_how_a_script_ended(said: list[str], result: Result, lines: list[str]) -> None:
    with pytest.raises(StepFailed) as failure:
        performer(m1=result).perform(run(host="m1"), said.append)
    assert failure.value.lines()[:2] == lines
    assert failure.value.next_action == perform.AGAIN


class Busy:
    """A script that stands back from others: one after the other, then it is done."""

    def __init__(self, *others: str) -> None:
        self.others = list(others)

    def run(self, script: str, *, timeout: float, to_the_end: str) -> Result:
        return Result(BUSY, "", self.others.pop(0)) if self.others else Result(0, "", "")


def test_a_script_that_stands_back_is_run_again_and_says_for_whom(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform, "LOOK_AGAIN", 0.0)
    here = performer()
    here._pool = {"m1": Busy("one", "one", "another")}  # type: ignore[assignment]
    here.perform(run(host="m1", patience=60.0), said.append)
    assert said == ["waits: one", "waits: another"]


def test_who_is_waited_for_in_vain_is_named(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "LOOK_AGAIN", 0.002)
    with pytest.raises(StepFailed) as failure:
        performer(m1=Result(BUSY, "", "apt-get (process 7) holds it")).perform(
            run(host="m1", patience=0.001), said.append
        )
    assert failure.value.lines() == [
        "m1: waited 0.001 s in vain for something else on the host",
        "  cause: apt-get (process 7) holds it",
        f"  next:  {perform.ENDS}",
    ]
    with pytest.raises(StepFailed, match="ended with status 75"):
        performer(m1=Result(BUSY, "", "no patience")).perform(run(host="m1"), said.append)


def test_a_full_disk_is_reported_as_that(said: list[str]) -> None:
    with pytest.raises(StepFailed) as failure:
        result = Result(NO_ROOM, "", "cat: write error: No space left on device")
        performer(m1=result).perform(run(host="m1", otherwise="fix the inventory"), said.append)
    assert failure.value.lines() == [
        "m1: could not write a file",
        "  cause: cat: write error: No space left on device",
        f"  next:  {ended.ROOM}",
    ]


def test_put_is_a_script_too(said: list[str]) -> None:
    here = performer(m1=Result(0, "", ""))
    here.perform(Put(id=step_id("a/b@m1"), host="m1", path="/etc/x", content=b"x", **COMMON), said.append)  # type: ignore[arg-type]
    assert 'replace "$FILES/content" /etc/x 644' in here._pool["m1"].scripts[0]  # type: ignore[attr-defined]


def test_channels_are_left_for_others_on_a_busy_host(said: list[str]) -> None:
    here = performer(m1=Result(0, "slow", ""))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: here.perform(run(host="m1"), said.append), range(8)))
    assert here._pool["m1"].most == perform.SCRIPTS  # type: ignore[attr-defined]


def wait(condition: str, **more: Any) -> Wait:
    return Wait(id=step_id("swarm/wait@w1"), condition=condition, **{**COMMON, **more})


def test_a_wait_reports_each_word_once_and_ends(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    turns = iter([Progress(False, "1 of 2"), Progress(False, "1 of 2"), Progress(False, "2 of 2"), Progress(True)])
    monkeypatch.setitem(CONDITIONS, "soon", lambda api: next(turns))
    performer(Api("m1")).perform(wait("soon"), said.append)
    assert said == ["1 of 2", "2 of 2"]


def test_a_wait_has_a_deadline(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setitem(CONDITIONS, "never", lambda api: Progress(False, "1 of 2"))
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1")).perform(wait("never", timeout=0.1), said.append)
    assert failure.value.lines()[:2] == ["w1: not so after 0.1 s", "  cause: 1 of 2, m1 says"]


def test_at_the_deadline_tasks_that_still_stop_are_no_failure(
    monkeypatch: pytest.MonkeyPatch, timed: Callable[..., Performer], said: list[Any]
) -> None:
    row = ServiceRow("web_app", 1, 1, detail="old task web_app.1 on m1 is still stopping")
    monkeypatch.setitem(CONDITIONS, "ending", lambda api: Progress(False, row.text, (row,), arrived=True))
    timed(Api("m1")).perform(wait("ending", timeout=0.1), lambda text, rows=(): said.append((text, rows[0].state)))
    assert said == [(row.text, "moving"), (row.text, "done")]


def test_tasks_that_are_to_be_gone_have_their_grace_period_beyond_the_deadline(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    turns = iter([*[Progress(False, "1 task still on it", again=0.1, grace=60.0)] * 4, Progress(True)])
    monkeypatch.setitem(CONDITIONS, "emptying", lambda api: next(turns))
    performer(Api("m1")).perform(wait("emptying", timeout=0.1), said.append)
    assert next(turns, None) is None


def test_a_wait_goes_on_with_another_manager(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def lost(api: Api) -> Progress:
        if api.host == "m1":
            raise ConnectError("the engine cannot be asked", host="m1")
        return Progress(True)

    monkeypatch.setitem(CONDITIONS, "lost", lost)
    performer(Api("m1"), Api("m2")).perform(wait("lost"), said.append)
    assert said == ["m1 was lost (the engine cannot be asked), trying m2; waits up to 4m from now on"]


def test_a_wait_looks_again_when_the_condition_says_so(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    pauses: list[float] = []
    turns = iter([Progress(False, again=1.25), Progress(False), Progress(False, again=0.0), Progress(True)])
    monkeypatch.setitem(CONDITIONS, "soon", lambda api: next(turns))
    here = performer(Api("m1"))
    monkeypatch.setattr(here._closed, "wait", lambda seconds: pauses.append(seconds))
    here.perform(wait("soon"), said.append)
    assert pauses[0] == 1.25
    assert 0 < pauses[1] < 0.5
    assert pauses[2] == 0


def test_a_wait_does_not_sleep_past_its_deadline(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setitem(CONDITIONS, "late", lambda api: Progress(False, "1 of 2", again=30.0))
    with pytest.raises(StepFailed, match=r"not so after 0\.1 s"):
        performer(Api("m1")).perform(wait("late", timeout=0.1), said.append)


def test_a_wait_has_more_time_once_a_manager_is_lost_and_no_more_with_every_further_one(
    monkeypatch: pytest.MonkeyPatch, timed: Callable[..., Performer], said: list[str]
) -> None:
    def flapping(api: Api) -> Progress:
        seen.append(api.host)
        if len(seen) % 2:
            raise ConnectError("the engine cannot be asked", host=api.host)
        return Progress(False, "1 of 2")

    seen: list[str] = []
    monkeypatch.setattr(managers, "PATIENCE", 30.0)
    monkeypatch.setattr(attempt, "SETTLING", 0.2)
    monkeypatch.setitem(CONDITIONS, "flapping", flapping)
    with pytest.raises(StepFailed, match=r"not so after 0\.\d s"):
        timed(Api("m1"), Api("m2")).perform(wait("flapping", timeout=0.3), said.append)
    assert {"m1", "m2"} <= set(seen)


def test_a_wait_has_more_time_once_another_manager_leads(
    monkeypatch: pytest.MonkeyPatch, timed: Callable[..., Performer], said: list[str]
) -> None:
    monkeypatch.setattr(attempt, "SETTLING", 60.0)
    leaders = ("", "a", "a", "", "b", "b")
    looks = [Progress(False, leader=one, again=0.01 if one != "b" else 1.2) for one in leaders]
    turns = iter([*looks, Progress(True)])
    monkeypatch.setitem(CONDITIONS, "led", lambda api: next(turns))
    timed(Api("m1")).perform(wait("led", timeout=2), said.append)
    assert said == ["the swarm has another leader; waits up to 1m2s from now on"]
    assert next(turns, None) is None


def test_a_manager_heard_a_moment_ago_is_waited_for_however_long_the_step_runs(
    monkeypatch: pytest.MonkeyPatch, timed: Callable[..., Performer], said: list[str]
) -> None:
    monkeypatch.setattr(managers, "PATIENCE", 0.2)
    monkeypatch.setattr(managers, "PAUSE", 0.01)
    api, turns = Api("m1"), iter(range(4))

    def rebooting(api: Api) -> Progress:
        turn = next(turns)
        if turn == 2:
            raise ConnectError("the engine cannot be asked", host="m1")
        return Progress(turn == 3, again=0.15)

    monkeypatch.setitem(CONDITIONS, "rebooting", rebooting)
    timed(api).perform(wait("rebooting"), said.append)
    assert said == ["no manager answers just now"]


@pytest.mark.parametrize(("timeout", "most"), [(5.0, 5.0), (600.0, 60.0), (0.0, 1.0)])
def test_no_answer_is_waited_for_beyond_the_deadline(
    monkeypatch: pytest.MonkeyPatch, timed: Callable[..., Performer], said: list[str], timeout: float, most: float
) -> None:
    seen: list[float] = []
    monkeypatch.setitem(OPERATIONS, "probe", lambda api: seen.append(api.timeout))
    timed(Api("m1")).perform(call(timeout=timeout), said.append)
    assert seen == [most]


def test_rows_are_reported_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (ServiceRow("web_app", running=number, desired=2) for number in (1, 2))
    looks = [Progress(False, "a", (one,)), Progress(False, "b", (one,)), Progress(True, "", (two,))]
    turns = iter(looks)
    monkeypatch.setitem(CONDITIONS, "soon", lambda api: next(turns))
    said: list[tuple[Any, ...]] = []
    performer(Api("m1")).perform(wait("soon"), lambda *words: said.append(words))
    assert said == [("a", (one,)), ("b",), ("", (two,))]


def test_a_wait_ends_when_the_run_is_over(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setitem(CONDITIONS, "never", lambda api: Progress(False))
    here = performer(Api("m1"))
    threading.Timer(0.1, here.close).start()
    with pytest.raises(StepFailed, match="was still waiting"):
        here.perform(wait("never", timeout=60), said.append)


@pytest.mark.parametrize("kind", ["wait", "call"])
def test_what_cannot_be_found_is_a_failure_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, said: list[str], kind: str
) -> None:
    def lost(api: Api) -> Any:
        raise LookupError("2 nodes are called w1")

    monkeypatch.setitem(CONDITIONS, "lost", lost)
    monkeypatch.setitem(OPERATIONS, "probe", lost)
    with pytest.raises(StepFailed, match="cannot be done") as failure:
        performer(Api("m1")).perform(wait("lost") if kind == "wait" else call(), said.append)
    assert failure.value.cause == "2 nodes are called w1"


@pytest.mark.parametrize(
    "step",
    [
        run(host="m1", files={"config.json": {"auths": {"r": {"password": Secret("hunter2-pw")}}}}),
        run(host="m1", files={"config.json": b"..."}, hides=(Secret("hunter2-pw"),)),
        call(host="m1", arguments={"specs": [{"Data": Secret("hunter2-pw")}]}),
    ],
    ids=["file", "bytes", "argument"],
)
def test_a_secret_anywhere_in_a_step_is_in_no_error(
    monkeypatch: pytest.MonkeyPatch, said: list[str], step: Run | Call
) -> None:
    auth = base64.b64encode(b"puller:hunter2-pw").decode()
    words = f'config: {{"auth": "{auth}", "password": "hunter2-pw"}}'

    def leak(api: Api, **_: Any) -> None:
        raise StepFailed("refused", cause=words)

    monkeypatch.setitem(OPERATIONS, "probe", leak)
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1"), m1=Result(1, "", words)).perform(step, said.append)
    assert "hunter" not in str(failure.value)
    assert auth[9:-3] not in str(failure.value)
    assert str(failure.value).count("***") == 2


def test_secrets_of_the_inventory_are_hidden_whatever_the_step(said: list[str]) -> None:
    here = performer(hides=[Secret("hunter2-pw")], m1=Result(1, "", "level=error msg=hunter2-pw"))
    with pytest.raises(StepFailed) as failure:
        here.perform(run(host="m1"), said.append)
    assert failure.value.cause == "level=error msg=***"


def test_progress_reports_no_secret_either(monkeypatch: pytest.MonkeyPatch, said: list[Any]) -> None:
    row = ServiceRow("app", detail="exit 1", error="bad key hunter2-pw")
    turns = iter([Progress(False, "hunter2-pw is bad", (row,)), Progress(True)])
    monkeypatch.setitem(CONDITIONS, "soon", lambda api: next(turns))
    performer(Api("m1"), hides=[Secret("hunter2-pw")]).perform(
        wait("soon"), lambda *words: said.extend([words[0], *words[1]] if words[1:] else words)
    )
    assert said == ["*** is bad", replace(row, error="bad key ***")]


def test_secrets_may_be_learnt_while_an_error_is_cleaned(said: list[str]) -> None:
    here = performer(m1=Result(1, "", "x" * 1000), m2=Result(0, "", ""))

    def learn(number: int) -> None:
        secrets = {f"K{place}": Secret(f"secret-{number}-{place}") for place in range(50)}
        host = "m1" if number % 2 else "m2"
        try:
            here.perform(run(host=host, variables=secrets), said.append)
        except StepFailed as error:
            assert error.message == "ended with status 1"

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(learn, range(60)))


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managers, "PATIENCE", 0.0)


def test_a_manager_that_is_coming_back_is_waited_for(calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managers, "PATIENCE", 30.0)
    monkeypatch.setattr(managers, "PAUSE", 0.01)
    back = Api("m1", error="The swarm does not have a leader.")
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        back.error = ""

    performer(back).perform(call(), say)
    assert said == ["no manager answers just now"]
    assert [host for host, _ in calls] == ["m1"]


def lost_to(other: str = "cluster.up") -> Any:
    """A lock that is over, and whose the next one is."""
    gone = held(successor=lambda: me(other))
    gone.drop("m1")
    return gone


def test_without_the_lock_no_step_begins(calls: Any, said: list[str]) -> None:
    here = performer(Api("m1"), m1=Result(0, "", ""))
    here._lease = lost_to("stack.deploy shop")
    for begun in (run(host="m1"), call(), call(host="m1"), wait("node_ready")):
        with pytest.raises(LockLost, match=r"was lost to .* for stack\.deploy shop"):
            here.perform(begun, said.append)
    assert calls == []
    assert here._pool["m1"].scripts == []  # type: ignore[attr-defined]


def test_a_host_that_has_seen_a_later_run_ends_this_one(said: list[str]) -> None:
    other = me("stack.deploy shop")
    here = performer(Api("m1"), w1=Result(REFUSED, "", f"8 {other.line}\n"))
    assert here._lease.held
    with pytest.raises(LockLost) as failure:
        here.perform(run(host="w1", otherwise="not this"), said.append)
    assert failure.value.message == f"the cluster lock was lost to {other}"
    assert failure.value.cause == "w1 was changed by a later run"
    assert not here._lease.held


def test_what_goes_wrong_once_the_lock_is_lost_is_reported_as_that(monkeypatch: Any, said: list[str]) -> None:
    here = performer(Api("m1"), m1=Result(1, "", "no space"))

    def lose(api: Api) -> Progress:
        here._lease.drop("m1")
        raise ConnectError("the connection broke", host="m1")

    monkeypatch.setitem(CONDITIONS, "losing", lose)
    with pytest.raises(LockLost):
        here.perform(wait("losing", otherwise="see which tasks have no place"), said.append)


def test_an_operation_under_way_stops_before_its_next_write(monkeypatch: Any, said: list[str]) -> None:
    written: list[int] = []

    def several(api: Any) -> None:
        for number in range(3):
            api.limits.check()
            written.append(number)
            here._lease.drop("m1")

    here = performer(Api("m1"))
    monkeypatch.setitem(OPERATIONS, "probe", several)
    with pytest.raises(LockLost):
        here.perform(call(), said.append)
    assert written == [0]


def electing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Managers fail ``times`` before they have a leader again; who was asked."""
    asked: list[str] = []

    def probe(api: Api) -> None:
        asked.append(api.host)
        if len(asked) <= times:
            raise EngineFailed("the engine refused", host=api.host, cause="context deadline exceeded")

    monkeypatch.setitem(OPERATIONS, "probe", probe)
    monkeypatch.setattr(managers, "PATIENCE", 30.0)
    monkeypatch.setattr(managers, "PAUSE", 0.01)
    return asked


def test_managers_that_wait_for_a_leader_are_asked_until_there_is_one(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(perform, "AT_ONCE", 0.0)
    asked = electing(monkeypatch, 5)
    performer(Api("m1"), Api("m2")).perform(call(), said.append)
    assert len(asked) == 6
    assert set(asked) == {"m1", "m2"}


def test_a_manager_that_fails_at_once_is_asked_once_more(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    asked = electing(monkeypatch, 1)
    performer(Api("m1"), Api("m2")).perform(call(), said.append)
    assert asked == ["m1", "m2"]
    asked = electing(monkeypatch, 9)
    with pytest.raises(EngineFailed):
        performer(Api("m1"), Api("m2")).perform(call(), said.append)
    assert asked == ["m1", "m2"]


def test_keys_and_tokens_wait_out_an_election(calls: Any, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setattr(managers, "PATIENCE", 30.0)
    monkeypatch.setattr(managers, "PAUSE", 0.01)
    turns = iter(range(9))

    class Electing(Api):
        def inspect_swarm(self) -> dict[str, Any]:
            if next(turns) < 3:
                raise EngineFailed("the engine refused", cause="context deadline exceeded")
            return super().inspect_swarm()

    step = call(host="w1", arguments={"token": Ref("worker-token")})
    performer(Electing("m1"), Api("w1", manager=False)).perform(step, said.append)
    assert calls == [("w1", {"token": "SWMTKN-worker-m1"})]
    assert set(said) == {"no manager gives the worker-token just now"}


def test_a_key_that_a_step_gave_is_in_no_error(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def leak(api: Api, *, key: Secret) -> None:
        raise StepFailed(f"bad key {key.reveal()}")

    monkeypatch.setitem(OPERATIONS, "probe", lambda api: Secret("SWMKEY-1-hush"))
    monkeypatch.setitem(OPERATIONS, "leak", leak)
    here = performer(Api("m1"))
    here.perform(call("daemon/key@m1"), said.append)
    leaking = Call(
        id=step_id("daemon/unlock@m1"), operation="leak", arguments={"key": Ref("result@daemon/key@m1")}, **COMMON
    )
    with pytest.raises(StepFailed, match=r"bad key \*\*\*"):
        here.perform(leaking, said.append)


def test_a_refusal_of_the_engine_gets_the_remedy_that_its_step_knows(monkeypatch: Any, said: list[str]) -> None:
    def refuse(api: Any) -> None:
        raise StepFailed("the engine refused", cause="could not choose an IP address to advertise")

    monkeypatch.setitem(OPERATIONS, "probe", refuse)
    with pytest.raises(StepFailed) as failure:
        performer(Api("m1")).perform(call(host="m1", otherwise="set hosts.m1.advertise"), said.append)
    assert failure.value.next_action == "set hosts.m1.advertise"


class Emptied(Api):
    """An engine that has lost its place in the swarm."""

    def info(self) -> dict[str, Any]:
        return {"Swarm": {"ControlAvailable": False, "NodeID": "", "LocalNodeState": "inactive"}}


def test_a_node_that_lost_its_place_is_named_at_once(said: list[str]) -> None:
    with pytest.raises(StepFailed) as failure:
        performer(Api("m2"), Emptied("m1")).perform(
            wait("node_ready", arguments={"node": Ref("node-id@m1")}), said.append
        )
    assert failure.value.host == "m1"
    assert failure.value.message == "its engine is in no swarm any more"
    assert "invoke cluster.plan" in str(failure.value.next_action)


def test_a_manager_that_lost_its_place_meanwhile_is_named(calls: Any, said: list[str]) -> None:
    here = performer(Api("m1"), Api("m2"))
    here.perform(call(), said.append)
    here._managers.clients.apis["m1"] = Emptied("m1")  # type: ignore[attr-defined]
    here.perform(call(), said.append)
    assert [host for host, _ in calls] == ["m1", "m2"]
    assert said == [f"m1: {managers.GONE}, {managers.EMPTIED}"]


class Receiving:
    """A session that has nothing yet of what is sent, and ends the script that takes it with one result."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.scripts: list[str] = []
        self.arrived = b""

    def run(self, script: str, *, timeout: float) -> Result:
        return Result(0, "0\n", "")

    def pipe(self, script: str, pieces: Any, *, timeout: float) -> Result:
        self.scripts.append(script)
        self.arrived = b"".join(pieces)
        return self.result


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [(REFUSED, LockLost, "the cluster lock was lost to"), (NO_ROOM, StepFailed, "could not write a file"),
     (124, StepFailed, "took longer than 120 s and was ended"), (0, None, "")],
)  # fmt: skip
def test_a_file_is_sent_by_the_number_of_the_run(
    said: list[str], tmp_path: Path, status: int, error: type[Exception] | None, text: str
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    values: dict[str, Any] = {"size": 7, "sha256": hashlib.sha256(b"content").hexdigest(), "path": "/srv/file"}
    step = Send(id=StepId("x", "send", "m1"), host="m1", title="t", cause="c", source=str(tmp_path / "file"), **values)
    here = performer(Api("m1"))
    session = here._pool["m1"] = Receiving(Result(status, "", f"8 {me('stack.deploy shop').line}\n"))  # type: ignore
    if error is None:
        here.perform(step, said.append)
    else:
        with pytest.raises(error, match=text):
            here.perform(step, said.append)
    assert session.arrived == b"content"
    assert session.scripts[0].index("read -r seen") < session.scripts[0].index("dd of=")


def test_a_file_that_is_not_there_is_reported_with_its_host(said: list[str], tmp_path: Path) -> None:
    class Lacking:
        def run(self, script: str, *, timeout: float) -> Result:
            return Result(66, "", "there is no file /srv/file\n")

    here = performer(Api("m1"))
    here._pool["m1"] = Lacking()  # type: ignore
    with pytest.raises(StepFailed) as failure:
        target = str(tmp_path / "file")
        here.perform(
            Fetch(id=StepId("x", "fetch", "m1"), host="m1", title="t", cause="c", path="/srv/file", target=target),
            said.append,
        )
    assert (failure.value.host, failure.value.cause) == ("m1", "there is no file /srv/file")


class Joining(Api):
    """An engine that never comes to be a node; ``at_look`` is called before each answer."""

    def __init__(self, at_look: Callable[[], object] = lambda: None) -> None:
        super().__init__("w1", manager=False)
        self.limits = Limits()
        self.at_look = at_look
        self.looks = 0

    def write(self, path: str, body: object) -> None:
        assert path == "/swarm/join"

    def info(self) -> dict[str, Any]:
        self.looks += 1
        self.at_look()
        return {"Swarm": {"LocalNodeState": "pending"}}

    def pause(self, seconds: float) -> bool:
        return self.limits.pause(seconds)


def joining(timeout: float) -> Call:
    arguments = {"addresses": ["10.0.0.1:2377"], "token": "t", "advertise": None}
    return Call(
        id=step_id("swarm/join@w1"), operation="swarm_join", host="w1", arguments=arguments, timeout=timeout, **COMMON
    )


def test_a_join_ends_with_the_time_of_its_step(said: list[str]) -> None:
    engine = Joining()
    with pytest.raises(StepFailed, match="did not join: its engine is pending"):
        performer(engine).perform(joining(0.3), said.append)
    assert engine.looks <= 4  # by its own time it would look 240 times


def test_a_join_ends_when_the_run_is_stopped(said: list[str]) -> None:
    engine = Joining(lambda: here.stop())
    here = performer(engine)
    with pytest.raises(StepFailed, match="was still waiting when the run was stopped"):
        here.perform(joining(600), said.append)
    assert engine.looks == 1


@pytest.mark.parametrize("operation", ["join", "wait"])
def test_ctrl_c_ends_at_once_what_only_waits(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    monkeypatch.setattr(executor, "GRACE", 30.0)
    looking, here = threading.Event(), performer(Joining(lambda: looking.set()))
    step = joining(600) if operation == "join" else wait("never", host="w1", timeout=600)
    monkeypatch.setitem(CONDITIONS, "never", lambda api: (looking.set(), Progress(False, "not yet"))[1])

    really = executor.wait

    def interrupted(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(executor, "wait", really)
        assert looking.wait(30)
        raise KeyboardInterrupt

    monkeypatch.setattr(executor, "wait", interrupted)
    plan = Plan([step], roles("swarm"), ["w1"])
    outcome = executor.Executor(plan, here, lambda _: None, here._lease).run()
    assert outcome.interrupted
    assert [error.message for error in outcome.failed.values()] == ["was still waiting when the run was stopped"]


def test_a_join_ends_when_the_lock_is_lost(said: list[str]) -> None:
    engine = Joining(lambda: here._lease.drop("m1"))
    here = performer(engine)
    with pytest.raises(LockLost):
        here.perform(joining(600), said.append)
    assert engine.looks == 1
