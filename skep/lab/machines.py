"""Hosts as virtual machines: with a kernel of their own, which has what this machine's may lack, such as ip_vs."""

from __future__ import annotations

import os
from pathlib import Path

from skep.lab import network
from skep.lab.spec import Lab, LabHost
from skep.lab.system import run
from skep.shell import quoted

MEMORY = 1024
"""MiB of each machine."""
_PATIENCE = "systemd.default_timeout_start_sec=900"
"""For units: an emulated processor is slow."""
_DISK = 8 * 1024**3
"""Bytes of each machine's disk; the file is sparse."""


def make_disk(folder: Path) -> None:
    """Makes a host's disk out of its root folder, unless there is one."""
    disk, new = folder / "disk.img", folder / "disk.new"
    if disk.exists():
        return
    with new.open("wb") as file:
        file.truncate(_DISK)
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", folder / "root", new], step=f"make the disk of {folder.name}")
    new.replace(disk)


def accelerated() -> bool:
    """Whether this machine's processor carries virtual machines itself; else they are emulated, many times slower."""
    flags = Path("/proc/cpuinfo").read_text().split()
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and ("vmx" in flags or "svm" in flags)


def start_script(lab: Lab, host: LabHost, folder: Path, group: Path) -> str:
    """The script that boots a host; it reboots by itself, and the script ends when it is off."""
    boot, cable = (folder / "base").readlink() / "boot", network.cable(lab, host)
    kernel, initrd = (sorted(boot.glob(f"{name}-*"))[-1] for name in ("vmlinuz", "initrd.img"))
    command = [
        "qemu-system-x86_64",
        *(["-accel", "kvm", "-cpu", "host"] if accelerated() else ["-accel", "tcg", "-cpu", "qemu64"]),
        *["-machine", "pc", "-m", str(MEMORY), "-smp", "1"],
        *["-nodefaults", "-display", "none", "-serial", "stdio", "-rtc", "base=utc"],
        *["-kernel", str(kernel), "-initrd", str(initrd)],
        *["-append", f"root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off {_PATIENCE}"],
        *["-drive", f"file={folder / 'disk.img'},format=raw,if=virtio,cache=unsafe"],
        *["-netdev", f"tap,id=net0,ifname={cable},script=no,downscript=no"],
        *["-device", f"virtio-net-pci,netdev=net0,mac={_mac(lab, host)}"],
        *["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"],
    ]
    return f"""\
# Boots {host.name} of lab {lab.name}, a virtual machine.
set -eu
echo $$ > {group}/start/cgroup.procs
ip link delete {cable} 2> /dev/null || :
ip tuntap add dev {cable} mode tap
ip link set {cable} master {network.bridge(lab.name)} up
exec {quoted(*command)}
"""


def _mac(lab: Lab, host: LabHost) -> str:
    """A locally administered address that no other host of this lab has."""
    return f"52:54:00:83:{lab.number(host) >> 8:02x}:{lab.number(host) & 255:02x}"
