"""The scripts that list and remove what is in nobody's use, run by sh against a stand-in for docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.shell import script
from tests.roles.test_scripts import Host

LIST, REMOVE = script("skep/upkeep/pruning.sh", "skep/places.sh", "skep/ask.sh"), script("skep/upkeep/pruned.sh")
OURS, OTHER = (f"sha256:{digit * 64}" for digit in "12")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    found.stand_in("timeout", 'shift; exec "$@"')
    return found


def test_a_name_that_is_another_images_by_now_stays(host: Host) -> None:
    """As between a plan and somebody's yes: a build, a pull or a load gave the tag to another image."""
    body = f"""
for last; do :; done
case "$1 $2 $last" in
  "image inspect tool:1") echo {OTHER} ;;
  "image inspect tool:2") [ ! -e {host.folder}/gone ] && echo {OURS} ;;
  "image inspect {OURS}") [ ! -e {host.folder}/gone ] && echo {OURS} ;;
  "image rm tool:2") touch {host.folder}/gone ;;
esac"""
    host.stand_in("docker", body)
    ran = host.run(REMOVE, CONTAINERS="", IMAGES=f"{OURS} tool:1 tool:2")
    assert ran.returncode == 0, ran.stderr
    assert host.called("docker image rm") == ["docker image rm -- tool:2"]


def test_an_image_that_somebody_named_by_now_stays(host: Host) -> None:
    body = f"""
for last; do :; done
case "$1 $2" in "image inspect") case $4 in *RepoTags*) echo 1 ;; *) echo {OURS} ;; esac ;; esac"""
    host.stand_in("docker", body)
    ran = host.run(REMOVE, CONTAINERS="", IMAGES=OURS)
    assert ran.returncode == 0, ran.stderr
    assert not host.called("docker image rm")


def test_images_without_a_name_are_listed_by_docker_29_too(host: Host) -> None:
    """Its client hides them in a list of all, and up to 29.1 with ``--filter dangling=true`` alone as well
    (docker/cli#6574, #6704)."""
    body = f"""
case $* in
  *"image ls"*--all*dangling=true*) echo {OTHER} ;;
  *"image ls"*dangling=true*) ;;
  *"image ls"*) echo {OURS} ;;
  "image inspect"*) echo "inspected $*" ;;
esac"""
    host.stand_in("docker", body)
    host.stand_in("perl")
    said = host.run(LIST, engine="1").stdout.splitlines()
    assert said[-1] == "looked"
    assert any(OURS in line and OTHER in line for line in said if line.startswith("inspected")), said


@pytest.mark.parametrize("slow", ["container", "image"])
def test_half_a_list_does_not_count_as_looked_at(host: Host, slow: str) -> None:
    host.stand_in("timeout", f'shift; case $* in *"docker {slow} inspect"*) exit 124 ;; esac; exec "$@"')
    host.stand_in("docker", f'case "$1 $2" in "image ls" | "ps --all") echo {OURS} ;; esac')
    host.stand_in("perl")
    said = host.run(LIST, engine="1").stdout.splitlines()
    assert said[0].startswith("now ") and "looked" not in said
