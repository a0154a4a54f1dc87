"""Hosts that are right in another way than most: what is right there is no finding, and what is wrong is one."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from skep.audit.mirrors import CURL, WITHOUT_CURL
from skep.audit.upgrades import not_excluded, taken_by_apt
from skep.ssh import Result as Answer
from tests.unit.audit.conftest import CLUSTER, DF, certificate, engine, lines

INFO = "docker info --format '{{json .}}'"
ON = "APT::Periodic::Unattended-Upgrade 1\n"
DEBIAN = (
    "Unattended-Upgrade::Origins-Pattern \n"
    "Unattended-Upgrade::Origins-Pattern:: origin=Debian,codename=${distro_codename},label=Debian\n"
    "Unattended-Upgrade::Origins-Pattern:: origin=Debian,codename=${distro_codename}-security,label=Debian-Security\n"
)
UBUNTU = (
    "Unattended-Upgrade::Allowed-Origins:: ${distro_id}:${distro_codename}\n"
    "Unattended-Upgrade::Allowed-Origins:: ${distro_id}ESM:${distro_codename}-infra-security\n"
)
BLACKLIST = "Unattended-Upgrade::Package-Blacklist:: "
THERE = ("docker.io", "docker-ce", "containerd.io", "containerd")


@pytest.mark.parametrize(
    ("dump", "taken"),
    [
        ("", ()),
        ("APT::Periodic::Unattended-Upgrade 0\n", ()),
        (ON + "APT::Periodic::Enable 0\n", ()),
        (ON + "APT::Periodic::Enable 1\n", THERE),
        ("APT::Periodic::Unattended-Upgrade always\n", THERE),
        ('APT::Periodic::Unattended-Upgrade "1"\n', THERE),
        (ON + DEBIAN, ("docker.io", "containerd")),
        (ON + UBUNTU, ("docker.io", "containerd")),
        (ON + DEBIAN + "Unattended-Upgrade::Origins-Pattern:: origin=Docker,label=Docker CE\n", THERE),
        (ON + DEBIAN + "Unattended-Upgrade::Origins-Pattern:: origin=*\n", THERE),
        (ON + UBUNTU + "Unattended-Upgrade::Allowed-Origins:: Docker:${distro_codename}\n", THERE),
        (ON + BLACKLIST + "docker\n", ("containerd.io", "containerd")),
        (ON + BLACKLIST + "docker\\.io$\n", ("docker-ce", "containerd.io", "containerd")),
        (ON + BLACKLIST + "container(\n", THERE),
        (ON + BLACKLIST + "linux-\n", THERE),
    ],
)  # fmt: skip
def test_what_unattended_upgrades_may_take(dump, taken):
    assert tuple(taken_by_apt(dump, THERE)) == taken


@pytest.mark.parametrize(
    ("printed", "taken"),
    [
        ("", ["docker-ce", "containerd.io"]),
        ("exclude=docker*,containerd*\n", []),
        ("excludepkgs = docker-ce  kernel*\n", ["containerd.io"]),
        ("exclude=\nexclude = linux*\n", ["docker-ce", "containerd.io"]),
    ],
)
def test_what_dnf_may_take(printed, taken):
    assert not_excluded(printed, ["docker-ce", "containerd.io"]) == taken


def found(results, identity, host="m1"):
    (one,) = [one for one in results if (one.id, one.host) == (identity, host)]
    return one


@pytest.mark.parametrize(("timer", "status"), [("disabled", "passed"), ("masked", "passed"), ("enabled", "finding")])
def test_upgrades_whose_timer_is_off_are_none(audit, timer, status):
    answers = {"is-enabled apt-daily-upgrade.timer": Answer(timer != "enabled", f"{timer}\n", ""), "apt-mark": "\n"}
    assert found(audit("hosts", m1=answers), "upgrades-unattended").status == status


@pytest.mark.parametrize(
    ("tracking", "status"),
    [
        ("Stratum         : 3\nLeap status     : Normal\n", "passed"),
        ("Leap status     : Not synchronised\n", "finding"),
        (Answer(1, "", "506 Cannot talk to daemon"), "finding"),
    ],
)
def test_chrony_keeps_a_clock_of_which_the_kernel_does_not_know(audit, tracking, status):
    answers = {"CanNTP": "yes", "timedatectl": "no", "command -v chronyc": "", "chronyc -n": tracking}
    assert found(audit("hosts", m1=answers), "clock-unsynchronised").status == status


def test_data_that_lies_elsewhere_than_the_inventory_says_is_looked_at_there(audit):
    there = "/srv/docker/100000.100000"
    answers = {
        INFO: lines(engine(DockerRootDir=there)),
        f"df -P / /boot /var /var/log /var/lib/containerd {there}": DF.format(95),
        f"{there}/swarm/certificates/swarm-node.crt": certificate(85, 5),
    }
    results = audit("hosts", m1=answers)
    assert [found(results, one).status for one in ("disk-use", "node-certificate")] == ["finding", "finding"]


def test_a_certificate_that_is_not_where_it_belongs_is_not_taken_for_no_swarm(audit):
    missing = {"swarm-node.crt": Answer(1, "", "No such file or directory")}
    assert found(audit("hosts", m1=missing), "node-certificate").status == "not seen"
    alone = {**missing, INFO: lines(engine("inactive"))}
    assert found(audit("hosts", m1=alone), "node-certificate").status == "not applicable"


def test_builds_of_one_version_are_one_version(audit):
    from tests.unit.audit.conftest import node

    versions = ("26.1.5+dfsg1", "26.1.5", "26.1.5~debian.12")
    nodes = lines(*(node(f"m{number}", version=one) for number, one in enumerate(versions, 1)))
    (one,) = [one for one in audit("swarm", m1={"docker node inspect": nodes}) if one.id == "engines-apart"]
    assert one.status == "passed"


@pytest.mark.parametrize(
    ("proxy", "curl", "status"),
    [
        ("http://user:xxxxx@proxy:3128", True, "passed"),
        ("http://proxy:3128", False, "passed"),
        ("http://proxy:3128", True, "finding"),
    ],
)
def test_a_mirror_behind_the_engines_proxy_is_asked_through_it_or_not_at_all(audit, proxy, curl, status):
    registries = {"Mirrors": ["https://mirror.example.com/"]}
    answers = {
        INFO: lines(engine(HttpsProxy=proxy, RegistryConfig=registries)),
        "command -v curl >/dev/null; then": lambda script: "000" if "--proxy http://proxy:3128" in script else "200",
        "command -v curl": "" if curl else Answer(1, "", ""),
    }
    assert found(audit("hosts", m1=answers), "mirror-silent").status == status


def test_a_mirror_inside_is_asked_without_the_proxy(audit):
    cluster = replace(CLUSTER, hosts=tuple(replace(one, daemon={"registry-mirrors": ["http://10.0.0.9:5000"]})
                                           for one in CLUSTER.hosts))  # fmt: skip
    asked = []
    answers = {
        INFO: lines(engine(HttpProxy="http://proxy:3128")),
        "command -v curl >/dev/null; then": lambda script: asked.append(script) or "200",
    }
    assert found(audit("hosts", m1=answers, cluster=cluster), "mirror-silent").status == "passed"
    assert asked and "--noproxy" in asked[0]


@pytest.mark.parametrize(("trusted", "secure"), [(True, True), (False, True), (False, False)])
def test_a_mirror_is_asked_with_the_certificates_that_the_engine_trusts(tmp_path: Path, trusted, secure):
    """The script in a shell of its own, with a curl that says how it was called."""
    program = tmp_path / "curl"
    program.write_text('#!/bin/sh\necho "$*"\ncase "$*" in *stdin*) cat ;; esac\n')
    program.chmod(0o755)
    certs = tmp_path / "r:5000"
    certs.mkdir()
    if trusted:
        (certs / "ca.crt").write_text("PEM\n")
    words = ("r:5000", "--noproxy", "'*'", "--no-insecure" if secure else "--insecure", "https://r:5000/v2/", "x")
    script = (CURL + WITHOUT_CURL).replace("/etc/docker/certs.d", str(tmp_path)) % words
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ran = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=True)
    assert ("--cacert /dev/stdin" in ran.stdout and ran.stdout.endswith("PEM\n")) is trusted
    assert ("--insecure" in ran.stdout) is not secure
    assert "--noproxy * " in ran.stdout
