"""What needs a whole kernel: the routing mesh, virtual addresses, IPsec, limits; and restarts under requests."""

from __future__ import annotations

from collections import Counter

from tests.lab.rig.hosts import until
from tests.vm.conftest import Built
from tests.vm.whole import LIMIT, TASKS, Whole, page, requests

VIRTUAL = "for number in 1 2 3 4 5 6; do wget -q -O - http://web/; done"


def test_nothing_is_missing_in_the_kernels(built: Built) -> None:
    about_kernel = [
        finding["text"] for ran in (built.plan, built.up) for finding in ran.findings if "kernel" in str(finding)
    ]
    assert not about_kernel, f"{built.plan}"
    assert {step["host"] for step in built.plan.must().steps} >= set(built.whole.hosts.names), f"{built.plan}"


def test_the_cluster_comes_up_with_a_stack_in_the_mesh(built: Built) -> None:
    built.up.must()


def test_both_tasks_answer_through_every_host(whole: Whole) -> None:
    with whole.progress.stage("both tasks through every host"):
        for name in whole.hosts.names:
            seen: set[str | None] = set()

            def both(name: str = name, seen: set[str | None] = seen) -> bool:
                seen.add(page(whole.hosts.address(name)))
                return seen >= TASKS

            until(f"both tasks answer through {name}", both, patience=300)


def test_a_virtual_address_shares_requests_evenly(whole: Whole) -> None:
    with whole.progress.stage("virtual address"):
        seen = Counter(whole.in_client("m1", VIRTUAL).split())
    assert seen == dict.fromkeys(TASKS, 3), f"answers by task: {seen}"


def test_traffic_between_hosts_is_encrypted(whole: Whole) -> None:
    for name, states in whole.hosts.each("ip xfrm state").items():
        others = [whole.hosts.address(other) for other in whole.hosts.names if other != name]
        missing = [other for other in others if f"src {other} " not in states or f"dst {other}" not in states]
        assert not missing and "rfc4106(gcm(aes))" in states, f"{name} shares no key with {missing}:\n{states}"


def test_a_memory_limit_holds_and_the_deploy_says_so(whole: Whole) -> None:
    tool = whole.wanting("hog", lambda document: document["stacks"].update(hog={"timeout": "10m"}))
    ran = whole.run("a task over its limit", tool, "stack.deploy", "hog").must(5)
    assert "non-zero exit (137)" in ran.text, f"{ran}"
    whole.run("take it away", tool, "stack.rm", "hog", "--yes").must()


def test_no_request_is_lost_while_engines_restart_one_by_one(whole: Whole) -> None:
    whole.environment.document["daemon"]["log-opts"] = {"max-size": "11m"}
    tool = whole.wanting("vm")
    with requests(whole.hosts, whole.progress) as seen:
        ran = whole.run("rolling restart", tool, "cluster.up", "--verify", "never").must()
    restarts = [step for step in ran.done if step.startswith("daemon/restart@")]
    assert len(restarts) == 3, f"{ran}"
    assert seen.sent > 20 and not seen.lost, f"{seen}\n{ran}"


def test_no_request_is_lost_while_a_drained_host_reboots(whole: Whole) -> None:
    drained = whole.wanting("drained", lambda document: document["hosts"]["m3"].update(availability="drain"))
    back = whole.wanting("vm")
    with requests(whole.hosts, whole.progress) as seen:
        whole.run("drain", drained, "cluster.up", "--verify", "never").must()
        with whole.progress.stage("reboot"):
            before = whole.hosts.run("m3", "cat /proc/sys/kernel/random/boot_id")
            whole.hosts.attempt("m3", "systemctl reboot")

            def booted() -> bool:
                now = whole.hosts.attempt("m3", "cat /proc/sys/kernel/random/boot_id", timeout=360)
                return now.returncode == 0 and now.stdout != before

            until("m3 is back", booted, patience=LIMIT)
        whole.run("back in service", back, "cluster.up", "--verify", "never").must()
    assert seen.sent > 20 and not seen.lost, f"{seen}"
    assert whole.run("plan, nothing to do", back, "cluster.plan").must().steps == []


def test_verify_finds_nothing(whole: Whole) -> None:
    ran = whole.run("verify", whole.tool, "cluster.verify").must()
    assert not ran.bad_checks, f"{ran}"
