"""Volumes keep the options that they were made with; a difference is reported by host, without passwords."""

from __future__ import annotations

from typing import Any

import pytest

from roles.stacks.volumes import kept, parse_volume


def mounting(options: dict[str, str] | None, **mount: Any) -> dict[str, Any]:
    driver = {} if options is None else {"VolumeOptions": {"DriverConfig": {"Name": "local", "Options": options}}}
    mounts = [{"Type": "volume", "Source": "web_data", "Target": "/data", **driver, **mount}]
    return {"TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}


def said(desired: dict[str, Any], hosts: dict[str, dict[str, dict[str, str]]], **before: dict[str, Any]) -> list[str]:
    return [finding.text for finding in kept("web", {"app": desired}, before, hosts)]


SMALL = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=7"}
LARGE = {**SMALL, "o": "size=2m,uid=7"}


def test_a_volume_that_was_made_otherwise_is_reported_with_its_hosts() -> None:
    hosts = {"w2": {"web_data": SMALL}, "w1": {"web_data": SMALL}, "w3": {"web_data": LARGE}, "w4": {}}
    assert said(mounting(LARGE), hosts) == [
        "stack web: Docker keeps the volume web_data as it was made on w1, w2 (size: 1m → 2m)"
    ]
    (finding,) = kept("web", {"app": mounting(LARGE)}, {}, hosts)
    assert "on w1, w2: docker volume rm web_data" in str(finding.next_action)
    assert not finding.standing


def test_options_that_go_and_that_come() -> None:
    assert said(mounting(None), {"w1": {"web_data": SMALL}}, app=mounting(SMALL)) == [
        "stack web: Docker keeps the volume web_data as it was made on w1 (device: tmpfs → unset; size: 1m → unset;"
        " type: tmpfs → unset; uid: 7 → unset)"
    ]
    assert said(mounting({"o": "size=1m"}), {"w1": {"web_data": {}}}) == [
        "stack web: Docker keeps the volume web_data as it was made on w1 (size: unset → 1m)"
    ]


@pytest.mark.parametrize(
    "desired",
    [
        mounting(SMALL),
        mounting(None),
        mounting(LARGE, Source="web_{{.Task.Slot}}"),
        mounting(LARGE, Type="bind"),
        mounting(None, VolumeOptions={"DriverConfig": {"Name": "nfs", "Options": {"share": "x"}}}),
    ],
)
def test_what_is_right_or_not_known_is_not_reported(desired: dict[str, Any]) -> None:
    assert said(desired, {"w1": {"web_data": SMALL}}) == []


def test_no_password_is_shown() -> None:
    old = {"type": "cifs", "o": "username=ada,password=hunter2,credentials=/x,ro"}
    new = {"type": "cifs", "o": "username=bob,password=hunter3,credentials=/y"}
    (text,) = said(mounting(new), {"w1": {"web_data": old}})
    assert text.endswith("(credentials: *** → ***; password: *** → ***; ro: set → unset; username: *** → ***)")


def test_lines_of_the_probe() -> None:
    noted = '{"MountType":"tmpfs","MountOpts":"size=1m,uid=7","MountDevice":"tmpfs","Quota":{"Size":0}}'
    assert parse_volume(f"volume web_data {noted}") == ("web_data", SMALL)
    assert parse_volume("volume web_data null") == ("web_data", {})
    assert parse_volume('volume web_data {"Mount') is None
    assert parse_volume("abc  /x/mounts/secrets/s1") is None
