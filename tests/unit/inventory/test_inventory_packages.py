"""Folders with package files: what an inventory makes of good ones, and what is read of a package."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest

from skep.inventory.archives import BadFile
from skep.inventory.packages import deb, look, rpm
from tests import package_files
from tests.unit.inventory.conftest import Load

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def test_hosts_are_to_have_the_version_of_their_packages(load_text: Load) -> None:
    text = """
engine: {source: offline, packages: engines/debian-13, version: "28.5"}
groups:
  red: {hosts: [w1], engine: {packages: engines/el9}}
hosts:
  m1: {address: 10.0.0.11, role: manager}
  w1: {address: 10.0.0.21, role: worker}
  w2: {address: 10.0.0.22, role: worker, engine: {source: vendor}}
"""
    m1, w1, w2 = (host.engine for host in load_text(text).cluster.hosts)
    assert m1.packages and w1.packages and not w2.packages
    assert (m1.version, w1.version, w2.version) == ("28.5.2", "28.5.2", "28.5")
    assert [(one.kind, one.architecture, one.engine, one.client) for one in (m1.packages, w1.packages)] == [
        ("deb", "amd64", "docker-ce", "docker-ce-cli"),
        ("rpm", "amd64", "docker-ce", "docker-ce-cli"),
    ]
    assert {file.name: file.version for file in m1.packages.files} == package_files.DEBS
    assert {file.name: file.version for file in w1.packages.files} == package_files.RPMS


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstd.compress])
def test_control_files_are_read_however_they_are_packed(tmp_path: Path, pack) -> None:
    plain = package_files.deb(
        "docker.io", "26.1.5+dfsg1-9+b2", depends="containerd (>= 1.4~),\n runc | crun:any, docker-cli"
    )
    start = plain.index(b"control.tar") + 60
    size = int(plain[start - 12 : start - 2])
    end = {"gzip": ".gz", "_lzma": ".xz", "lzma": ".xz"}.get(pack.__module__, ".zst")
    members = {
        "debian-binary": b"2.0\n",
        f"control.tar{end}": pack(plain[start : start + size]),
        f"data.tar{end}": b"x",
    }
    facts = deb(io.BytesIO(package_files.ar(members)))
    assert (facts["name"], facts["version"], facts["architecture"]) == ("docker.io", "26.1.5+dfsg1-9+b2", "amd64")
    assert facts["names"] == ["containerd", "crun", "docker-cli", "runc"]
    members[f"control.tar{end}"] = members[f"control.tar{end}"][:40]
    with pytest.raises(BadFile):
        deb(io.BytesIO(package_files.ar(members)))


def test_an_rpm_says_what_it_is_and_requires() -> None:
    facts = rpm(
        io.BytesIO(
            package_files.rpm("moby-engine", "28.5.1-2.fc43", "aarch64", requires=["containerd", "(runc or crun)"])
        )
    )
    assert (facts["name"], facts["version"], facts["architecture"]) == ("moby-engine", "28.5.1-2.fc43", "arm64")
    assert {"containerd", "runc", "crun"} <= set(facts["names"])


@pytest.mark.parametrize(("read", "content"), [(deb, package_files.debs()), (rpm, package_files.rpms())])
def test_a_package_is_damaged_wherever_it_is_cut(read, content) -> None:
    whole = next(iter(content.values()))
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(BadFile):
            read(io.BytesIO(whole[:length]))


def test_what_was_read_is_kept(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path = tmp_path / "docker-ce.deb"
    path.write_bytes(package_files.deb("docker-ce", "5:28.5.2-1", depends="containerd.io"))
    first = look(path, environ)
    kept = next((tmp_path / "cache").rglob("*.json"))
    kept.write_text(kept.read_text().replace("28.5.2", "28.5.3"))
    assert first.version == "5:28.5.2-1" and look(path, environ).version == "5:28.5.3-1"
