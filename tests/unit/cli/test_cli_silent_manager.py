"""A whole process against a manager that takes the connection and says nothing, and one that answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from tests.unit.ssh.servers import PASSWORD, Server

ENGINE = """#!{python}
import json, sys
from http.server import BaseHTTPRequestHandler

class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def __init__(self):
        self.rfile, self.wfile = sys.stdin.buffer, sys.stdout.buffer
        self.client_address, self.server, self.close_connection = ("", 0), None, False
        while not self.close_connection:
            self.handle_one_request()
            self.wfile.flush()
    def log_message(self, *_): pass
    def do_GET(self):
        said = {{"version": {{"ApiVersion": "1.41"}}, "info": {{"Swarm": {{"ControlAvailable": True}}}}}}
        body = json.dumps(said.get(self.path.rpartition("/")[2], [])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

Engine()
"""

TIMEOUT = 60
"""Seconds that the silent one would be waited for."""

INVENTORY = """
ssh: {{user: root, password: "${{env:LOGIN}}", host-keys: accept-new, known-hosts: {folder}/known, agent: false,
  connect-timeout: {timeout}s}}
hosts:
  m1: {{address: 127.0.0.1, role: manager, ssh: {{port: {silent}}}}}
  m2: {{address: 127.0.0.2, role: manager, ssh: {{port: {well}}}}}
  m3: {{address: 127.0.0.3, role: manager}}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(ENGINE.format(python=sys.executable))
    (folder / "docker").chmod(0o755)
    well = Server(paramiko.ECDSAKey.generate(), folder, address="127.0.0.2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = tmp_path / "some.yml"
        path.write_text(
            INVENTORY.format(timeout=TIMEOUT, folder=tmp_path, silent=silent.getsockname()[1], well=well.port)
        )
        yield path
    well.close()


@pytest.fixture
def run(inventory: Path) -> Callable[..., tuple[subprocess.CompletedProcess[str], float]]:
    def start(*words: str) -> tuple[subprocess.CompletedProcess[str], float]:
        since = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "invoke", *words, "-i", str(inventory)],
            env={**os.environ, "LOGIN": PASSWORD}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended, time.monotonic() - since

    return start


def test_the_next_one_answers_and_the_process_ends(
    run: Callable[..., tuple[subprocess.CompletedProcess[str], float]],
) -> None:
    ended, took = run("node.ls", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {"event": "note", "text": "m1 does not answer; asked m2"},
        {"event": "nodes", "rows": []},
    ]
    assert took < TIMEOUT
    ended, took = run("node.ls")
    assert (ended.returncode, ended.stderr) == (0, "m1 does not answer; asked m2\n")
    assert "m1" not in ended.stdout
    assert took < TIMEOUT
