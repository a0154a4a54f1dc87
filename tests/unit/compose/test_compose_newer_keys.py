"""What managers of an older engine drop is left out, and named with its place."""

from __future__ import annotations

from typing import Any

import pytest

from skep.compose import convert
from skep.compose.newer_keys import dropped
from skep.swarm.versions import Manager, oldest_manager, understood
from tests.unit.compose.conftest import Read

TEXT = """services:
  app:
    image: a:1
    labels: {StartInterval: "1"}
    healthcheck: {test: x, start_interval: 2s}
    volumes:
      - /data
      - {type: volume, source: data, target: /x, volume: {nocopy: true, subpath: in}}
  plain:
    image: a:1
    healthcheck: {test: x, start_interval: 0s}
volumes: {data: }
"""


def node(host: str, version: str | None, role: str = "manager") -> dict[str, Any]:
    engine = {"EngineVersion": version} if version else {}
    return {"Spec": {"Role": role}, "Description": {"Hostname": host, "Engine": engine}}


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ((20, 10), [None, None]),
        ((25, 0), [2 * 10**9, None]),
        ((26, 0), [2 * 10**9, None]),
        ((26, 1), [2 * 10**9, "in"]),
    ],
)
def test_a_manager_is_sent_what_it_keeps(read: Read, version: tuple[int, int], kept: list[Any]) -> None:
    whole = convert(read(TEXT), "s").services["s_app"]
    container = understood(whole, Manager("m1", version))["TaskTemplate"]["ContainerSpec"]
    volume = container["Mounts"][1]["VolumeOptions"]
    assert [container["Healthcheck"].get("StartInterval"), volume.get("Subpath")] == kept
    assert (container["Labels"]["StartInterval"], volume["NoCopy"]) == ("1", True)
    assert whole == convert(read(TEXT), "s").services["s_app"]


def test_nothing_is_left_out_where_no_version_is_known(read: Read) -> None:
    for spec in convert(read(TEXT), "s").services.values():
        assert understood(spec, None) == understood(spec, Manager("m1", (29, 0))) == spec
    assert understood({"TaskTemplate": {}}, Manager("m1", (20, 10))) == {"TaskTemplate": {}}


def test_each_key_is_reported_with_its_place(read: Read) -> None:
    rest = "is left out: Docker 20.10 on m1 does not know it, it needs"
    assert [one.text for one in dropped(read(TEXT), Manager("m1", (20, 10)))] == [
        f"compose.yml:5: services.app.healthcheck.start_interval: {rest} 25",
        f"compose.yml:8: services.app.volumes[1].volume.subpath: {rest} 26.1",
    ]
    assert dropped(read(TEXT), Manager("m1", (26, 1))) == []


def test_the_oldest_manager_counts() -> None:
    nodes = [node("m1", "28.5.2"), node("m2", "26.1.5+dfsg1"), node("w1", "20.10.24+dfsg1", "worker"), node("m3", None)]
    assert oldest_manager(nodes) == Manager("m2", (26, 1))
    assert oldest_manager([node("m1", "dev"), {"ID": "x"}, {"Spec": None, "Description": None}]) is None
