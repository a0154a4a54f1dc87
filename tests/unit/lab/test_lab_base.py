"""Where a base comes from and what goes in."""

import pytest

from skep.errors import LabError
from skep.lab import base

TARGETS = """\
https://packages.example.com/apt/|Example|Example
http://mirror.example.org/debian-security/|Debian|Debian-Security
http://mirror.example.org/debian/|Debian|Debian
http://other.example.org/debian/|Debian|Debian
"""


def test_the_mirror_is_the_machines_first_of_debian_itself() -> None:
    assert base.mirror(TARGETS) == "http://mirror.example.org/debian"


@pytest.mark.parametrize("targets", ["", "https://e.example/|Example|Example\n", "file:/media/cdrom/|Debian|Debian\n"])
def test_a_machine_without_a_debian_mirror_is_reported(targets: str) -> None:
    with pytest.raises(LabError, match="knows no Debian mirror"):
        base.mirror(targets)


def test_release_files_past_their_date_are_borne_for_forky_only() -> None:
    lax = '--aptopt=Acquire::Check-Valid-Until "false";'
    assert lax in base.recipe("forky", "http://m/debian", {})
    assert lax not in base.recipe("trixie", "http://m/debian", {})


def test_the_recipe_ends_with_release_and_source_and_keeps_the_proxy() -> None:
    recipe = base.recipe("bookworm", "http://m/debian", {"Acquire::http::Proxy": "http://p:3128"})
    assert recipe[-2:] == ["bookworm", "deb http://m/debian bookworm main"]
    assert '--aptopt=Acquire::http::Proxy "http://p:3128";' in recipe


def test_virtual_machines_have_the_engine_and_no_source_of_packages_of_their_own() -> None:
    """Else each change of that source would boot all kept machines anew."""
    assert [path.name for path in base.finishing("vm")] == ["base.sh"]
    assert [path.name for path in base.finishing("container")] == ["base.sh", "quick.sh"]
    assert all(path.is_file() for path in base.finishing("container"))
