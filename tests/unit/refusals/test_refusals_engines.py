"""What depends on the version of an engine, whole or its first parts."""

from __future__ import annotations

import pytest

from skep.refusals.engines import is_from, unknown_key


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
