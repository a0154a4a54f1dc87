"""The script that has an engine load an archive, run by sh against a stand-in for docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.shell import NO_ROOM, script
from tests.roles.test_scripts import Host

LOAD = script("roles/images/load.sh")
ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Its docker loads what its file ``load`` says, and has the images of its file ``images``."""
    found = Host(tmp_path)
    (tmp_path / "load").touch()
    body = f"""
case $1 in
  load) . {tmp_path}/load ;;
  image) grep -qx "$3" {tmp_path}/images ;;
esac"""
    found.stand_in("docker", body)
    (tmp_path / "images").write_text(f"{ONE}\n{TWO}\n")
    folder = tmp_path / "archives"
    folder.mkdir()
    for name in ("aa.tar", "bb.tar", "bb.tar.skep-1.part", "cc.tar", "cc.tar.skep-2.part"):
        (folder / name).touch()
    return found


def names(host: Host) -> set[str]:
    return {path.name for path in (host.folder / "archives").iterdir()}


def test_what_was_loaded_goes_and_what_nobody_names_any_more(host: Host) -> None:
    ran = host.run(LOAD, FROM=f"{host.folder}/archives/aa.tar", IDS=f"{ONE} {TWO}", KEEP="aa bb")
    assert ran.returncode == 0, ran.stderr
    assert host.called("docker load") == [f"docker load --quiet --input {host.folder}/archives/aa.tar"]
    assert names(host) == {"bb.tar", "bb.tar.skep-1.part"}, "what is on its way stays"


@pytest.mark.parametrize(
    ("load", "ids", "status", "words"),
    [
        ("echo 'invalid tar header' >&2; exit 1", ONE, 69, "docker load: invalid tar header"),
        ("exit 1", ONE, 69, "docker load: it says nothing"),
        ("echo 'write /x: no space left on device' >&2; exit 1", ONE, NO_ROOM, "no space left on device"),
        ("", f"{ONE} sha256:3", 69, "there is no sha256:3"),
    ],
)
def test_an_archive_that_does_not_give_its_images_stays(
    host: Host, load: str, ids: str, status: int, words: str
) -> None:
    (host.folder / "load").write_text(load)
    ran = host.run(LOAD, FROM=f"{host.folder}/archives/aa.tar", IDS=ids, KEEP="aa")
    assert (ran.returncode, words in ran.stderr) == (status, True), ran.stderr
    assert len(names(host)) == 5
