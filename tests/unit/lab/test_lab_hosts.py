"""What is written to boot a host, and how SSH learns of it."""

import subprocess
from pathlib import Path

import pytest

from skep.lab import hosts, keys
from skep.lab.spec import Lab, LabHost

BEE = LabHost("bee-1", "10.84.0.11")
LAB = Lab("h1", "10.84.0.0/24", (BEE,))
SCRIPT = hosts.start_script(LAB, BEE, Path("/cache/run-h1/hosts/bee-1"), Path("/sys/fs/cgroup/skep-h1/hosts/bee-1"))


def test_the_start_script_is_valid_shell() -> None:
    subprocess.run(["sh", "-n"], input=SCRIPT, text=True, check=True)


def test_the_start_script_joins_its_control_group_before_anything_is_started() -> None:
    lines = SCRIPT.splitlines()
    joined = next(number for number, line in enumerate(lines) if "$GROUP/start/cgroup.procs" in line)
    started = next(number for number, line in enumerate(lines) if 'exec "$@"' in line)
    assert joined < started
    assert "$GROUP/system/cgroup.procs" in lines[started]
    assert "export GROUP=/sys/fs/cgroup/skep-h1/hosts/bee-1" in lines[:joined]
    assert "set -eu" in lines[:joined]


def test_the_container_is_named_after_lab_and_number() -> None:
    assert "--machine=h1-11 " in SCRIPT
    assert "--network-bridge=sk-h1 " in SCRIPT
    assert "export CABLE=vb-h1-11\n" in SCRIPT


def test_ssh_knows_the_hosts_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    argv = keys.ssh_argv(LAB, "bee-1", "oncall")
    assert argv[:3] == ["ssh", "-F", "none"]
    assert argv[-1] == "oncall@10.84.0.11"
    assert f"UserKnownHostsFile={tmp_path}/skep/lab/known_hosts-h1" in argv
    assert "StrictHostKeyChecking=yes" in argv


def test_known_hosts_has_one_line_a_host_without_comments() -> None:
    text = keys.known_hosts_text({"10.84.0.12,bee-2": "ssh-ed25519 BBB root@bee-2\n", "10.84.0.11,bee-1": "k A c"})
    assert text == "10.84.0.11,bee-1 k A\n10.84.0.12,bee-2 ssh-ed25519 BBB\n"
