"""What goes as it is in nobody's use, and what a rollback keeps."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skep.apply.script import run_script
from skep.model import Archive, ArchivedImage, Host
from skep.plan import Finding, Plan, Run
from skep.questions import SERVICES
from skep.request import RequestedCluster
from skep.seen import Seen
from skep.swarm.labels import REVISION, REVISION_OF, TASK_ID
from skep.swarm.revision import pack
from skep.upkeep.pruning import CONFIGS, DAY, Prune, State
from tests.steps import roles

NOW = 1_800_000_000
CLUSTER = RequestedCluster(
    name="prod", hosts=(Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")), stamp="20261128T041500Z"
)
RUNS, RAN, KEPT, OLD, GONE = (f"sha256:{letter * 64}" for letter in "abcdf")


def spec(image: str) -> dict[str, Any]:
    return {"Name": "web_web", "TaskTemplate": {"ContainerSpec": {"Image": image}}}


def answers(*images: str, before: str = "", revision: str = "") -> dict[str, Any]:
    services = [{"Spec": spec(image), "PreviousSpec": spec(before) if before else None} for image in images]
    configs: list[Any] = [{"ID": "c", "Spec": {"Name": "other", "Labels": {}}}]
    if revision:
        data = pack({"services": {"web_web": spec(revision)}})  # type: ignore[typeddict-item]
        labels = {REVISION: "1", REVISION_OF: "web"}
        configs.append({"ID": "r", "Spec": {"Name": "skep.web.1", "Labels": labels, "Data": data}})
    return {"/info": {}, SERVICES: services, CONFIGS: configs}


def container(name: str, image: str, state: str = "exited", *, ended: str = "2026-11-01", task: bool = True) -> str:
    found = {"Id": f"id-{name}", "Name": f"/{name}", "Image": image, "State": state, "Created": f"{ended}T00:00:00.5Z",
             "Finished": f"{ended}T00:00:00.123456789Z", "Labels": {TASK_ID: "t"} if task else None}  # fmt: skip
    return f"container {json.dumps(found)}"


def image(id: str, *tags: str, digests: tuple[str, ...] = (), size: int = 5 << 20) -> str:
    return f"image {json.dumps({'Id': id, 'Tags': list(tags), 'Digests': list(digests), 'Size': size})}"


def look(role: Prune, *lines: str, of: dict[str, Any] | None = None, cache: object = None) -> State:
    text = "\n".join([f"now {NOW}", *lines, f"cache {json.dumps(cache or {})}", "looked"])
    found = role.parse(text, of or {"/info": {}})
    assert found is not None
    return found


def planned(role: Prune, worker: State, of: dict[str, Any], cluster: RequestedCluster = CLUSTER) -> Plan:
    states = {"m1": look(role, of=of), "w1": worker}
    items = role.plan(cluster, Seen(states, {}, {}, "m1"))
    return Plan(items, roles("prune"), ["m1", "w1"])


def lines(plan: Plan) -> list[str]:
    return [text for step in plan for text in (f"{step.id}: {step.title}", *step.detail)]


EVERYTHING = (
    container("web.1.x", OLD),
    container("web.2.y", RUNS, "running"),
    container("web.3.z", OLD, ended="2027-01-15"),
    container("by-hand", GONE, task=False),
    "size 2097152 id-web.1.x",
    image(RUNS, digests=(f"busybox@{RUNS}",)),
    image(RAN, digests=(f"busybox@{RAN}",)),
    image(KEPT, digests=(f"busybox@{KEPT}",)),
    image(OLD, digests=(f"busybox@{OLD}",)),
    image(GONE, "tool:1", "tool:2"),
)
OF = answers(f"busybox:1@{RUNS}", before=f"busybox:1@{RAN}", revision=f"docker.io/library/busybox:1@{KEPT}")


def test_a_schedule_removes_tasks_that_are_over_and_images_without_a_name() -> None:
    role = Prune(safe=True)
    worker = look(role, *EVERYTHING, cache={"BuildCache": [{"Size": 9000, "InUse": False, "Shared": False}]})
    assert lines(planned(role, worker, OF)) == [
        "prune/containers@w1: remove 1 stopped container, up to 2048 KiB",
        "2048 KiB: web.1.x (exited since 2026-11-01T00:00Z)",
    ], "another container of an hour ago has the old image"


def test_by_hand_also_what_has_a_name_and_other_containers_and_the_build_cache_go() -> None:
    role = Prune(safe=False, older=0)
    worker = look(role, *EVERYTHING, cache={"BuildCache": [{"Size": 9000, "InUse": False, "Shared": False}]})
    plan = planned(role, worker, OF)
    said = lines(plan)
    assert {f"{step.id}: {step.title}" for step in plan} == {
        "prune/cache@w1: empty the build cache, 9000 bytes",
        "prune/containers@w1: remove 3 stopped containers, up to 2048 KiB",
        "prune/images@w1: remove 2 unused images, up to 10 MiB",
    }
    assert not any(id[7:19] in line for id in (RUNS, RAN, KEPT) for line in said), "a rollback needs them"
    step = next(step for step in plan if isinstance(step, Run) and step.id.action == "images")
    assert f"{GONE} tool:1 tool:2" in str(step.variables["IMAGES"])


def test_a_service_that_names_no_digest_keeps_what_has_its_tag() -> None:
    role = Prune(safe=False)
    worker = look(role, image(GONE, "tool:1"), image(OLD, "tool:2"), image(RAN, "busybox:latest"))
    assert lines(planned(role, worker, answers("tool:1", "busybox"))) == [
        "prune/images@w1: remove 1 unused image, up to 5120 KiB", f"5120 KiB: tool:2 ({'d' * 12})",
    ]  # fmt: skip


@pytest.mark.parametrize("safe", [True, False])
def test_an_image_that_is_named_by_its_content_stays(safe: bool) -> None:
    role = Prune(safe=safe)
    worker = look(role, image(RUNS), image(RAN), image(KEPT), image(OLD), image(GONE))
    named = answers(RUNS, OLD.removeprefix("sha256:"), before=RAN, revision=KEPT)
    assert lines(planned(role, worker, named))[1:] == [f"5120 KiB: {'f' * 12} ({'f' * 12})"], (
        "a registry has none of the others"
    )


def test_an_image_from_a_file_of_the_inventory_stays_whichever_way_it_is_kept() -> None:
    role = Prune(safe=False)
    images = (ArchivedImage(("shop:1",), RUNS, RAN, "amd64", 5), ArchivedImage(("till:1",), KEPT, "", "amd64", 5))
    cluster = replace(CLUSTER, archives=(Archive("/srv/shop.tar", 5, "a" * 64, images),))
    worker = look(role, image(RUNS, "shop:1"), image(RAN, "shop:1"), image(KEPT, "till:1"), image(GONE, "tool:1"))
    assert lines(planned(role, worker, answers("tool:2"), cluster))[1:] == [f"5120 KiB: tool:1 ({'f' * 12})"]


def test_containers_that_ended_lately_stay() -> None:
    role = Prune(safe=True, older=90 * DAY)
    assert not len(planned(role, look(role, *EVERYTHING), OF))


def test_a_container_that_never_ran_counts_from_when_it_was_made() -> None:
    role = Prune(safe=False)
    worker = look(role, container("new", OLD, "created", ended="2027-01-14", task=False))
    assert [step.id.action for step in planned(role, worker, OF)] == ["containers"]
    assert not len(planned(role, replace(worker, containers=(replace(worker.containers[0], ended=5.0),)), OF))


def test_without_a_manager_nothing_is_known_of_rollbacks_and_nothing_goes() -> None:
    role = Prune(safe=True)
    [finding] = role.plan(CLUSTER, Seen({"w1": look(role, *EVERYTHING)}, {}, {}, None))
    assert isinstance(finding, Finding) and finding.level == "error" and "rollback" in finding.text


def test_where_docker_gave_no_whole_list_nothing_goes() -> None:
    role = Prune(safe=False)
    half = role.parse(f"now {NOW}\n{image(GONE)}\ncache ", {"/info": {}})
    assert half is not None
    plan = planned(role, half, OF)
    assert not len(plan) and "not checked" in plan.findings[0].text and plan.findings[0].level == "note"
    assert role.parse("", {}) is None, "no engine runs"


def test_once_it_is_done_nothing_more_is_asked_for() -> None:
    role = Prune(safe=False, older=0)
    assert not len(planned(role, look(role, *EVERYTHING), OF, replace(CLUSTER, stamp="")))


@pytest.mark.parametrize(
    ("cache", "bytes"),
    [
        ({"BuildCache": [{"Size": 5, "InUse": True}, {"Size": 7, "Shared": True}, {"Size": 9}]}, 9),
        ({"BuildCacheUsage": {"Reclaimable": 11, "TotalSize": 30}}, 11),
        ({"BuildCache": None}, 0),
        (None, 0),
    ],
)
def test_of_the_build_cache_counts_what_can_go(cache: object, bytes: int) -> None:
    assert look(Prune(safe=False), cache=cache).cache == bytes


DOCKER = """#!/bin/sh
cd "$(dirname "$0")"
for last; do :; done
case "$1 $2" in
"container rm") [ "$last" != stuck ] || { echo "stuck is busy" >&2; exit 1; }; rm "c-$last" ;;
"container inspect") [ -e "c-$last" ] && cat "c-$last" ;;
"image rm") for id in i-*; do sed -i "/^$last\\$/d" "$id"; [ -s "$id" ] || rm "$id"; done ;;
"image inspect") [ -e "i-$last" ] || last=$(grep -lx -- "$last" i-* | cut -c3-); [ "$last" ] && echo "$last" ;;
"ps --all") case $last in *=i-used | *=used) echo c ;; esac ;;
esac
"""


def test_what_is_in_use_by_now_stays_and_what_cannot_go_is_a_failure(tmp_path: Path) -> None:
    def carried(containers: str, images: str) -> subprocess.CompletedProcess[str]:
        role = Prune(safe=False, older=0)
        step = next(step for step in planned(role, look(role, *EVERYTHING), OF) if isinstance(step, Run))
        step = replace(step, script=_script(), variables={"CONTAINERS": containers, "IMAGES": images})
        path = f"{tmp_path}:/usr/bin:/bin"
        return subprocess.run(["/bin/sh"], input=run_script(step), env={"PATH": path}, capture_output=True, text=True)

    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    for name, content in {"c-over": "exited", "c-again": "running", "i-free": "a:1\nb:1\n", "i-used": "u:1\n"}.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "c-stuck").write_text("dead")
    done = carried("over\ngone", "free a:1 b:1\nused u:1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c-again", "c-stuck", "docker", "i-used"]
    done = carried("stuck", "")
    assert done.returncode == 1 and "stuck is busy" in done.stderr


def _script() -> str:
    from skep.shell import script

    return script("skep/upkeep/pruned.sh")
