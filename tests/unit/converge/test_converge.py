"""The loop's decisions: what is refused, what is left out, and a run under the lock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skep import converge
from skep.apply import Event, Outcome
from skep.converge import Site
from skep.errors import (
    ConnectError,
    Interrupted,
    LockHeld,
    LockLost,
    LoginError,
    NotConverged,
    PreflightError,
    SkepError,
    StepFailed,
)
from skep.lock.lease import Lease
from skep.model import Cluster, Host
from skep.observe import Observation
from skep.plan import Finding, Plan, Run, Step
from skep.preflight import Facts, Room
from skep.role import ClusterRole, HostRole
from skep.runs import locked_run, refusing
from skep.seen import Member, Seen
from tests.steps import roles, step_id
from tests.unit.lock.shells import ShellPool

CLUSTER = Cluster(
    "test", (Host("m1", "10.0.0.1", "manager"), Host("m2", "10.0.0.2", "manager"), Host("w1", "10.0.0.3", "worker"))
)
NAMES = [host.name for host in CLUSTER.hosts]
SEEN = Observation({}, {name: Facts() for name in NAMES}, {})


def step(id: str, *needs: str, script: str = "true") -> Run:
    return Run(
        id=step_id(id),
        host=id.partition("@")[2] or None,
        title="t",
        cause="c",
        script=script,
        needs=tuple(map(step_id, needs)),
    )


def plan(*items: Step | Finding) -> Plan:
    return Plan(items, roles("a", "b"), NAMES)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(CLUSTER, ShellPool(tmp_path, *NAMES), [], roles("a", "b"))  # type: ignore[arg-type]


def history(site: Any) -> list[tuple[str, str]]:
    lines = site.pool["m1"].file("history.jsonl").read_text().splitlines()
    return [(entry.get("id", "run"), entry["event"]) for entry in map(json.loads, lines)]


def apply(site: Site, planned: Plan, seen: Observation, what: str, tell: Callable[[Event], None]) -> Outcome:
    """One plan in a run of its own."""
    with locked_run.Run(site, what) as run:
        return run.apply(site, planned, seen, tell)


def test_a_wrong_way_in_is_reported_as_such_where_nobody_reports_what_runs(site: Site) -> None:
    refused = LoginError("login as me was refused", cause="no", next_action="do this")
    with pytest.raises(LoginError) as failure:
        refusing.refuse_untold(Observation({}, {}, {"m1": ConnectError("cannot be reached"), "m2": refused}))
    assert failure.value.lines()[1:] == [
        "  cause: m1: cannot be reached; m2: login as me was refused: no",
        "  next:  do this",
    ]


def test_findings_that_forbid_are_refused() -> None:
    refusing.refuse_errors(plan(Finding("warning", "x"), step("a/x@m1")))
    with pytest.raises(PreflightError, match="1 finding above forbids to go on") as failure:
        refusing.refuse_errors(plan(Finding("error", "x")))
    assert failure.value.next_action
    with pytest.raises(PreflightError, match="2 findings above forbid to go on"):
        refusing.refuse_errors(plan(Finding("error", "x"), Finding("error", "y")))


def test_a_clean_outcome_is_not_refused_unless_hosts_are_silent() -> None:
    refusing.refuse_unclean(Outcome(["a/x@m1"]), {})
    with pytest.raises(ConnectError, match="w1 could not be asked and was left out"):
        refusing.refuse_unclean(Outcome(["a/x@m1"]), {"w1": ConnectError("x")})
    with pytest.raises(ConnectError, match="m1, w1 could not be asked and were left out"):
        refusing.refuse_silent({"m1": ConnectError("x"), "w1": ConnectError("x")})


@pytest.mark.parametrize(
    ("outcome", "kind", "text"),
    [
        (Outcome(["a"], {}, {"b": "a"}, True), Interrupted, "stopped: 1 steps done, 1 not started"),
        (Outcome([], {"a": StepFailed("x", host="m1")}), StepFailed, "1 step failed on m1"),
        (
            Outcome([], {"a": StepFailed("x", host="w1"), "b": StepFailed("y", host="m1")}, {"c": "a"}),
            StepFailed,
            "2 steps failed on m1, w1, 1 skipped",
        ),
        (Outcome([], {"a": StepFailed("x")}), StepFailed, "1 step failed"),
        (Outcome(["a"], {"b": StepFailed("x")}, lost=LockLost("the lock was lost")), LockLost, "the lock was lost"),
    ],
)
def test_an_unclean_outcome(outcome: Outcome, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as failure:
        refusing.refuse_unclean(outcome, {"w1": ConnectError("x")})
    assert str(failure.value).startswith(text)


def test_a_run_ends_with_how_nodes_were_left() -> None:
    left = ["w1 is drained", "w2 is drained"]
    failed: dict[str, SkepError] = {"a/x@w1": StepFailed("bad", state="w1 is drained")}
    for outcome in (Outcome([], failed, left=left), Outcome([], interrupted=True, left=left)):
        with pytest.raises(SkepError) as ended:
            refusing.refuse_unclean(outcome, {})
        assert ended.value.state == "w1 is drained\nw2 is drained"


def test_a_plan_looks_for_room_where_its_steps_write(site: Site) -> None:
    class Writer(HostRole[bool]):
        name = "a"

        def desired(self, cluster: Cluster, host: Host) -> bool:
            return host.name == "w1"

        def parse(self, text: str, answers: Any) -> bool:
            return False

        def plan(self, cluster: Cluster, seen: Seen[bool]) -> list[Step]:
            desired = self.desired_on(cluster, seen)
            return [replace(step(f"a/x@{name}"), writes={"/usr": 1 << 30}) for name, want in desired.items() if want]

    full = {"/usr": Room("", "1", 0, None)}
    seen = Observation({"a": dict.fromkeys(NAMES)}, {name: Facts(hostname=name, rooms=full) for name in NAMES}, {})
    planned = converge.plan(replace(site, roles=[Writer()]), seen)
    errors = [(finding.host, finding.text) for finding in planned.errors if "free for /usr" in finding.text]
    assert errors == [("w1", "has 0 MiB free for /usr; 1024 MiB are needed")]
    assert len(converge.limited(site, planned, {"w1"}).errors) == len(planned.errors)
    assert not any("/usr" in finding.text for finding in converge.limited(site, planned, {"m1"}).errors)


def test_a_step_that_would_run_again_is_refused() -> None:
    def done(*names: str, detail: str = "", times: int = 1) -> refusing.Done:
        return Counter({(name, tuple(filter(None, [detail]))): times for name in names})

    refusing.refuse_repeated(plan(step("a/new@m1")), done("a/old@m1"))
    refusing.refuse_repeated(plan(step("a/s@m1")), done("a/s@m1", detail="another one: a node left meanwhile", times=2))
    with pytest.raises(NotConverged):
        refusing.refuse_repeated(plan(step("a/s@m1")), done("a/s@m1", detail="and so on", times=3))
    with pytest.raises(NotConverged) as failure:
        refusing.refuse_repeated(plan(*(step(f"a/s{n}@m1") for n in range(7))), done(*(f"a/s{n}@m1" for n in range(6))))
    assert failure.value.message == "all steps ran, and 6 would have to run again"
    assert failure.value.cause is not None
    assert failure.value.cause.startswith("a/s0@m1: t (c); ")
    assert failure.value.cause.endswith(" …")


def test_a_limit_keeps_the_steps_about_its_hosts(site: Site) -> None:
    whole = plan(
        Finding("warning", "kept", host="m2"), step("a/x@m1"), step("a/x@w1"), step("b/y@w1", "a/x@w1"),
        step("b/z@w1", "a/x@m1"), step("b/last@w1", "b/z@w1"), step("b/wide:net"), step("b/free@w1", "b/wide:gone"),
    )  # fmt: skip
    kept = converge.limited(site, whole, {"w1"})
    assert [item.id for item in kept] == ["a/x@w1", "b/free@w1", "b/y@w1"] or {item.id for item in kept} == {
        "a/x@w1", "b/free@w1", "b/y@w1",
    }  # fmt: skip
    assert [finding.text for finding in kept.findings] == [
        "kept",
        "b/z@w1 is left out: it needs a/x@m1, which --limit leaves out",
        "b/last@w1 is left out: it needs b/z@w1, which --limit leaves out",
    ]


def test_a_limit_takes_hosts_out_of_a_roll_out(site: Site) -> None:
    second = Run(id=step_id("a/x@w1"), host="w1", title="t", cause="c", script="true", gates=(step_id("a/x@m1"),))
    whole = plan(step("a/x@m1"), second, step("a/y@w1", "a/x@w1"))
    assert whole.needs["a/x@w1"] == {"a/x@m1"}
    kept = converge.limited(site, whole, {"w1"})
    assert [item.id for item in kept] == ["a/x@w1", "a/y@w1"]
    assert kept.findings == ()


def test_a_limit_leaves_out_what_is_said_of_steps_that_are_about_no_host(site: Site) -> None:
    site = replace(site, roles=[*site.roles, Swarmwide("b")])
    findings = [
        Finding("error", "wide", role="b"),
        Finding("error", "of w1", host="w1", role="b"),
        Finding("note", "x"),
    ]
    kept = converge.limited(site, plan(*findings, step("b/wide:net"), step("a/x@w1")), {"w1"})
    assert [finding.text for finding in kept.findings] == ["of w1", "x"]


def test_a_run_is_under_the_lock_and_in_the_history(site: Site) -> None:
    held: list[bool] = []
    kinds: list[str] = []

    def tell(event: Event) -> None:
        kinds.append(event.kind)
        held.append(site.pool["m1"].file("lock").exists())  # type: ignore[attr-defined]

    outcome = apply(site, plan(step("a/x@m1"), step("a/bad@w1", script="exit 3")), SEEN, "up", tell)
    assert (outcome.done, list(outcome.failed)) == (["a/x@m1"], ["a/bad@w1"])
    assert all(held)
    assert sorted(kinds) == ["done", "failed", "started", "started"]
    assert not site.pool["m1"].file("lock").exists()  # type: ignore[attr-defined]
    assert history(site)[0] == ("run", "started")
    assert set(history(site)[1:-1]) == {("a/x@m1", "done"), ("a/bad@w1", "failed")}
    assert history(site)[-1] == ("run", "failed")


def test_a_plan_that_is_refused_is_not_begun(site: Site) -> None:
    with pytest.raises(PreflightError):
        apply(site, plan(Finding("error", "x"), step("a/x@m1", script="touch begun")), SEEN, "up", lambda _: None)
    assert not site.pool["m1"].file("lock").exists()  # type: ignore[attr-defined]
    assert not site.pool["m1"].file("history.jsonl").exists()  # type: ignore[attr-defined]


def test_plans_follow_each_other_under_one_lock(site: Site) -> None:
    with locked_run.Run(site, "up") as run:
        for name in ("a/x@m1", "a/y@m1"):
            assert run.apply(site, plan(step(name)), SEEN, lambda _: None).done == [name]
            assert site.pool["m1"].file("lock").exists()  # type: ignore[attr-defined]
    assert not site.pool["m1"].file("lock").exists()  # type: ignore[attr-defined]
    assert [entry for entry in history(site) if entry[1] == "done"][::2] == [("a/x@m1", "done"), ("a/y@m1", "done")]


def test_a_second_run_is_refused_and_does_nothing(site: Site) -> None:
    def again(event: Event) -> None:
        with pytest.raises(LockHeld):
            apply(site, plan(step("a/y@m1", script="exit 9")), SEEN, "up", lambda _: None)

    assert apply(site, plan(step("a/x@m1")), SEEN, "up", again).clean


def test_a_listener_that_fails_leaves_an_end_in_the_history_and_no_lock(site: Site) -> None:
    def broken(_: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apply(site, plan(step("a/x@m1"), step("a/y@m1", "a/x@m1")), SEEN, "up", broken)
    assert history(site) == [("run", "started"), ("a/x@m1", "done"), ("a/y@m1", "done"), ("run", "interrupted")]
    assert not site.pool["m1"].file("lock").exists()  # type: ignore[attr-defined]


def test_ctrl_c_is_a_clean_stop(site: Site) -> None:
    def tell(event: Event) -> None:
        if event.kind == "done":
            raise KeyboardInterrupt

    outcome = apply(site, plan(step("a/x@m1"), step("a/y@m1", "a/x@m1")), SEEN, "up", tell)
    assert outcome.interrupted
    assert outcome.skipped == {"a/y@m1": "the run was stopped"}
    assert history(site)[-1] == ("run", "interrupted")


def test_a_lost_lock_starts_nothing_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skep.lock.lease.RENEW", 0.05)
    here: Any = site.pool
    noticed, drop = here["w1"].folder / "noticed", Lease.drop

    def dropped(lease: Lease, manager: str) -> None:
        drop(lease, manager)
        if not lease.enough:
            noticed.touch()

    monkeypatch.setattr(Lease, "drop", dropped)
    slow = f"rm -f {here['m1'].folder}/lock {here['m2'].folder}/lock; until [ -e {noticed} ]; do sleep 0.05; done"
    outcome = apply(site, plan(step("a/x@w1", script=slow), step("a/y@m1", "a/x@w1")), SEEN, "up", lambda _: None)
    assert outcome.done == ["a/x@w1"]
    assert outcome.skipped == {"a/y@m1": "the run was stopped"}
    assert outcome.lost
    assert history(site)[-1] == ("run", "lock lost")


class Swarmwide(ClusterRole[str]):
    """A role of the cluster's, whose state is what a host says."""

    def __init__(self, name: str) -> None:
        self.name = name

    def parse(self, text: str, answers: Any) -> str:
        return text

    def plan(self, cluster: Cluster, seen: Seen[str]) -> list[Step]:
        return []


class Looks:
    """In place of ``observe``: what hosts say, by name; one that says an error is silent. Managers list the nodes, as
    long as they say anything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []
        monkeypatch.setattr(converge, "observe", self)

    def __call__(self, cluster: Cluster, pool: Any, roles: Any, hosts: Any = None, waiting: Any = None) -> Observation:
        names = list(NAMES if hosts is None else hosts)
        self.asked.append(names)
        answered = {name: self.answers[name] for name in names if not isinstance(self.answers[name], ConnectError)}
        states = {role.name: answered for role in roles}
        lists = Member(manager=True, nodes=frozenset(NAMES))
        members = {name: lists if said and name.startswith("m") else None for name, said in answered.items()}
        silent = {name: self.answers[name] for name in names if name not in answered}
        return Observation(states, dict.fromkeys(answered, Facts()), silent, members)


def roles_site(*some: Any) -> Site:
    return Site(CLUSTER, None, some, roles("a", "b"))  # type: ignore[arg-type]


def test_the_manager_that_is_believed_is_enough_for_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(monkeypatch, m1="old", m2=ConnectError("x"), w1="worker")
    site = roles_site(Swarmwide("a"))
    before = converge.see(site)
    looks.answers["m1"] = "new"
    again = converge.see(site, before)
    assert looks.asked == [NAMES, ["m1"]]
    assert again.states == {"a": {"m1": "new", "w1": "worker"}}
    assert list(again.facts) == ["m1", "w1"]
    assert list(again.failures) == ["m2"]


@pytest.mark.parametrize("answers", [ConnectError("gone"), None])
def test_where_another_manager_is_believed_now_all_are_asked(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(monkeypatch, m1="old", m2="old", w1="worker")
    site = roles_site(Swarmwide("a"))
    before = converge.see(site)
    looks.answers |= {"m1": answers, "m2": "new"}
    again = converge.see(site, before)
    assert looks.asked == [NAMES, ["m1"], NAMES]
    assert again.states["a"]["m2"] == "new"
    assert ("m1" in again.failures) == (answers is not None)


def test_all_hosts_are_asked_again_where_a_role_is_about_hosts_or_no_manager_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Plain(HostRole[str]):
        name = "b"

        def desired(self, cluster: Cluster, host: Host) -> str:
            return ""

        def parse(self, text: str, answers: Any) -> str:
            return text

        def plan(self, cluster: Cluster, seen: Seen[str]) -> list[Step]:
            return []

    looks = Looks(monkeypatch, **dict.fromkeys(NAMES, "said"))
    for others, said in (((Plain(),), "said"), ((Swarmwide("b"),), None)):
        looks.answers = dict.fromkeys(NAMES, said)
        site = roles_site(Swarmwide("a"), *others)
        converge.see(site, converge.see(site))
    assert looks.asked == [NAMES] * 4


def test_the_leader_is_believed_before_other_managers_and_a_manager_without_a_quorum_never() -> None:
    nodes = frozenset({"1", "2"})
    first, leader, alone = Member(True, nodes=nodes), Member(True, leader=True, nodes=nodes), Member(True)
    assert Observation({}, {}, {}, {"m1": first, "m2": leader}).manager == "m2"
    assert Observation({}, {}, {}, {"m1": first, "m2": first}).manager == "m1"
    assert Observation({}, {}, {}, {"m1": alone, "m2": first}).manager == "m2"
    assert Observation({}, {}, {}, {"m1": alone, "w1": Member(), "w2": None}).manager is None


def test_managers_are_asked_first_and_silent_hosts_not() -> None:
    cluster = replace(CLUSTER, hosts=tuple(reversed(CLUSTER.hosts)))
    site = Site(cluster, None, [], [])  # type: ignore[arg-type]
    assert converge.asked_managers(site, SEEN) == ["m2", "m1", "w1"]
    assert converge.asked_managers(site, Observation({}, {"w1": Facts()}, {})) == ["w1"]


def test_a_limit_that_puts_a_host_ahead_of_others_says_so(site: Site) -> None:
    first, second = (
        Run(id=step_id(f"a/x@{name}"), host=name, title="t", cause="c", script="true", restarts=True, gates=gates)
        for name, gates in (("m1", ()), ("w1", (step_id("a/x@m1"),)))
    )
    whole = plan(first, second)
    (note,) = converge.limited(site, whole, {"w1"}).findings
    assert (note.host, note.text) == (
        "w1", "goes ahead of m1, which the whole plan takes first and --limit leaves out",
    )  # fmt: skip
    assert converge.limited(site, whole, {"m1"}).findings == ()
