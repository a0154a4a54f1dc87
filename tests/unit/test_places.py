"""Where an engine keeps its data, as the probes' shell finds it: from its process, its unit and daemon.json."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from skep.places import HOST

DOCKERD = "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock"


def roots(
    tmp_path: Path,
    *,
    unit: str = DOCKERD,
    daemon: str | None = None,
    process: list[str] | None = None,
    pidfile: bool = False,
) -> list[str]:
    """The folders found, on a host whose files lie below ``tmp_path``; ``process`` is that of an engine that runs."""
    systemctl = tmp_path / "systemctl"
    pid = 0 if process is None or pidfile else 4711
    reported = f"{{ path=/usr/sbin/dockerd ; argv[]={unit} ; ignore_errors=no ; start_time=[n/a] ; }}"
    systemctl.write_text(f"#!/bin/sh\necho MainPID={pid}\necho 'ExecStart={reported}'\n")
    systemctl.chmod(0o755)
    (tmp_path / "var" / "lib" / "docker").mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc" / "4711").mkdir(parents=True)
    if process is not None:
        (tmp_path / "proc" / "4711" / "comm").write_text("dockerd\n")
        (tmp_path / "proc" / "4711" / "cmdline").write_text("\0".join(process) + "\0")
    if pidfile:
        (tmp_path / "docker.pid").write_text("4711\n")
    if daemon is not None:
        (tmp_path / "daemon.json").write_text(daemon)
    text = HOST.replace('"/proc/', f'"{tmp_path}/proc/').replace("/var/run/docker.pid", str(tmp_path / "docker.pid"))
    text = text.replace("/etc/docker/daemon.json", str(tmp_path / "daemon.json"))
    text = text.replace("/var/lib/docker", str(tmp_path / "var/lib/docker")).replace("/etc/default", str(tmp_path))
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = text + 'printf "%s\\n" "$data_roots"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, env=environment, check=True)
    assert done.stderr == b""
    return [line.removeprefix(f"{tmp_path}/") for line in done.stdout.decode().splitlines()]


@pytest.fixture
def srv(tmp_path: Path) -> str:
    (tmp_path / "srv" / "docker").mkdir(parents=True)
    return f"{tmp_path}/srv/docker"


def test_the_default(tmp_path: Path) -> None:
    assert roots(tmp_path) == ["var/lib/docker"]


@pytest.mark.parametrize("option", ["--data-root {}", "--data-root={}", "-data-root {}", "--graph={}", "-g {}"])
def test_an_option_of_the_unit(tmp_path: Path, srv: str, option: str) -> None:
    assert roots(tmp_path, unit=f"{DOCKERD} {option.format(srv)}") == ["srv/docker", "var/lib/docker"]


@pytest.mark.parametrize(
    "text",
    [
        '{"data-root": "%s"}',
        '{"debug": true,\n  "data-root"\n  :\n  "%s",\n  "labels": ["a=b"]}',
        '{\t"graph":"%s"}',
    ],
)
@pytest.mark.parametrize("escape", ["/", "\\/"])
def test_a_key_of_daemon_json_however_it_is_written(tmp_path: Path, srv: str, text: str, escape: str) -> None:
    assert roots(tmp_path, daemon=text % srv.replace("/", escape)) == ["srv/docker", "var/lib/docker"]


@pytest.mark.parametrize("pidfile", [True, False])
def test_the_options_of_an_engine_that_runs_wherever_its_pid_is_noted(tmp_path: Path, srv: str, pidfile: bool) -> None:
    process = ["/usr/sbin/dockerd", "--data-root", srv]
    assert roots(tmp_path, process=process, pidfile=pidfile) == ["srv/docker", "var/lib/docker"]


def test_another_config_file(tmp_path: Path, srv: str) -> None:
    (tmp_path / "other.json").write_text(f'{{"data-root": "{srv}"}}')
    assert roots(tmp_path, unit=f"{DOCKERD} --config-file {tmp_path}/other.json") == ["srv/docker", "var/lib/docker"]


def test_what_userns_remap_makes_below_and_links_followed(tmp_path: Path, srv: str) -> None:
    (Path(srv) / "165536.165536").mkdir()
    (tmp_path / "link").symlink_to(srv)
    found = roots(tmp_path, daemon=f'{{"data-root": "{tmp_path}/link", "userns-remap": "default"}}')
    assert found == ["srv/docker", "srv/docker/165536.165536", "var/lib/docker"]
