"""Which mounts give a service more of its host than it needs."""

from typing import Any, cast

import pytest

from skep.swarm.hardening import RULES
from skep.swarm.spec import ServiceSpec


def said(rule: str, **mount: Any) -> str:
    return RULES[rule](cast("ServiceSpec", {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Mounts": [mount]}}}))


def volume(**options: str) -> dict[str, Any]:
    return {"Type": "volume", "Source": "data", "VolumeOptions": {"DriverConfig": {"Options": options}}}


@pytest.mark.parametrize(
    "path", ["/", "/var", "/var/lib", "/var/lib/containerd", "/etc/ssl", "/srv/../etc", "//etc", "/run/", "/usr"]
)
def test_mounts_that_hold_or_are_in_what_belongs_to_the_host(path: str) -> None:
    assert said("sensitive-mounts", Type="bind", Source=path)
    assert said("sensitive-mounts", **volume(type="none", o="bind", device=path))


@pytest.mark.parametrize("path", ["/srv", "/variable", "/etcetera", "/var/lib/app", "/opt/run", "/run/docker.sock"])
def test_mounts_of_something_else(path: str) -> None:
    assert not said("sensitive-mounts", Type="bind", Source=path)


@pytest.mark.parametrize("path", ["/var/run/docker.sock", "/srv/docker.sock", "/run", "/var/run/", "/var", "/", "//"])
def test_mounts_that_hold_the_socket(path: str) -> None:
    assert said("socket", Type="bind", Source=path)
    assert said("socket", **volume(o="bind", device=path))


@pytest.mark.parametrize("mount", [{"Type": "bind", "Source": "/run/app"}, {"Type": "tmpfs"}, volume(),
                                   volume(type="nfs", device=":/var"),
                                   volume(type="ext4", device="/dev/sdz1")])  # fmt: skip
def test_mounts_without_it(mount: dict[str, Any]) -> None:
    assert not said("socket", **mount)
    assert mount.get("Source") == "/run/app" or not said("sensitive-mounts", **mount)
