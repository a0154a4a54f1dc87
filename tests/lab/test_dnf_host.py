"""The vendor's packages on a host with dnf, in one cluster with a Debian host; then an engine from a tarball instead,
and from package files.

Real are dnf4, rpm, signatures, versionlock, systemd and the engine; the host's os-release says Rocky Linux 9, and its
userland is Debian's (``skep/lab/el9.sh``).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from skep.lab import packages
from skep.lab.system import run
from tests.lab.rig import engine_files
from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.tool import ROOT

TRACES = (
    "ls /etc/yum.repos.d /etc/pki/rpm-gpg 2>/dev/null | grep -i docker; rpm -qa 'docker*' 'containerd*' 'gpg-pubkey*'"
)
NODE = "docker info --format '{{.Swarm.NodeID}}'; docker volume ls -q"
CUT_OFF = """
sed -i s/:5080/:1/ /etc/apt/sources.list.d/docker.sources /etc/yum.repos.d/docker-ce.repo 2>/dev/null
rm -f /etc/apt/sources.list
find /etc/apt/sources.list.d -type f ! -name docker.sources -delete 2>/dev/null
true
"""
DAMAGED = """set -e
init=$(readlink /usr/local/bin/docker-init)
cp -p "$init" /root/init
echo >>"$init"
mv /usr/local/bin/runc /root/runc
"""
WHOLE = """set -e
mv /root/runc /usr/local/bin/runc
cp -p /root/init "$(readlink /usr/local/bin/docker-init)"
rm /root/init
"""
"""Again at once: without runc health checks fail, and no task of a host starts anew."""
INSTALLED = "rpm -q --qf '%{NAME} %{VERSION}\\n' docker-ce docker-ce-cli; docker version --format '{{.Server.Version}}'"


def fingerprint(key: Path) -> str:
    """As gpg has it."""
    lines = run(["gpg", "--batch", "--quiet", "--with-colons", "--show-keys", key], step="look at a key").splitlines()
    return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))


def test_a_host_with_dnf_and_one_with_apt_become_one_cluster_of_the_vendors_engines(rpm: Environment) -> None:
    spec = rpm.hosts.spec
    keys = {name: fingerprint(packages.folder(spec) / f"linux/{name}/gpg") for name in ("debian", "rhel")}
    assert len(set(keys.values())) == 2, "each repository has a key of its own"

    def desired(document: Document, version: str = "26.1", rhel: str = keys["rhel"]) -> None:
        document["engine"] = {"source": "vendor", "repository": packages.address(spec), "version": "26.1"}
        document["hosts"]["m1"]["engine"] = {"fingerprint": keys["debian"]}
        document["hosts"]["w1"]["engine"] = {"fingerprint": rhel, "version": version}

    wrong = rpm.with_inventory("rpm", lambda document: desired(document, rhel=keys["debian"]))
    ran = wrong("cluster.up", "--limit", "w1")
    assert ran.exit == 5 and keys["rhel"] in ran.text, f"{ran}"
    assert rpm.hosts.attempt("w1", TRACES).stdout == "", "a key that is not the one expected is trusted by nothing"

    rpm.tool = rpm.with_inventory("rpm", desired)
    rpm.up("--verify", "always")
    assert rpm.hosts.run("w1", INSTALLED).split()[1::2][:2] == ["26.1.5", "26.1.5"]
    rpm.page_must_answer()
    held = rpm.hosts.run("w1", "dnf -q -y upgrade; rpm -q docker-ce")
    assert "docker-ce-26.1.5" in held, f"what is held was upgraded: {held}"

    rpm.tool = rpm.with_inventory("rpm", lambda document: desired(document, "28.5"))
    ran = rpm.up()
    assert "engine/install@w1" in ran.ids and "engine/drain@w1" in ran.ids, f"{ran}"
    rpm.must_be_as_described()
    assert "28.5.2" in rpm.hosts.run("w1", INSTALLED)
    rpm.page_must_answer()
    try:
        _must_go_on_without_repositories(rpm)
    finally:
        shutil.rmtree(ROOT / "backups" / "rpm", ignore_errors=True)


def _must_go_on_without_repositories(rpm: Environment) -> None:
    """From the vendor's packages to the engine in a tarball, with nothing to download from."""
    before = rpm.hosts.each(NODE)
    rpm.hosts.each(CUT_OFF)
    rpm.document["engine"] = engine_files.tarball(rpm.hosts.spec, "28.5.2", rpm.folder)
    rpm.tool = rpm.with_inventory("rpm")
    ran = rpm.up("--verify", "always")
    assert {"engine/send@m1", "engine/install@m1", "engine/send@w1", "engine/install@w1"} <= ran.ids, f"{ran}"
    assert rpm.hosts.each(NODE) == before, "data or membership was lost"
    assert "/opt/skep/" in rpm.hosts.run("w1", "readlink /proc/$(pidof dockerd)/exe")
    assert "docker" not in rpm.hosts.attempt("w1", TRACES).stdout
    rpm.must_be_as_described()
    rpm.page_must_answer()
    rpm.hosts.run("w1", DAMAGED)
    ran = rpm.plan()
    assert "docker-init, /usr/local/bin/runc missing or altered" in ran.text, f"{ran}"
    assert {"engine/send@w1", "engine/drain@w1"} <= ran.ids and not any(step.endswith("@m1") for step in ran.ids)
    rpm.hosts.run("w1", WHOLE)
    _must_take_package_files(rpm)
    assert rpm.hosts.each(NODE) == before, "data or membership was lost"


def _must_take_package_files(rpm: Environment) -> None:
    """From the tarball to the packages of the same engine, of which one lacks what it needs at first."""
    spec, folder = rpm.hosts.spec, rpm.folder
    rpm.document["engine"] = engine_files.folder_of(engine_files.debs(spec, "28.5.2"), folder / "debs")
    rpm.document["hosts"]["w1"]["engine"] = engine_files.folder_of(engine_files.rpms(spec, "28.5.2"), folder / "rpms")
    rpm.tool = rpm.with_inventory("rpm")
    rpm.hosts.run("w1", "rpm -e --nodeps xz")
    ran = rpm.tool("cluster.up")
    assert ran.exit == 5 and "xz is missing, needed by docker-ce" in ran.text, f"{ran}"
    assert "engine/check@w1" in ran.ids, f"{ran}"
    runs = rpm.hosts.each("readlink /proc/$(pidof dockerd)/exe")
    assert all(place.startswith("/opt/skep/") for place in runs.values()), "an engine was touched"

    engine_files.folder_of([engine_files.empty_rpm("xz", folder)], folder / "rpms")
    ran = rpm.up("--verify", "always")
    assert {"engine/send:docker-ce@m1", "engine/drain@w1", "engine/install@w1"} <= ran.ids, f"{ran}"
    assert "28.5.2" in rpm.hosts.run("w1", INSTALLED) and "docker-ce" in rpm.hosts.run("m1", "apt-mark showhold")
    left = rpm.hosts.each("ls -d /opt/skep/docker-* /var/lib/skep/engine 2>/dev/null; true")
    assert set(left.values()) == {""}, left
    rpm.must_be_as_described()
    rpm.page_must_answer()
