"""Stacks: the plan shows a change first, only what differs is touched, failures are rolled back; and days after."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.lab.rig.environment import Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.shop import NAME, SLEEP, Shop


@pytest.fixture
def shop(cluster: Environment) -> Iterator[Shop]:
    stack = Shop(cluster)
    yield stack
    stack.clear()


def test_only_what_differs_is_reported_and_touched(shop: Shop) -> None:
    shop.document["services"]["once"] = {**shop.document["services"]["log"], "command": ["true"]}
    shop.document["services"]["once"]["deploy"] = {"mode": "replicated-job", "endpoint_mode": "dnsrr"}
    first = shop.deploy().must()
    assert f"stacks/create:{NAME}/{NAME}_api" in first.ids, f"{first}"
    before = shop.services()
    same = shop.deploy().must()
    assert not same.steps and not same.named("step"), f"something was done where nothing differs\n{same}"
    assert shop.services() == before, "a service was written to where nothing differs"

    shop.api["environment"]["LEVEL"] = "debug"
    shop.api["deploy"]["replicas"] = 1
    planned = shop.plan().must(10)
    step = next(step for step in planned.steps if step["id"] == f"stacks/update:{NAME}/{NAME}_api")
    assert any("LEVEL: info → debug" in line for line in step["detail"]), f"{step}"
    assert any("Replicas: 2 → 1" in line for line in step["detail"]), f"{step}"
    assert shop.services() == before, "the plan changed something"
    shop.deploy().must()
    after = shop.services()
    assert after["api"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["LEVEL=debug"]
    for name in ("log", "once"):
        assert after[name]["Version"] == before[name]["Version"], f"{name} was touched"
    assert "PreviousSpec" not in after["log"], "the rollback target was overwritten"
    assert shop.plan().must().steps == []


def test_a_failed_roll_out_goes_back_as_a_whole(shop: Shop) -> None:
    shop.deploy().must()
    good = shop.services()
    secrets, configs = shop.names("secret"), shop.names("config")
    shop.write("key.txt", "another\n")
    shop.write("rules.txt", "two\n")
    shop.api["command"] = ["false"]
    shop.document["services"]["log"]["environment"] = {"NEW": "yes"}
    failed = shop.deploy("--on-failure", "rollback").must(5)
    assert f"{NAME}_api" in failed.text and "non-zero exit" in failed.text, f"the task's error is not shown\n{failed}"
    assert "another" not in failed.text, f"a secret is shown\n{failed}"
    back = shop.services()
    for name, service in good.items():
        assert back[name]["Spec"]["TaskTemplate"]["ContainerSpec"] == service["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert secrets <= shop.names("secret") and configs <= shop.names("config")
    history = shop.tool("stack.history", NAME).must().text
    assert "back to revision 1" in history, history


def test_days_after(shop: Shop) -> None:
    shop.deploy().must()
    shop.write("rules.txt", "two\n")
    shop.deploy().must()
    shop.tool("stack.scale", NAME, "api=3").must()
    assert shop.services()["api"]["Spec"]["Mode"]["Replicated"]["Replicas"] == 3
    tasks = _tasks(shop, "log")
    shop.tool("stack.restart", NAME, "log").must()
    assert _tasks(shop, "log").isdisjoint(tasks), "the same task still runs"
    shop.tool("stack.rollback", NAME, "1", "--yes").must()
    assert shop.services()["api"]["Spec"]["Mode"]["Replicated"]["Replicas"] == 2
    rows = shop.tool("stack.diff", NAME, "1", "2").must().text
    assert f"{NAME}_rules_" in rows and f"{NAME}_log" not in rows, rows
    assert "back to revision 1" in shop.tool("stack.history", NAME).must().text
    shop.tool("stack.rollback", NAME, "--revision", "99", "--yes").must(4)
    shop.tool("stack.scale", NAME, "nothing=1").must(4)
    shop.tool("stack.rm", NAME, "--yes").must()
    assert not shop.services() and not shop.names("secret") and not shop.names("config")


def test_hooks_and_waves_gate_each_other(shop: Shop) -> None:
    services = shop.document["services"]
    shop.document["x-skep"] = {"waves": True}
    services["api"]["depends_on"] = ["log"]
    services["migrate"] = {**services["log"], "command": ["true"], "x-skep": {"hook": "before"}}
    services["migrate"]["deploy"] = {"endpoint_mode": "dnsrr", "restart_policy": {"max_attempts": 1, "delay": "0s"}}
    first = shop.deploy().must()
    order = [step for step in first.done if f":{NAME}/" in step]
    steps = [
        f"{step}/{NAME}_{name}"
        for step, name in ((f"create:{NAME}", "migrate"), (f"ready:{NAME}", "migrate"), (f"create:{NAME}", "log"))
    ]
    places = [next(at for at, step in enumerate(order) if step == f"stacks/{name}") for name in steps]
    assert places == sorted(places) and order[-1] == f"stacks/create:{NAME}/{NAME}_api", f"{order}"
    assert shop.plan().must().steps == [], "a hook is planned where nothing differs"
    shop.tool("cluster.verify", "--limit", "m1").must()

    services["migrate"]["command"] = ["sh", "-c", "echo no such table; exit 3"]
    services["api"]["environment"]["LEVEL"] = "debug"
    before = shop.services()
    failed = shop.deploy().must(5)
    assert "no such table" in failed.text, f"the hook's log is not shown\n{failed}"
    assert shop.services()["api"] == before["api"], "the roll-out went on behind a failed hook"
    services["migrate"]["command"] = ["true"]
    shop.deploy().must()
    assert shop.plan().must().steps == []


def test_what_dockers_cli_deployed_is_adopted_as_it_is(shop: Shop) -> None:
    shop.save()
    packed = subprocess.run(
        ["tar", "-C", str(shop.folder), "-c", "."], capture_output=True, check=True, stdin=subprocess.DEVNULL
    ).stdout.hex()
    shop.hosts.run(
        "m1",
        f"mkdir -p /tmp/{NAME} && echo {packed} | sed 's/../\\\\x&/g' | xargs -0 printf '%b' | tar -xC /tmp/{NAME};"
        f" cd /tmp/{NAME} && docker stack deploy -c compose.yml {NAME} && rm -rf /tmp/{NAME}",
    )
    until("its tasks run", lambda: _running(shop, "api") == 2 and _running(shop, "log") == 1)
    before = shop.services()
    assert shop.plan().must().steps == []
    assert not shop.deploy().must().named("step")
    assert shop.services() == before
    shop.write("key.txt", "another\n")
    changed = shop.plan().must(10)
    assert [step["id"] for step in changed.steps if "/update:" in step["id"]] == [f"stacks/update:{NAME}/{NAME}_api"]


def test_an_image_that_does_not_resolve_changes_nothing_and_a_moved_tag_is_rolled_out(shop: Shop) -> None:
    registry = shop.hosts.spec.registry
    image = f"{registry}/{NAME}:{time.time_ns()}"
    shop.api["image"] = image
    refused = shop.deploy().must(4)
    assert image in refused.text, f"the image is not named\n{refused}"
    assert not shop.services(), "services were made nevertheless"
    _push(shop, image, "one")
    shop.deploy().must()
    first = shop.services()["api"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    assert first.startswith(f"{image}@sha256:"), first
    _push(shop, image, "two")
    assert any("stack.refresh" in str(finding) for finding in shop.plan().must().findings)
    assert not shop.deploy().must().named("step"), "a deploy rolled out what only a refresh should"
    shop.tool("stack.refresh", NAME).must()
    assert shop.services()["api"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] not in ("", first)
    assert not shop.tool("stack.refresh", NAME).must().named("step")


def test_a_deploy_killed_at_any_step_is_completed_and_two_at_once_are_one(shop: Shop) -> None:
    shop.deploy().must()
    for place, step in enumerate(("stacks/secret", "stacks/running")):
        shop.api["environment"]["LEVEL"] = f"level{place}"
        shop.write("key.txt", f"key {place}\n")
        shop.save()
        with shop.tool.start("stack.deploy", NAME) as running:
            running.wait_for_step(step)
            running.send(signal.SIGKILL)
            running.end()
        done = shop.deploy()
        assert done.exit == 0, f"killed at {step}, and again:\n{done}"
        assert shop.services()["api"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == [f"LEVEL=level{place}"]
        assert shop.plan().must().steps == []

    shop.api["environment"]["LEVEL"] = "last"
    shop.save()
    with shop.tool.start("stack.deploy", NAME) as one:
        one.wait_for_step("stacks/begin")
        one.stand_still()
        refused = shop.tool("stack.deploy", NAME).must(7)
        one.send(signal.SIGCONT)
        assert str(one.process.pid) in refused.error["message"], f"the holder is not named\n{refused}"
        assert one.end().exit == 0


def test_a_manager_that_dies_during_the_deploy_is_replaced_by_another(shop: Shop) -> None:
    deploy = shop.document["services"]["log"]["deploy"]
    deploy["update_config"] = {"monitor": "10s"}
    deploy["placement"] = {"constraints": ["node.hostname != m1"]}  # else Swarm may wait for it there without end
    shop.deploy().must()
    shop.document["services"]["log"]["command"] = [*SLEEP[:1], "4000"]
    shop.save()
    with shop.tool.start("stack.deploy", NAME) as running:
        running.wait_for_step("stacks/running")
        shop.hosts.kill("m1")
        ran = running.end()
    try:
        assert ran.exit == 0, f"{ran}"
        assert shop.services("m2")["log"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Args"] == ["sleep", "4000"]
    finally:
        shop.hosts.boot("m1")
        shop.environment.up("--verify", "never")


def test_a_leader_whose_engine_freezes_during_the_deploy_is_named_with_what_is_wrong(shop: Shop) -> None:
    nodes = shop.hosts.nodes("m1")
    leader = next(one["Description"]["Hostname"] for one in nodes if one.get("ManagerStatus", {}).get("Leader"))
    deploy = shop.document["services"]["log"]["deploy"]
    deploy["update_config"] = {"monitor": "2m"}  # it is stopped before
    deploy["placement"] = {"constraints": [f"node.hostname != {leader}"]}
    shop.save()
    with shop.tool.start("stack.deploy", NAME) as running:
        running.wait_for_step("stacks/running")
        shop.hosts.run(leader, "kill -STOP $(pidof dockerd)")
        try:
            frozen = f"{leader}: the engine runs and does not answer; its process: T (stopped)"
            running.wait_for(f"{leader} is named", lambda ran: frozen in ran.text)
            running.send(signal.SIGINT)
            running.end()
        finally:
            shop.hosts.run(leader, "kill -CONT $(pidof dockerd)")
            shop.environment.up("--verify", "never")


def _tasks(shop: Shop, service: str) -> set[str]:
    script = f"docker service ps {NAME}_{service} -q --no-trunc --filter desired-state=running 2>/dev/null || true"
    return set(shop.hosts.run("m1", script).split())


def _running(shop: Shop, service: str) -> int:
    """How many of its tasks run, so that Swarm has nothing more to write into the service."""
    script = f"docker service ps {NAME}_{service} --format '{{{{.CurrentState}}}}' 2>/dev/null || true"
    return sum(line.startswith("Running") for line in shop.hosts.run("m1", script).splitlines())


def _push(shop: Shop, image: str, mark: str) -> None:
    shop.hosts.run(
        "m1",
        f"cd $(mktemp -d) && printf 'FROM busybox:1.36\\nLABEL mark={mark}\\n' >Dockerfile &&"
        f' docker build -q -t {image} . >/dev/null && docker push -q {image} >/dev/null && rm -r "$PWD"',
    )
