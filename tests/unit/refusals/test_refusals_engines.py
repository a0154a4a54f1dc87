"""What depends on the version of an engine, whole or its first parts."""

from __future__ import annotations

import pytest

from skep.refusals.engines import is_from, refused_settings, unknown_key


@pytest.mark.parametrize(
    ("key", "version", "known"),
    [
        ("proxies", "20.10.24", False),
        ("proxies", "23.0", True),
        ("log-format", "24.0", False),
        ("bip6", "26.1.5", False),
        ("allow-direct-routing", "28.1.1", False),
        ("allow-direct-routing", "28", True),
        ("allow-direct-routing", "28.2", True),
        ("allow-direct-routing", "28.5.2", True),
        ("firewall-backend", "28.5.2", False),
        ("firewall-backend", "29.0.0", True),
        ("api-cors-header", "28.5.2", True),
        ("api-cors-header", "29", False),
        ("oom-score-adjust", "26.1", False),
        ("ip-forward-no-drop", "27.5.1", False),
        ("ip-forward-no-drop", "28.0", True),
        ("nri-opts", "29.1.5", False),
        ("nri-opts", "29.2.0", True),
        ("nri-opts", "29", True),
        ("default-stop-timeout", "29.6.2", False),
        ("default-stop-timeout", "29.7", True),
        ("log-driver", "20.10", True),
        ("api-cors-header", "", True),
    ],
)
def test_a_key_of_daemon_json_is_known_to_some_engines(key: str, version: str, known: bool) -> None:
    assert (unknown_key(key, version) is None) is known


@pytest.mark.parametrize(
    ("version", "later"),
    [("29.10.0", True), ("29.10", True), ("29.11.2", True), ("30", True), ("29.9.1", False), ("29", False)],
)
def test_a_version_is_from_another_on_where_all_that_fits_it_is(version: str, later: bool) -> None:
    assert is_from(version, (29, 10)) is later


REMAPPED = {"userns-remap": "default", "features": {"containerd-snapshotter": True}}


@pytest.mark.parametrize(
    ("daemon", "version", "refused"),
    [
        ({"storage-driver": "aufs"}, "23.0", []),
        ({"storage-driver": "aufs"}, "24.0.9", ["storage-driver"]),
        ({"storage-driver": "overlay"}, "24", ["storage-driver"]),
        ({"storage-driver": "overlay2"}, "29.7.2", []),
        ({"storage-driver": "devicemapper"}, "24.0", []),
        ({"storage-driver": "devicemapper"}, "26.1.5", ["storage-driver"]),
        ({"log-driver": "logentries"}, "28.5.2", ["log-driver"]),
        ({"log-driver": "logentries"}, "", []),
        (REMAPPED, "28.5.2", []),
        (REMAPPED, "29.0.0", ["userns-remap"]),
        ({**REMAPPED, "features": {"containerd-snapshotter": False}}, "29.0.0", []),
        ({**REMAPPED, "features": None}, "29.0.0", []),
        ({"nri-opts": {}, "bip6": "fd00::1/64"}, "27.5", ["nri-opts", "bip6"]),
    ],
)
def test_settings_that_keep_an_engine_from_starting(
    daemon: dict[str, object], version: str, refused: list[str]
) -> None:
    assert [key for key, _ in refused_settings(daemon, version)] == refused
