"""The time zone, as programs on the host have it."""

from testinfra.host import Host as Remote

from skep.model import Host


def test_zone(host: Remote, desired: Host) -> None:
    """the time zone is the one asked for"""
    zone = desired.settings.get("timezone")
    here, there = (host.run(command).stdout for command in ("date +%Z%z", f"TZ={zone} date +%Z%z"))
    assert zone is None or here == there, f"it is {here.strip()!r}"
