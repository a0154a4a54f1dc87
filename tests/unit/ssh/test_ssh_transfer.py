"""Files to a host and from it over a real login: all of it arrives, at once or in parts, or the failure is named."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skep.apply import transfer
from skep.apply.transfer import fetch, send
from skep.errors import ConnectError, StepFailed
from skep.lock.lease import Limits
from skep.plan import Fetch, Send
from skep.shell import NO_ROOM
from skep.ssh import Session
from skep.steps import StepId
from tests.unit.ssh.servers import Server

MIB = 1 << 20
CONTENT = random.Random(7).randbytes(5 * MIB + 12345)
SUM = hashlib.sha256(CONTENT).hexdigest()
Login = Callable[[Server], Session]


@pytest.fixture
def server(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(transfer, "PAUSE", 0.0)
    monkeypatch.setattr(transfer, "TELL", 0.0)
    return serve()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The file on this machine."""
    file = tmp_path / "here" / "it's a file"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Its place on the host."""
    return tmp_path / "there" / "deep er" / "file"


def sending(here: Path, there: Path, **more: Any) -> Send:
    values = {"size": len(CONTENT), "sha256": SUM, **more}
    return Send(
        id=StepId("x", "send", "m1"), host="m1", title="t", cause="c", source=str(here), path=str(there), **values
    )


def fetching(there: Path, here: Path, **more: Any) -> Fetch:
    return Fetch(
        id=StepId("x", "fetch", "m1"), host="m1", title="t", cause="c", path=str(there), target=str(here), **more
    )


def plain(text: str) -> str:
    return text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cutting(server: Server, said: list[str], *words: str) -> Callable[[str], None]:
    """Notes what is said, and breaks the connections once, at those words."""
    left = list(words)

    def say(text: str) -> None:
        said.append(text)
        if left and text.startswith(left[0]):
            left.pop(0)
            server.drop()

    return say


def test_a_file_arrives_with_its_mode_and_nothing_beside_it(
    server: Server, login: Login, here: Path, there: Path
) -> None:
    said: list[str] = []
    assert send(login(server), sending(here, there, mode=0o640), Limits(60), said.append, plain).status == 0
    assert there.read_bytes() == CONTENT
    assert there.stat().st_mode & 0o777 == 0o640
    assert there.parent.stat().st_mode & 0o777 == 0o755
    assert names(there.parent) == ["file"]
    assert said[-1] == "5 of 6 MiB"


def test_what_is_there_is_not_sent_again_and_gets_its_mode(
    server: Server, login: Login, here: Path, there: Path
) -> None:
    there.parent.mkdir(parents=True)
    there.write_bytes(CONTENT)
    there.chmod(0o600)
    here.unlink()
    assert send(login(server), sending(here, there), Limits(60), print, plain).status == 0
    assert there.stat().st_mode & 0o777 == 0o644


def test_a_link_stays_and_its_target_is_replaced(server: Server, login: Login, here: Path, there: Path) -> None:
    there.parent.mkdir(parents=True)
    (there.parent / "target").write_text("old")
    there.symlink_to("target")
    assert send(login(server), sending(here, there), Limits(60), print, plain).status == 0
    assert there.is_symlink()
    assert (there.parent / "target").read_bytes() == CONTENT


def test_a_cut_connection_is_made_anew_and_goes_on(server: Server, login: Login, here: Path, there: Path) -> None:
    said: list[str] = []
    session = login(server)
    assert send(session, sending(here, there), Limits(60), cutting(server, said, "3 of"), plain).status == 0
    assert there.read_bytes() == CONTENT
    assert names(there.parent) == ["file"]
    assert server.logins == 2
    assert any(re.fullmatch("the connection broke at [3-6] of 6 MiB", text) for text in said)  # as far as it had read


def test_another_run_takes_up_what_arrived(server: Server, login: Login, here: Path, there: Path) -> None:
    there.parent.mkdir(parents=True)
    (there.parent / f"file.skep-{SUM}.part").write_bytes(CONTENT[: 4 * MIB + 77])
    (there.parent / f"file.skep-{'0' * 64}.part").write_bytes(b"of an older file")
    (there.parent / "file.skep-note").write_bytes(b"not ours")
    said: list[str] = []
    assert send(login(server), sending(here, there), Limits(60), said.append, plain).status == 0
    assert there.read_bytes() == CONTENT
    assert said[0] == "goes on at 4 of 6 MiB"
    assert names(there.parent) == ["file", "file.skep-note"]


def test_a_damaged_part_is_sent_anew(server: Server, login: Login, here: Path, there: Path) -> None:
    there.parent.mkdir(parents=True)
    (there.parent / f"file.skep-{SUM}.part").write_bytes(bytes(2 * MIB))
    said: list[str] = []
    assert send(login(server), sending(here, there), Limits(60), said.append, plain).status == 0
    assert there.read_bytes() == CONTENT
    assert "what had arrived before is no part of it; begins anew" in said


def test_a_file_that_is_not_the_planned_one_is_refused(server: Server, login: Login, here: Path, there: Path) -> None:
    there.parent.mkdir(parents=True)
    there.write_text("old")
    with pytest.raises(StepFailed, match="something else arrived"):
        send(login(server), sending(here, there, sha256="0" * 64), Limits(60), print, plain)
    with pytest.raises(StepFailed, match="has 5255225 bytes, and had 7"):
        send(login(server), sending(here, there, size=7), Limits(60), print, plain)
    assert there.read_text() == "old"
    assert names(there.parent) == ["file"]


def test_a_file_that_is_gone_is_named(server: Server, login: Login, here: Path, there: Path) -> None:
    here.unlink()
    with pytest.raises(StepFailed, match="No such file or directory, on this machine"):
        send(login(server), sending(here, there), Limits(60), print, plain)


def test_a_place_that_cannot_be_written_is_reported(server: Server, login: Login, here: Path, there: Path) -> None:
    there.mkdir(parents=True)
    result = send(login(server), sending(here, there), Limits(60), print, plain)
    assert (result.status, result.err) == (NO_ROOM, f"{there} is a folder where a file belongs\n")


def test_a_deadline_ends_it_and_leaves_what_arrived(server: Server, login: Login, here: Path, there: Path) -> None:
    limits = Limits(60)

    def say(text: str) -> None:
        if text.startswith("2 of"):
            limits.allow(-1000.0)
            limits._seconds = 0.0

    with pytest.raises(StepFailed, match="not done after 0 s: 2 of 6 MiB"):
        send(login(server), sending(here, there), limits, say, plain)
    assert names(there.parent) == [f"file.skep-{SUM}.part"]


def test_a_stop_ends_it(server: Server, login: Login, here: Path, there: Path) -> None:
    stopped = threading.Event()
    limits = Limits(60, stopped=stopped)
    with pytest.raises(StepFailed, match="when the run was stopped"):
        send(login(server), sending(here, there), limits, lambda text: stopped.set(), plain)
    assert not there.exists()


def test_a_host_that_is_gone_is_given_up(server: Server, login: Login, here: Path, there: Path) -> None:
    said: list[str] = []
    session = login(server)

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 1:
            server.close()

    with pytest.raises(ConnectError):
        send(session, sending(here, there), Limits(60), say, plain)
    assert len([text for text in said if " at " in text]) <= transfer.TRIES


@pytest.mark.parametrize("words", [(), ("2 of",)], ids=["at once", "cut"])
def test_a_file_is_fetched(server: Server, login: Login, here: Path, there: Path, words: tuple[str, ...]) -> None:
    said: list[str] = []
    target = there
    step = fetching(here, target, sha256=SUM)
    assert fetch(login(server), step, Limits(60), cutting(server, said, *words)).status == 0
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mode & 0o777 == 0o600
    assert names(target.parent) == [".gitignore", "file"]
    assert server.logins == 1 + len(words)


def test_another_run_fetches_the_rest(server: Server, login: Login, here: Path, there: Path) -> None:
    there.parent.mkdir(parents=True)
    (there.parent / f"file.skep-{SUM}.part").write_bytes(CONTENT[: 4 * MIB + 77])
    said: list[str] = []
    assert fetch(login(server), fetching(here, there), Limits(60), said.append).status == 0
    assert there.read_bytes() == CONTENT
    assert said[0] == "goes on at 4 of 6 MiB"
    assert fetch(login(server), fetching(here, there, mode=0o644), Limits(60), said.append).status == 0
    assert there.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("size", [2 * MIB, len(CONTENT), len(CONTENT) + 7])
def test_a_damaged_part_is_fetched_anew(server: Server, login: Login, here: Path, there: Path, size: int) -> None:
    there.parent.mkdir(parents=True)
    (there.parent / f"file.skep-{SUM}.part").write_bytes(bytes(size))
    assert fetch(login(server), fetching(here, there), Limits(60), print).status == 0
    assert there.read_bytes() == CONTENT


def test_what_is_not_there_or_something_else_is_named(server: Server, login: Login, here: Path, there: Path) -> None:
    result = fetch(login(server), fetching(here.with_name("none"), there), Limits(60), print)
    assert (result.status, result.err) == (66, f"there is no file {here.with_name('none')}\n")
    with pytest.raises(StepFailed, match="is not the file that was to be fetched"):
        fetch(login(server), fetching(here, there, sha256="0" * 64), Limits(60), print)
    assert not there.exists()


def test_no_room_here_is_reported_before_anything_is_fetched(
    server: Server, login: Login, here: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type("Usage", (), {"free": MIB})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: full)
    with pytest.raises(StepFailed, match="has 1 MiB free; 6 are needed"):
        fetch(login(server), fetching(here, there), Limits(60), print)


@pytest.mark.parametrize("way", ["send", "fetch"])
def test_a_large_file_takes_little_memory(server: Server, login: Login, tmp_path: Path, there: Path, way: str) -> None:
    here, size = tmp_path / "large", 32 * MIB
    with here.open("wb") as file:
        file.truncate(size)
    reported = hashlib.sha256(bytes(size)).hexdigest()
    session = login(server)
    session.run("true")
    tracemalloc.start()
    try:
        if way == "send":
            send(session, sending(here, there, size=size, sha256=reported), Limits(300), print, plain)
        else:
            fetch(session, fetching(here, there), Limits(300), print)
        assert tracemalloc.get_traced_memory()[1] < size / 2  # this side's and the server's
    finally:
        tracemalloc.stop()
    assert there.stat().st_size == size
