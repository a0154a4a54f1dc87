"""Images that no registry has: from files of this machine to the hosts that may need them, and another under a tag."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.image_files import identifier, save
from tests.lab.rig.tool import Ran, Tool

TAG = "only.in.a.file/box:1"
IMAGE = "docker service inspect boxes_box --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'"
NODES = "docker service ps boxes_box --filter desired-state=running --format '{{.Node}}'"
CLEAR = "docker stack rm boxes; docker config ls -q --filter label=skep.stack=boxes | xargs -r docker config rm"
FORGET = """
left=120
for id in IDS; do
  while docker image inspect "$id" >/dev/null 2>&1 && ! docker image rm --force "$id" >/dev/null 2>&1; do
    [ $left -gt 0 ] || exit 1
    left=$((left - 1)); sleep 1
  done
done
"""
"""Tasks that still stop hold an image."""


@pytest.fixture
def boxes(cluster: Environment) -> Iterator[Environment]:
    """The shared cluster, with the files of a stack of one task that may run on each worker."""
    deploy = {
        "endpoint_mode": "dnsrr",
        "placement": {"constraints": ["node.role == worker"]},
        "update_config": {"monitor": "1s"},
    }
    service = {"image": TAG, "command": ["sleep", "3600"], "stop_grace_period": "0s", "deploy": deploy}
    folder = cluster.folder / "stacks" / "boxes"
    folder.mkdir(exist_ok=True)
    (folder / "compose.yml").write_text(yaml.safe_dump({"version": "3.8", "services": {"box": service}}))
    yield cluster
    cluster.hosts.run("m1", CLEAR)
    cluster.hosts.each(FORGET.replace("IDS", f"{identifier('7')} {identifier('8')}"))


def tool_with(boxes: Environment, version: str) -> Tool:
    """The tool with that version of the image in the file."""
    file = save(boxes.folder / "images" / "box.tar", TAG, version)

    def change(document: Document) -> None:
        document["images"] = [file]
        document["stacks"]["boxes"] = {"timeout": "3m"}

    return boxes.with_inventory("boxes", change)


def loaded(ran: Ran) -> set[str]:
    """Hosts on which images were to be loaded."""
    return {step["host"] for step in ran.steps if step["id"].startswith("images/load")}


def test_images_come_from_files(boxes: Environment) -> None:
    hosts, workers = boxes.hosts, {"w1", "w2"}
    tool = tool_with(boxes, "7")
    ran = tool("cluster.up").must()
    assert loaded(ran) == workers, f"managers run none of it\n{ran}"
    assert hosts.run("m1", IMAGE).strip() == identifier("7")
    assert not tool("cluster.plan").must().steps

    tool = tool_with(boxes, "8")
    ran = tool("stack.deploy", "boxes").must()
    assert loaded(ran) == workers, f"{ran}"
    update = next(step for step in ran.steps if step["id"] == "stacks/update:boxes/boxes_box")
    assert any(line.startswith("Image: sha256:") for line in update["detail"]), f"{update}"
    assert hosts.run("m1", IMAGE).strip() == identifier("8")
    tool("stack.rollback", "boxes", "--yes").must()
    assert hosts.run("m1", IMAGE).strip() == identifier("7"), "the tag is the other image by now"

    (other,) = workers - set(hosts.run("m1", NODES).split())
    hosts.run(other, f"docker image rm --force {identifier('8')}")
    ran = tool("cluster.up").must()
    assert loaded(ran) == {other}, f"{ran}"
    assert "stacks/update:boxes/boxes_box" in ran.ids, "it was gone back to by hand"
    assert hosts.run("m1", IMAGE).strip() == identifier("8")
