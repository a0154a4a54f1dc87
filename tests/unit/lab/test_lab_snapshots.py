"""Machines that are kept as booted, against a monitor that is played."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skep.lab import folders, keys, snapshots, virtual_machines
from skep.lab.spec import Lab, LabError, LabHost

BEE = LabHost("bee", "10.84.0.11")
LAB = Lab("h1", "10.84.0.0/24", (BEE,), backend="vm")


class Monitor:
    """Answers one client; ``answers`` are given in order, the last for ever."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, list[dict[str, Any]]] = {
            "query-status": [{"status": "inmigrate"}, {"status": "paused"}],
            "query-migrate": [{"status": "active"}, {"status": "completed"}],
        }
        self.socket = socket.socket(socket.AF_UNIX)
        at = os.open(folder, os.O_PATH)
        self.socket.bind(f"/proc/self/fd/{at}/{virtual_machines.MONITOR}")
        os.close(at)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rw") as stream:
            stream.write('{"QMP": {}}\n')
            stream.flush()
            for line in stream:
                command = json.loads(line)["execute"]
                self.asked.append(command)
                answers = self.answers.get(command, [{}])
                stream.write(json.dumps({"event": "X"}) + "\n" + json.dumps({"return": answers[0]}) + "\n")
                del answers[: len(answers) > 1]
                stream.flush()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host's folder, its machine booted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(virtual_machines, "version", lambda: "7.2")
    monkeypatch.setattr(snapshots, "_SETTLE", "true")
    monkeypatch.setattr(keys, "ssh_argv", lambda *_, **__: ["sh", "-c"])
    folder = folders.host(LAB.name, BEE)
    (folder / "root" / keys.HOST_KEY).parent.mkdir(parents=True)
    (folder / "base").symlink_to(folders.cache() / "base-1")
    for name, text in {
        "host.json": "bee", "disk.img": "disk", "root/etc/hosts": "h", "root/etc/resolv.conf": "r",
        f"root/{keys.HOST_KEY}": "key", f"root/{keys.HOST_KEY}.pub": "public",
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def monitor(folder: Path) -> Iterator[Monitor]:
    made = Monitor(folder)
    yield made
    made.socket.close()


def kept() -> list[Path]:
    return list(folders.cache().glob("booted-*"))


def test_a_machine_is_kept_once_and_runs_on(folder: Path, monitor: Monitor) -> None:
    snapshots.keep(LAB, BEE)
    assert monitor.asked[1:] == ["stop", "migrate-set-parameters", "migrate", "query-migrate", "query-migrate", "cont"]
    (place,) = kept()
    assert (place / "disk.img").read_text() == "disk"
    snapshots.keep(LAB, BEE)
    assert monitor.asked.count("stop") == 1


def test_a_machine_that_cannot_be_kept_runs_on(folder: Path, monitor: Monitor) -> None:
    monitor.answers["query-migrate"] = [{"status": "failed"}]
    with pytest.raises(LabError, match="cannot be written"):
        snapshots.keep(LAB, BEE)
    assert monitor.asked[-1] == "cont" and not kept()


def test_a_new_host_goes_on_with_the_disk_and_the_key_it_was_kept_with(folder: Path, monitor: Monitor) -> None:
    snapshots.keep(LAB, BEE)
    (folder / "root" / keys.HOST_KEY).write_text("another")
    snapshots.restore(LAB, BEE)
    assert not snapshots.is_restored(LAB, BEE), "it has a disk, which is ahead of what was kept"

    (folder / "disk.img").unlink()
    snapshots.restore(LAB, BEE)
    assert snapshots.is_restored(LAB, BEE)
    assert (folder / "disk.img").read_text() == "disk"
    assert (folder / "root" / keys.HOST_KEY).read_text() == "key"


@pytest.mark.parametrize("name", ["host.json", "root/etc/hosts", "root/etc/resolv.conf"])
def test_another_host_does_not(folder: Path, monitor: Monitor, name: str) -> None:
    snapshots.keep(LAB, BEE)
    (folder / "disk.img").unlink()
    (folder / name).write_text("another")
    snapshots.restore(LAB, BEE)
    assert not snapshots.is_restored(LAB, BEE) and not (folder / "disk.img").exists()


def test_it_runs_on_once_its_memory_is_read(folder: Path, monitor: Monitor) -> None:
    snapshots.go_on(LAB, BEE)
    assert monitor.asked[1:] == ["query-status", "query-status", "cont"]


def test_those_used_least_lately_go_but_not_what_a_host_is_to_go_on_from(folder: Path) -> None:
    places = [folders.cache() / f"booted-{number}" for number in range(snapshots.KEPT + 2)]
    for age, place in enumerate(places):
        place.mkdir()
        (place / "state").touch()
        os.utime(place, (1000 - age, 1000 - age))
    (folder / "state").symlink_to(places[-1] / "state")
    snapshots._drop_unused()
    assert sorted(kept()) == sorted([*places[: snapshots.KEPT], places[-1]])
