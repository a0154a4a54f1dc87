"""``through.sh`` with stand-ins for the engine, containerd's client and systemd: what each mirror is said to answer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from roles.daemon.mirrors import answers, read
from skep.shell import script

DUMP = 'time="2026-01-01T00:00:00Z" level=info msg="HTTP/1.1 {}"'
CTR = """case "$*" in
  *--http-dump*) cat {folder}/dump >&2; exit 1 ;;
  "content fetch"*) exit {status} ;;
  *" ls -q") echo left ;;
esac"""


class Host:
    """``calls`` are the words that ctr was called with."""

    def __init__(self, folder: Path, mirrors: str, insecure: str = "") -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self.stand_in("systemctl", "echo $$")
        self.stand_in("docker", f'case "$*" in *Mirrors*) echo "{mirrors}" ;; *) echo "{insecure}" ;; esac')
        self.stand_in("getent", "exit 2")
        self.client(0)

    def stand_in(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def client(self, status: int, *dump: str) -> None:
        (self.folder / "dump").write_text("".join(f"{line}\n" for line in dump))
        note = f'echo "$*" >>{self.folder}/calls\n'
        self.stand_in("ctr", note + CTR.format(folder=self.folder, status=status))

    def ask(self, *numbers: int) -> dict[int, str]:
        env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "IMAGE": "library/busybox:1"}
        text = f"set -eu\n{script('roles/daemon/through.sh')}through {' '.join(map(str, numbers))}"
        ran = subprocess.run(["sh", "-c", text], env=env, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        return answers(ran.stdout.splitlines())

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("status", "dump", "answer"),
    [
        (0, [], "ok"),
        (124, [], "timeout"),
        (1, [DUMP.format("429 Too Many Requests"), "ctr: no"], "http 429 Too Many Requests"),
        (1, [DUMP.format("401 Unauthorized"), DUMP.format("404 Not Found"), "ctr: not found"], "http 404 Not Found"),
        (1, [DUMP.format("200 OK"), 'ctr: failed to do request: Get "https://x": tcp: EOF'], "failed tcp: EOF"),
        (1, ['ctr: failed to do request: Head "https://m/v2": tls: bad: x509: unknown'], "tls tls: bad: x509: unknown"),
        (1, [], "failed status 1"),
    ],
)
def test_what_a_mirror_answered(tmp_path: Path, status: int, dump: list[str], answer: str) -> None:
    host = Host(tmp_path, "https://one.example/")
    host.client(status, *dump)
    assert host.ask() == {1: answer}
    assert "images rm --sync left" in host.calls
    assert {"leases rm left", "content rm left", "namespaces rm skep-canary"} <= set(host.calls)


def test_each_mirror_is_asked_as_the_engine_would(tmp_path: Path) -> None:
    mirrors = "http://10.0.0.1:5000/\nhttps://10.1.2.3/\nhttps://mirror.example/\nhttps://hub.example/path/"
    host = Host(tmp_path, mirrors, "127.0.0.0/8\n10.1.0.0/16")
    found = host.ask()
    assert [found[number] for number in (1, 2, 3)] == ["ok"] * 3
    assert found[4].startswith("unchecked it has a path")
    fetched = [call.removeprefix("content fetch ") for call in host.calls if call.startswith("content fetch")]
    certs = "--hosts-dir /etc/docker/certs.d"
    assert fetched == [
        f"--plain-http {certs} 10.0.0.1:5000/library/busybox:1",
        f"--skip-verify {certs} 10.1.2.3/library/busybox:1",
        f"{certs} mirror.example/library/busybox:1",
    ]
    assert list(host.ask(3)) == [3]


def test_what_is_kept_on_a_host_is_read() -> None:
    kept = read(["20260101T000000Z 0123456789ab", "1 ok", "2 http 404 Not Found", ""])
    assert kept and (kept.stamp, kept.mark) == ("20260101T000000Z", "0123456789ab")
    assert kept.answers == {1: "ok", 2: "http 404 Not Found"}
    assert read([]) is None
