"""Questions to an engine: the script with an engine of the test's own, and answers however they arrive."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skep.places import HOST
from skep.questions import ALIVE, SOCKET, SOON, Unasked, parse, probe

INFO = {"Swarm": {"ControlAvailable": True}, "Name": "m1 é"}
WORKER = {"Swarm": {"ControlAvailable": False}}
NODES = [{"ID": "a"}, {"ID": "b"}]
ASKED = ["/info", "/nodes", "/services"]
RUNS, MORE = "--engine runs--\n", "\n--more--\n"


def reply(value: Any, status: str = "200 OK", *, version: str = "1.1", chunks: int = 0) -> str:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not chunks:
        length = "" if version == "1.0" else f"Content-Length: {len(body.encode())}\r\n"
        return f"HTTP/{version} {status}\r\nApi-Version: 1.43\r\n{length}\r\n{body}"
    data = body.encode()
    parts = [data[place : place + chunks] for place in range(0, len(data), chunks)]
    text = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    return f"HTTP/{version} {status}\r\nTransfer-Encoding: chunked\r\n\r\n{text.decode(errors='surrogateescape')}"


def printed(first: str, *others: str) -> str:
    return RUNS + first + MORE + "".join(others)


FIRST = reply(INFO, version="1.0")


@pytest.mark.parametrize("chunks", [0, 1, 7, 1000])
def test_answers_of_a_manager(chunks: int) -> None:
    raw = printed(FIRST, reply(NODES, chunks=chunks), reply([], chunks=chunks))
    assert parse(raw, ASKED) == {"/info": INFO, "/nodes": NODES, "/services": []}


def test_answers_of_a_worker() -> None:
    assert parse(printed(reply(WORKER, version="1.0")), ASKED) == {"/info": WORKER}


def test_no_engine() -> None:
    assert parse("", ASKED) == {}
    assert parse("something else\n", ASKED) == {}


def test_what_is_refused_is_missing() -> None:
    refused = {"message": "The swarm does not have a leader."}
    raw = printed(FIRST, reply(refused, "503 Service Unavailable"), reply([{"ID": "s"}]))
    assert parse(raw, ASKED) == {"/info": INFO, "/services": [{"ID": "s"}]}
    both = printed(FIRST, reply(refused, "503 Service Unavailable"), reply(refused, "503 Service Unavailable"))
    assert parse(both, ASKED) == {"/info": INFO}


@pytest.mark.parametrize("raw", [RUNS, RUNS.strip(), printed(""), RUNS + "Cannot connect to the Docker daemon"])
def test_an_engine_that_runs_and_says_nothing(raw: str) -> None:
    with pytest.raises(TimeoutError, match="does not answer"):
        parse(raw, ASKED)


def test_an_engine_that_refuses_the_first_question() -> None:
    with pytest.raises(TimeoutError):
        parse(printed(reply({"message": "no"}, "500 Internal Server Error", version="1.0")), ASKED)


@pytest.mark.parametrize("chunks", [0, 9])
def test_cut_anywhere_it_is_never_taken_for_the_whole(chunks: int) -> None:
    whole = printed(FIRST, reply(NODES, chunks=chunks), reply([], chunks=chunks))
    complete = parse(whole, ASKED)
    for length in range(len(RUNS), len(whole)):
        try:
            assert parse(whole[:length], ASKED) == complete, length
        except TimeoutError:
            continue


def test_a_manager_that_falls_silent_is_not_taken_for_a_worker() -> None:
    with pytest.raises(TimeoutError, match="half-way"):
        parse(printed(FIRST), ASKED)


DOCKER = """#!/bin/sh
sleep {slow}
[ "$*" != --version ] || exit 0
[ "$*" = "system dial-stdio" ] || exit 9
echo call >>{log}
read -r get path version
while IFS= read -r line && [ "$line" != "$(printf '\\r')" ]; do :; done
if [ "$path" = /info ] && [ "$(wc -l <{log})" -gt 1 ]; then printf '{later}'; exit; fi
if [ "$path" = /info ]; then printf '{info}'; exit; fi
printf '{other}'
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a small host, which has no perl."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("cat", "date", "mkfifo", "mktemp", "rm", "rmdir", "sed", "sh", "sleep", "timeout", "tr", "wc"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.fixture
def host(tmp_path: Path, tools: Path) -> Any:
    """Runs the script where an engine of that kind answers, and only Docker's client can ask it."""

    def run(
        info: Any,
        *others: str,
        engine: bool = True,
        later: Any = None,
        folder: str = "",
        mute: bool = False,
        state: str = "S (sleeping)",
        slow: int = 0,
    ) -> str:
        (tmp_path / "docker.pid").write_text("4711\n")
        (tmp_path / "proc" / "4711").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / "4711" / "status").write_text(f"Name:\tdockerd\nState:\t{state}\n")
        (tmp_path / "proc" / "4711" / "comm").write_text("dockerd\n" if engine else "sleep\n")
        replies = (reply(info, version="1.0"), reply(later or info, version="1.0"), *others)
        quoted = [text.replace("\r", "\\r").replace("\n", "\\n") for text in replies]
        docker = DOCKER.format(
            slow=slow, log=tmp_path / "log", info=quoted[0], later=quoted[1], other="".join(quoted[2:])
        )
        (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n" if mute else docker)
        (tmp_path / "docker").chmod(0o755)
        text = (HOST + probe(ASKED)).replace("/var/run/docker.pid", str(tmp_path / "docker.pid"))
        if slow:
            text = text.replace(f"export SOON={SOON}\n", "export SOON=1\n")
            text = text.replace(f"export ALIVE={ALIVE}\n", "export ALIVE=1\n")
        text = text.replace("/run/skep", f"{tmp_path}/{folder}skep")
        text = text.replace("/etc/docker/daemon.json", str(tmp_path / "daemon.json"))
        text = text.replace('"/proc/', f'"{tmp_path}/proc/')
        environment = {"PATH": f"{tmp_path}:{tools}"}
        done = subprocess.run(["sh", "-c", text], capture_output=True, env=environment, timeout=60, check=False)
        assert not list(tmp_path.glob("skep.*"))
        return done.stdout.decode()

    return run


CONTROL = {"Swarm": {"ControlAvailable": True, "Cluster": {"ID": "c"}}}


def test_the_script_asks_a_manager_everything_in_two_calls(host: Any, tmp_path: Path) -> None:
    out = host(CONTROL, reply(NODES, chunks=5), reply([]))
    assert parse(out, ASKED) == {"/info": CONTROL, "/nodes": NODES, "/services": []}
    assert (tmp_path / "log").read_text() == "call\n" * 2


@pytest.mark.parametrize("cluster", [{}, {"Cluster": {"ID": "", "SubnetSize": 0}}])
def test_the_script_asks_a_manager_without_a_leader_again(host: Any, tmp_path: Path, cluster: Any) -> None:
    """Docker reports an empty Cluster, or none then; the second answer has one."""
    out = host({"Swarm": {"ControlAvailable": True} | cluster}, reply(NODES), reply([]), later=CONTROL)
    assert parse(out, ASKED) == {"/info": CONTROL, "/nodes": NODES, "/services": []}
    assert (tmp_path / "log").read_text() == "call\n" * 3


def test_the_script_asks_a_worker_once(host: Any, tmp_path: Path) -> None:
    assert parse(host(WORKER), ASKED) == {"/info": WORKER}
    assert (tmp_path / "log").read_text() == "call\n"


def test_the_script_starts_no_engine(host: Any, tmp_path: Path) -> None:
    assert host(WORKER, engine=False) == ""
    assert not (tmp_path / "log").exists()


def test_the_script_asks_in_http_that_every_engine_takes() -> None:
    text = probe(ASKED)
    assert "GET /info HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n" in text
    assert text.count("Connection: close") == 1
    assert text.index("/nodes") < text.index("/services")
    assert "GET" not in probe(["/info"]).replace("GET /info", "").replace("GET /_ping", "")


LISTENS = "--listens--\n/usr/sbin/dockerd\n{words}\n--unit--\n{unit}\n--file--\n{file}"


@pytest.mark.parametrize(
    ("words", "unit", "file", "places"),
    [
        ("-H\nfd://", "/run/docker.sock (Stream)", "", None),
        ("-H\nfd://", "/run/other.sock (Stream)", "{}", "unix:///run/other.sock"),
        ("--host=tcp://10.0.0.1:2375", "", "", "tcp://10.0.0.1:2375"),
        ("-Htcp://10.0.0.1:2375\n--debug", "", "", "tcp://10.0.0.1:2375"),
        ("-H=unix:///run/a.sock\n--host\ntcp://:2375", "", "", "unix:///run/a.sock, tcp://:2375"),
        ("-H=tcp://:2375\n-H\nunix:///run/docker.sock", "", "", None),
        ("--debug", "", '{"hosts": ["tcp://127.0.0.1:2375"]}', "tcp://127.0.0.1:2375"),
        ("--debug", "", '{"hosts": ["tcp://:2375", "unix:///var/run/docker.sock"]}', None),
        ("--debug", "", '{"hosts": 7}', None),
        ("--debug", "", "{", None),
        ("", "", "", None),
    ],
)
def test_an_engine_that_listens_elsewhere_only_is_reported_as_that(
    words: str, unit: str, file: str, places: str | None
) -> None:
    raw = printed(LISTENS.format(words=words, unit=unit, file=file))
    if places is None:
        with pytest.raises(TimeoutError, match="does not answer"):
            parse(raw, ASKED)
        return
    with pytest.raises(Unasked) as failure:
        parse(raw, ASKED)
    assert str(failure.value) == f"its engine does not listen on {SOCKET}, but on {places}"


def test_the_script_reports_where_an_engine_listens_that_does_not_answer(host: Any, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text('{"hosts": ["tcp://127.0.0.1:2375"]}')
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho '/run/docker.sock (Stream)'\n")
    (tmp_path / "systemctl").chmod(0o755)
    with pytest.raises(Unasked, match=r"but on tcp://127\.0\.0\.1:2375"):
        parse(host(WORKER, mute=True), ASKED)


@pytest.mark.parametrize("state", ["T (stopped)", "D (disk sleep)"])
def test_an_engine_that_is_frozen_is_reported_with_the_state_of_its_process(host: Any, state: str) -> None:
    with pytest.raises(TimeoutError, match="does not answer; its process: " + re.escape(state)):
        parse(host(WORKER, mute=True, state=state), ASKED)


def test_a_slow_host_is_not_taken_for_a_frozen_engine(host: Any) -> None:
    assert parse(host(WORKER, reply("OK", version="1.0"), slow=2), ASKED) == {"/info": WORKER}


def test_an_engine_that_is_stopped_is_not_asked(host: Any, tmp_path: Path) -> None:
    host(WORKER, state="T (stopped)")
    assert not (tmp_path / "log").exists()


def test_a_run_folder_that_takes_nothing_is_reported_as_that(host: Any) -> None:
    with pytest.raises(Unasked, match=r"/run takes no files: mktemp: .*No such file") as failure:
        parse(host(WORKER, folder="nowhere/"), ASKED)
    assert "df -h /run" in failure.value.next_action


@contextmanager
def engine_at(place: Path, *replies: str, closes: bool = True) -> Iterator[list[str]]:
    """An engine that gives each connection the next reply, and what it was asked."""
    asked: list[str] = []
    done = threading.Event()

    def serve(server: socket.socket) -> None:
        for text in replies:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536).decode())
                connection.sendall(text.encode())
                if not closes:
                    done.wait(60)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        server.listen()
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        try:
            yield asked
        finally:
            done.set()


def by_perl(folder: Path, *, client: bool = True, **seconds: int) -> str:
    """Runs the script where perl is, and Docker's client fails at whatever it is asked, or is missing."""
    (folder / "docker.pid").write_text("4711\n")
    (folder / "proc" / "4711").mkdir(parents=True)
    (folder / "proc" / "4711" / "comm").write_text("dockerd\n")
    (folder / "proc" / "4711" / "status").write_text("Name:\tdockerd\nState:\tS (sleeping)\n")
    if client:
        (folder / "docker").write_text("#!/bin/sh\nexit 9\n")
        (folder / "docker").chmod(0o755)
    text = (HOST + probe(ASKED)).replace("/var/run/docker.pid", f"{folder}/docker.pid")
    text = text.replace("/var/run/docker.sock", f"{folder}/docker.sock").replace('"/proc/', f'"{folder}/proc/')
    for name, value in seconds.items():
        text = re.sub(f"export {name}=.*", f"export {name}={value}", text)
    path = os.environ["PATH"]
    if not client:
        path = str(folder / "tools")
        (folder / "tools").mkdir()
        for name in ("cat", "date", "perl", "sed", "sh", "sleep", "tr"):
            (folder / "tools" / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": f"{folder}:{path}"}
    return subprocess.run(
        ["sh", "-c", text], capture_output=True, env=environment, timeout=60, check=False
    ).stdout.decode()


def test_a_host_with_perl_starts_no_client(tmp_path: Path) -> None:
    many = [{"ID": f"node-{number}"} for number in range(20_000)]
    first = reply(CONTROL, version="1.0")
    with engine_at(tmp_path / "docker.sock", first, reply(many, chunks=4096) + reply([])) as asked:
        out = by_perl(tmp_path)
    assert parse(out, ASKED) == {"/info": CONTROL, "/nodes": many, "/services": []}
    assert asked[0] == "GET /info HTTP/1.0\r\nHost: docker\r\n\r\n"
    assert asked[1].endswith("GET /services HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")


def test_with_perl_an_engine_without_a_client_is_asked(tmp_path: Path) -> None:
    with engine_at(tmp_path / "docker.sock", reply(WORKER, version="1.0")):
        assert parse(by_perl(tmp_path, client=False), ASKED) == {"/info": WORKER}


def test_with_perl_too_an_engine_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    with engine_at(tmp_path / "docker.sock", "", closes=False):
        out = by_perl(tmp_path, SOON=1, ALIVE=1)
    with pytest.raises(TimeoutError, match=r"does not answer; its process: S \(sleeping\)"):
        parse(out, ASKED)


def test_with_perl_too_an_answer_cut_short_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    with engine_at(tmp_path / "docker.sock", reply(CONTROL, version="1.0"), reply(NODES) + reply([])[:-1]):
        out = by_perl(tmp_path)
    with pytest.raises(TimeoutError, match="half-way"):
        parse(out, ASKED)


def test_with_perl_too_an_engine_without_a_socket_is_reported_as_that(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="does not answer"):
        parse(by_perl(tmp_path), ASKED)
