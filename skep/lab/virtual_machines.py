"""Hosts as virtual machines: with a kernel of their own, which has what this machine's may lack, such as ip_vs."""

from __future__ import annotations

import os
from pathlib import Path

from skep.lab import network
from skep.lab.spec import Lab, LabHost
from skep.lab.system import run
from skep.shell import quoted

_PROGRAM = "qemu-system-x86_64"
MONITOR = "monitor"
"""Socket in a host's folder through which its machine is commanded."""
MEMORY = 1024
"""MiB of each machine."""
_SLOW = "systemd.default_timeout_start_sec=900 quiet systemd.show_status=error"
"""An emulated processor is slow: units get more time, and no half of it goes into drawing progress on the console."""
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


def version() -> str:
    """Version of the program that carries virtual machines."""
    return run([_PROGRAM, "--version"], step="lab").splitlines()[0]


def hardware(lab: Lab, host: LabHost) -> list[str]:
    """What a machine consists of, as options; where its disk and its cable lead to is said beside."""
    return [
        *(["-accel", "kvm", "-cpu", "host"] if accelerated() else ["-accel", "tcg", "-cpu", "qemu64"]),
        *["-machine", "pc", "-m", str(MEMORY), "-smp", "1"],
        *["-nodefaults", "-display", "none", "-serial", "stdio", "-rtc", "base=utc"],
        *["-append", f"root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off {_SLOW}"],
        *["-device", "virtio-blk-pci,drive=disk0"],
        *["-device", f"virtio-net-pci,netdev=net0,mac={_mac(lab, host)}"],
        *["-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"],
    ]


def start_script(lab: Lab, host: LabHost, folder: Path, group: Path) -> str:
    """The script that boots a host; it reboots by itself, and the script ends when it is off.

    With ``state`` in its folder the host goes on from there instead.
    """
    boot, cable, state = (folder / "base").readlink() / "boot", network.cable(lab, host), folder / "state"
    kernel, initrd = (sorted(boot.glob(f"{name}-*"))[-1] for name in ("vmlinuz", "initrd.img"))
    command = [
        _PROGRAM,
        *["-kernel", str(kernel), "-initrd", str(initrd)],
        *["-drive", f"id=disk0,file={folder / 'disk.img'},format=raw,if=none,cache=unsafe"],
        *["-netdev", f"tap,id=net0,ifname={cable},script=no,downscript=no"],
        *hardware(lab, host),
        *["-qmp", f"unix:{MONITOR},server=on,wait=off"],
        *(["-incoming", f"exec:cat {quoted(str(state.readlink()))}"] if state.is_symlink() else []),
    ]
    return f"""\
# Boots {host.name} of lab {lab.name}, a virtual machine.
set -eu
echo $$ > {group}/start/cgroup.procs
cd {folder}
ip link delete {cable} 2> /dev/null || :
ip tuntap add dev {cable} mode tap
ip link set {cable} master {network.bridge(lab.name)} up
exec {quoted(*command)}
"""


def _mac(lab: Lab, host: LabHost) -> str:
    """A locally administered address that no other host of this lab has."""
    return f"52:54:00:83:{lab.number(host) >> 8:02x}:{lab.number(host) & 255:02x}"
