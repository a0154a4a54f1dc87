"""The time zone, as systemd tells it."""

from testinfra.host import Host as Remote

from skep.model import Host


def test_zone(host: Remote, desired: Host) -> None:
    """the time zone is the one asked for"""
    zone = desired.settings.get("timezone")
    found = host.run("timedatectl show --property=Timezone --value").stdout.strip()
    assert zone in (None, found), f"it is {found!r}"
