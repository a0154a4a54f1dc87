"""The distributions as data: every file is whole, and a host is of the right one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from roles.engine.families import FOLDER, MANAGERS, TRIED, Unsupported, family, family_of, names, release_of
from roles.engine.families.__main__ import PAGE, page
from skep.seen import Platform

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", names())
def test_a_file_says_all_there_is_to_know(name: str) -> None:
    its = family(name)
    assert its.id == name and its.name and its.tried in TRIED and its.manager in MANAGERS
    assert re.fullmatch(r"[0-9A-F]{40}", its.vendor.fingerprint)
    assert its.vendor.releases and set(its.vendor.paths) <= set(its.vendor.releases)
    assert all(re.fullmatch(r"linux/[a-z]+", its.vendor.path_of(release)) for release in its.vendor.releases)
    assert all(re.fullmatch(r"\d+(\.\d+)?", version) for version in its.vendor.releases.values())
    lists = (its.distribution, its.vendor.conflicts, its.vendor.requires)
    assert all(isinstance(one, tuple) and len(set(one)) == len(one) for one in lists)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", package) for one in lists for package in one)
    assert set(its.distribution) <= set(its.vendor.conflicts), "the distribution's own is in the vendor's way"


def test_a_key_that_nobody_knows_is_no_part_of_a_file() -> None:
    texts = [(FOLDER / f"{name}.toml").read_text() for name in names()]
    keys = {key for text in texts for key in re.findall(r"^(\w+) = ", text, re.MULTILINE)}
    said = (FOLDER / "__init__.py").read_text()
    assert keys and all(f"``{key}``" in said or f"``vendor.{key}``" in said for key in keys)


def test_the_page_is_of_today() -> None:
    assert (ROOT / PAGE).read_text() == page(), "run python -m roles.engine.families"


@pytest.mark.parametrize(
    ("platform", "name", "path", "release"),
    [
        (Platform("debian", "13", "trixie", packages="apt-get"), "debian", "linux/debian", "trixie"),
        (Platform("ubuntu", "24.04", "noble", base="noble", like="debian"), "ubuntu", "linux/ubuntu", "noble"),
        (Platform("raspbian", "12", "bookworm", like="debian"), "raspbian", "linux/raspbian", "bookworm"),
        (Platform("raspbian", "13", "trixie", like="debian"), "raspbian", "linux/debian", "trixie"),
        (Platform("rhel", "9.4", packages="dnf", like="fedora", base="el9"), "rhel", "linux/rhel", "9"),
        (Platform("rocky", "8.10", "", packages="dnf", base="el8"), "rocky", "linux/rhel", "8"),
        (Platform("almalinux", "10.1", packages="dnf", base="el10"), "almalinux", "linux/rhel", "10"),
        (Platform("centos", "10", packages="yum", base="el10"), "centos", "linux/centos", "10"),
        (Platform("ol", "9.5", packages="dnf", like="fedora", base="el9"), "ol", "linux/rhel", "9"),
        (Platform("fedora", "43", packages="dnf5", base="f43"), "fedora", "linux/fedora", "43"),
        (Platform("linuxmint", "22", "wilma", like="ubuntu debian", base="noble"), "ubuntu", "linux/ubuntu", "noble"),
        (Platform("eurolinux", "9.3", like="rhel fedora centos", base="el9"), "rhel", "linux/rhel", "9"),
        (Platform("nobara", "43", like="fedora", base="f43"), "fedora", "linux/fedora", "43"),
        (Platform("debian", "14", "forky"), "debian", "linux/debian", "forky"),
        (Platform("fedora", "45"), "fedora", "linux/fedora", "45"),
    ],
)
def test_a_host_is_of_a_family(platform: Platform, name: str, path: str, release: str) -> None:
    its = family_of(platform)
    assert (its.id, its.vendor.path_of(release), release_of(its, platform)) == (name, path, release)


@pytest.mark.parametrize(
    ("platform", "word"),
    [
        (Platform("alpine", "3.20.1", packages="apk"), "alpine 3.20.1"),
        (Platform("amzn", "2023", like="fedora", base="al2023", packages="dnf"), "amzn 2023"),
        (Platform("sles", "15.6", like="suse", packages="zypper"), "sles 15.6"),
        (Platform("kali", "2026.3", "kali-rolling", like="debian"), "kali 2026.3"),
        (Platform(), "does not say what it is"),
    ],
)
def test_an_unknown_system_is_refused_with_all_that_are_known(platform: Platform, word: str) -> None:
    with pytest.raises(Unsupported, match=word) as refused:
        family_of(platform)
    assert all(family(name).name in str(refused.value) for name in names()) and refused.value.next_action


@pytest.mark.parametrize("platform", [Platform("fedora", packages="rpm-ostree"), Platform("debian", packages="dnf")])
def test_a_system_with_another_package_manager_than_its_family_is_refused(platform: Platform) -> None:
    with pytest.raises(Unsupported, match=platform.packages):
        family_of(platform)


@pytest.mark.parametrize(
    ("platform", "built"),
    [
        (Platform("debian", "10", "buster"), "bullseye, bookworm, trixie"),
        (Platform("debian", "", "forky"), "bullseye, bookworm, trixie"),
        (Platform("ubuntu", "23.10", "mantic"), "jammy, noble, resolute"),
        (Platform("centos", "7", packages="yum"), "9, 10"),
        (Platform("rhel", "7.9", packages="yum"), "8, 9, 10"),
        (Platform("fedora", "41"), "43, 44"),
    ],
)
def test_a_release_that_is_not_built_is_refused_with_those_that_are(platform: Platform, built: str) -> None:
    with pytest.raises(Unsupported, match=built):
        release_of(family_of(platform), platform)
