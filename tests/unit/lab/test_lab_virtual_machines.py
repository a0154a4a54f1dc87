"""What is written to boot a virtual machine."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from skep.lab import system, virtual_machines
from skep.lab.base import recipe
from skep.lab.spec import Lab, LabError, LabHost, from_document, to_document

BEE = LabHost("bee-1", "10.84.1.11")
LAB = Lab("h1", "10.84.0.0/16", (BEE,), backend="vm")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The start script of a host whose base has two kernels, on a machine that emulates."""
    boot = tmp_path / "base-vm" / "boot"
    boot.mkdir(parents=True)
    for version in ("6.1.0-9", "6.1.0-10"):
        (boot / f"vmlinuz-{version}").touch()
        (boot / f"initrd.img-{version}").touch()
    (tmp_path / "base").symlink_to(tmp_path / "base-vm")
    monkeypatch.setattr(virtual_machines, "accelerated", lambda: False)
    return virtual_machines.start_script(LAB, BEE, tmp_path, Path("/sys/fs/cgroup/skep-h1/hosts/bee-1"))


def command(script: str) -> list[str]:
    return shlex.split(script.splitlines()[-1])


def test_the_script_is_valid_shell_and_joins_its_control_group_first(script: str) -> None:
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    lines = [line for line in script.splitlines() if not line.startswith("#")]
    assert lines[:2] == ["set -eu", "echo $$ > /sys/fs/cgroup/skep-h1/hosts/bee-1/start/cgroup.procs"]
    assert command(script)[:2] == ["exec", "qemu-system-x86_64"]


def test_the_cable_is_the_labs_own(script: str) -> None:
    assert "ip link set vb-h1-267 master sk-h1 up" in script
    assert "tap,id=net0,ifname=vb-h1-267,script=no,downscript=no" in command(script)
    assert "virtio-net-pci,netdev=net0,mac=52:54:00:83:01:0b" in command(script)


def test_kernel_and_disk_are_one_release(script: str, tmp_path: Path) -> None:
    words = command(script)
    kernel, initrd = words[words.index("-kernel") + 1], words[words.index("-initrd") + 1]
    assert Path(kernel).name.removeprefix("vmlinuz") == Path(initrd).name.removeprefix("initrd.img")
    assert f"id=disk0,file={tmp_path}/disk.img,format=raw,if=none,cache=unsafe" in words


def test_a_kept_machine_goes_on_once(script: str, tmp_path: Path) -> None:
    assert "-incoming" not in command(script)
    (tmp_path / "state").symlink_to("/cache/booted-1/state")
    again = command(virtual_machines.start_script(LAB, BEE, tmp_path, Path("/sys/fs/cgroup/skep-h1/hosts/bee-1")))
    assert again[again.index("-incoming") + 1] == "exec:cat /cache/booted-1/state"


def test_a_disk_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(virtual_machines, "run", lambda argv, step: made.append(argv[-2:]))
    virtual_machines.make_disk(tmp_path)
    virtual_machines.make_disk(tmp_path)
    assert made == [[tmp_path / "root", tmp_path / "disk.new"]]
    assert (tmp_path / "disk.img").stat().st_size == 8 * 1024**3


def test_the_backend_is_part_of_the_lab() -> None:
    assert from_document(to_document(LAB)) == LAB
    before = {key: value for key, value in to_document(LAB).items() if key != "backend"}
    assert from_document(before).backend == "container"
    with pytest.raises(LabError, match="known: container, vm"):
        Lab("h1", "10.84.0.0/24", (), backend="jail")  # type: ignore[arg-type]


def test_machines_need_more_and_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program, path: None if "qemu" in program else program)
    assert system.missing_packages() == []
    assert system.missing_packages("vm") == ["qemu-system-x86"]
    monkeypatch.setattr(system, "unsupported", lambda: None)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(LabError, match="needs an x86-64 machine; this is aarch64"):
        system.require(system.ignore, "vm")
    assert any(
        option.endswith(",netbase,linux-image") for option in recipe("bookworm", "http://m", {}, ("linux-image",))
    )
