"""A whole process that is stopped while hosts keep it waiting."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import paramiko
import pytest

from tests.unit.ssh.servers import PASSWORD, Server, gone

TIMEOUT = 100
"""Seconds that the silent ones would be waited for."""

INVENTORY = """
ssh: {{user: root, password: "${{env:LOGIN}}", host-keys: accept-new, known-hosts: {folder}/known, agent: false,
  connect-timeout: {timeout}s, config: {folder}/ssh_config}}
hosts:
  m1: {{address: 127.0.0.1, role: manager, ssh: {{port: {port}}}}}
  w1: {{address: 127.0.0.2, role: worker, ssh: {{port: {port}}}}}
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("", 0)) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command against hosts behind a port; ``way`` goes into ssh_config."""

    def start(*words: str, port: int, way: str = "") -> subprocess.Popen[str]:
        path = tmp_path / "some.yml"
        (tmp_path / "ssh_config").write_text(way)
        path.write_text(INVENTORY.format(timeout=TIMEOUT, folder=tmp_path, port=port))
        return subprocess.Popen(
            [sys.executable, "-m", "invoke", *words, "-i", str(path)],
            env={**os.environ, "LOGIN": PASSWORD}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def stop(process: subprocess.Popen[str], number: int) -> None:
    """It must end by itself long before the silent ones are given up."""
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=TIMEOUT / 2)
    finally:
        process.kill()
    said = [line for line in out.splitlines() if not line.startswith("verifying ")]
    assert (process.returncode, said) == (130, [])
    assert err.startswith("stopped\n  next:  run the same command again")


AT_START = """
import os, signal, sys
from skep import __main__
signal.signal(signal.SIGINT, signal.default_int_handler)
def stop(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)
class Import:
    def find_spec(self, name, *_):
        if name == step:
            stop()
step = sys.argv.pop(1)
if "." in step:
    sys.meta_path.insert(0, Import())
else:
    from skep.cli.program import Program
    setattr(Program, step, stop)
__main__.main()
"""
"""Starts the command line, where Ctrl-C comes at an import or at a step of the program, by its name."""
STEPS = ["create_config", "parse_core", "parse_collection", "parse_tasks", "parse_cleanup",
         "update_config", "execute"]  # fmt: skip


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("step", ["yaml.error", "invoke.program", "skep.tasks", *STEPS])
def test_a_stop_before_any_task_ends_as_one_in_a_task_does(step: str, as_json: bool) -> None:
    argv = [sys.executable, "-c", AT_START, step, "inventory.check", *(["--json"] if as_json else [])]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    if as_json:
        (event,) = map(json.loads, ended.stdout.splitlines())
        assert (event["event"], event["exit"], event["message"]) == ("error", 130, "stopped")
    assert (ended.stdout == "") != as_json
    assert ended.stderr.startswith("stopped\n  next:  run the same command again") != as_json
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words",
    [
        ["cluster.plan"],
        ["cluster.up"],
        ["cluster.verify"],
        ["cluster.history"],
        ["cluster.unlock", "--yes"],
        ["node.ls"],
    ],
    ids=lambda words: words[0],
)
def test_a_stop_waits_for_no_login(
    start: Callable[..., subprocess.Popen[str]], silent: socket.socket, words: list[str], number: int
) -> None:
    process = start(*words, port=silent.getsockname()[1])
    connection, _ = silent.accept()
    with closing(connection):
        stop(process, number)


def test_a_stop_ends_what_looks_at_the_hosts(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    shell = tmp_path / "timeout"  # every script of ours is given to it
    shell.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec cat\n")
    shell.chmod(0o755)
    server = Server(paramiko.ECDSAKey.generate(), tmp_path, address="")
    with closing(server):
        process = start("cluster.plan", port=server.port)
        while not (tmp_path / "pid").exists():
            assert process.poll() is None
            time.sleep(0.01)
        stop(process, signal.SIGINT)
        assert gone(int((tmp_path / "pid").read_text()))


def test_a_stop_ends_a_proxy_command_too(
    start: Callable[..., subprocess.Popen[str]], silent: socket.socket, tmp_path: Path
) -> None:
    command = f"sh -c 'echo $$ >{tmp_path}/%h.new; mv {tmp_path}/%h.new {tmp_path}/%h; exec sleep 600'"
    process = start("cluster.plan", port=1, way=f"ProxyCommand {command}\n")
    files = [tmp_path / "127.0.0.1", tmp_path / "127.0.0.2"]
    while not all(file.exists() for file in files):
        assert process.poll() is None
        time.sleep(0.01)
    stop(process, signal.SIGTERM)
    assert all(gone(int(file.read_text())) for file in files)
