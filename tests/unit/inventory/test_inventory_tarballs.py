"""Archives of engines: what an inventory makes of a good one, and that it is read once."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from skep.inventory import tarballs
from skep.inventory.archives import BadFile, Found
from skep.inventory.archives import look as looked
from skep.inventory.tarballs import LAYOUT, NEEDED
from tests.unit.inventory.conftest import Load, engine_tarball

AMD64, ARM64 = (engine_tarball(dict.fromkeys(NEEDED, machine)) for machine in (62, 183))


def look(path: Path, environ: Mapping[str, str]) -> Found:
    return looked(path, LAYOUT, environ)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "docker-28.5.2.tgz"
    path.write_bytes(AMD64)
    return path


def test_hosts_are_to_have_the_version_of_their_tarball(load_text: Load, world: Path) -> None:
    (world / "engines" / "docker-28.6.0.tgz").write_bytes(ARM64)
    sums = [hashlib.sha256(content).hexdigest() for content in (AMD64, ARM64)]
    text = f"""
engine: {{source: static, tarball: engines/docker-28.5.2.tgz, sha256: {sums[0]}, version: "28.5"}}
groups:
  small: {{hosts: [w1], engine: {{version: 28.6.*, tarball: engines/docker-28.6.0.tgz, sha256: {sums[1].upper()}}}}}
hosts:
  m1: {{address: 10.0.0.11, role: manager}}
  w1: {{address: 10.0.0.21, role: worker}}
  w2: {{address: 10.0.0.22, role: worker, engine: {{source: vendor}}}}
"""
    m1, w1, w2 = (host.engine for host in load_text(text).cluster.hosts)
    assert (m1.version, w1.version, w2.version, w2.tarball) == ("28.5.2", "28.6.0", "28.5", None)
    assert m1.tarball and w1.tarball
    assert (m1.tarball.architecture, w1.tarball.architecture) == ("amd64", "arm64")
    assert m1.tarball.names == NEEDED and m1.tarball.unpacked == 20 * len(NEEDED)


def test_a_whole_version_stands_in_for_a_name_without_one(load_text: Load) -> None:
    text = f"""
engine: {{source: static, tarball: engines/latest.tgz, sha256: {hashlib.sha256(AMD64).hexdigest()}, version: 28.5.2}}
hosts: {{m1: {{address: 10.0.0.11, role: manager}}}}
"""
    (host,) = load_text(text).cluster.hosts
    assert host.engine.version == "28.5.2"


def test_a_file_is_read_once_until_it_changes(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = look(archive, environ)
    opened: list[object] = []
    opening = tarfile.open
    monkeypatch.setattr(tarballs.tarfile, "open", lambda **given: opened.append(given) or opening(**given))
    assert look(archive, environ) == first and not opened
    archive.write_bytes(ARM64 + b"\0")
    assert look(archive, environ).contents["architecture"] == "arm64" and len(opened) == 1


@pytest.mark.parametrize("content", ["", "{", '{"format": 2, "files": []}', '{"format": 2, "files": {"x": 3}}', "[]"])
def test_what_is_kept_may_be_damaged(archive: Path, tmp_path: Path, content: str) -> None:
    kept = tmp_path / "skep" / "archives.json"
    kept.parent.mkdir()
    kept.write_text(content)
    assert look(archive, {"XDG_CACHE_HOME": str(tmp_path)}).contents["architecture"] == "amd64"


def test_a_file_that_cannot_be_read_is_no_archive(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tgz", tmp_path, Path("nul\0")):
        with pytest.raises(BadFile):
            look(path, {})


def test_it_is_what_docker_packs(tmp_path: Path) -> None:
    """The layout of Docker's own static archives of 28.5: a folder, and programs in it that belong to a builder."""
    path = tmp_path / "docker-28.5.1.tgz"
    names = ("docker", "docker-init", "containerd", "ctr", "runc", "dockerd", "docker-proxy", "containerd-shim-runc-v2")
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        folder = tarfile.TarInfo("docker/")
        folder.type, folder.mode, folder.uid, folder.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
        archive.addfile(folder)
        for name in names:
            program = b"\x7fELF\2\1\1".ljust(18, b"\0") + (62).to_bytes(2, "little") + name.encode() * 4096
            member = tarfile.TarInfo(f"docker/{name}")
            member.size, member.mode, member.uid, member.gid = len(program), 0o755, 1000, 1000
            member.uname = member.gname = "builder"
            archive.addfile(member, io.BytesIO(program))
    found = look(path, {})
    assert not found.problem
    assert (found.contents["names"], found.contents["architecture"]) == (sorted(names), "amd64")
