"""One lab host: its disk on an overlay, its container and the small script that boots it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path

from skep import waiting
from skep.errors import LabError
from skep.lab import cgroups, folders, keys, network, this_machine, virtual_machines
from skep.lab.spec import HostStatus, Lab, LabHost, State
from skep.lab.system import environment, last_lines, run
from skep.shell import exported, quoted, script

_BOOT_SECONDS = {"container": 90.0, "vm": 900.0}
"""How long a host may take to boot, by backend: an emulated one on a busy machine takes minutes."""
_GREETING_SECONDS = 30.0
"""How long to wait for an SSH server's greeting while it boots. Each connection costs the host a process: who gives up
and comes again before it is answered keeps a slow host busy for ever."""
_USERS = {"root": "root", "admin": "home/admin", "oncall": "home/oncall"}
_OWN_DISKS = ("docker", "containerd")
"""Folders of /var/lib that an overlay cannot carry, because Docker puts overlays in them."""


def is_up(lab: Lab, host: LabHost) -> bool:
    """Whether the script lives that boots the host, and boots it again when it reboots."""
    return cgroups.alive(cgroups.of_host(lab.name, host) / "start")


def has_disk(lab: Lab, host: LabHost, public_key: str) -> bool:
    """Whether a disk made for exactly this host lies ready."""
    try:
        return (folders.host(lab.name, host) / "host.json").read_text() == _identity(lab, host, public_key)
    except FileNotFoundError:
        return False


def make_disk(lab: Lab, host: LabHost, base: Path, public_key: str) -> None:
    """Makes a fresh disk on top of a base; whatever was there under the host's name is removed first."""
    remove(lab, host)
    folder = folders.host(lab.name, host)
    for name in ("upper", "work", "root", *_OWN_DISKS):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o755)
    (folder / "base").symlink_to(base)
    mount(lab, host)
    root = folder / "root"
    (root / "etc/hostname").write_text(f"{host.name}\n")
    (root / "etc/machine-id").write_text(f"{os.urandom(16).hex()}\n")
    (root / "etc/systemd/network/10-lab.network").write_text(_network_file(lab, host))
    keys.generate(root / keys.HOST_KEY, f"root@{host.name}")
    for home in _USERS.values():
        _authorize(root / home, public_key)
    folders.write(folder / "host.json", _identity(lab, host, public_key))


def _identity(lab: Lab, host: LabHost, public_key: str) -> str:
    facts = [lab.backend, lab.subnet, host.name, host.address, host.suite, public_key.split()[1]]
    return json.dumps(facts)


def _network_file(lab: Lab, host: LabHost) -> str:
    # Must sort before Debian's 80-container-host0.network, which would ask for an address by DHCP.
    return (
        "[Match]\nName=host0 eth0\n\n"
        f"[Network]\nAddress={host.address}/{lab.prefix_length}\nGateway={lab.gateway}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
    )


def _authorize(home: Path, public_key: str) -> None:
    owner, folder = home.stat(), home / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "authorized_keys"
    file.write_text(f"{public_key}\n")
    file.chmod(0o600)
    for path in (folder, file):
        os.chown(path, owner.st_uid, owner.st_gid)


def mount(lab: Lab, host: LabHost) -> None:
    """Puts the host's disk on top of its base, unless that is done already."""
    folder = folders.host(lab.name, host)
    root = folder / "root"
    if root in folders.mounts_below(root):
        return
    layers = f"lowerdir={(folder / 'base').readlink()},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    run(
        ["mount", "-t", "overlay", "-o", layers, folders.disk_label(lab.name), root],
        step=f"mount the disk of {host.name}",
    )


def name_neighbours(lab: Lab, host: LabHost) -> None:
    """Writes the names of all hosts of the lab and the machine's name servers into a host's files."""
    root = folders.host(lab.name, host) / "root"
    lines = ["127.0.0.1 localhost", *(f"{other.address} {other.name}" for other in lab.hosts)]
    for name, text in {"hosts": "".join(f"{line}\n" for line in lines), "resolv.conf": _name_servers()}.items():
        file = root / "etc" / name
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def _name_servers() -> str:
    """The machine's resolv.conf, or the one behind it when it names a resolver on the machine itself."""
    text = Path("/etc/resolv.conf").read_text()
    behind = Path("/run/systemd/resolve/resolv.conf")
    return behind.read_text() if "nameserver 127." in text and behind.exists() else text


def boot(lab: Lab, host: LabHost) -> None:
    """Starts the host's container, detached from this process; does not wait for it."""
    end(lab, host)
    folder, group = folders.host(lab.name, host), cgroups.of_host(lab.name, host)
    mount(lab, host)
    for part in ("start", "system"):
        cgroups.make(group / part)
    vm = lab.backend == "vm"
    if vm:
        virtual_machines.make_disk(folder)
    text = virtual_machines.start_script(lab, host, folder, group) if vm else start_script(lab, host, folder, group)
    folders.write(folder / "start", text, mode=0o755)
    (folder / "state").unlink(missing_ok=True)  # once: from now on the disk is ahead of it
    with (folder / "console.log").open("a") as console:
        subprocess.run(
            ["setsid", "--fork", "sh", str(folder / "start")],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            cwd="/",
            env=environment(),
            check=True,
        )


def start_script(lab: Lab, host: LabHost, folder: Path, group: Path) -> str:
    """The script that boots a host and boots it again as often as it reboots itself."""
    command = [
        "systemd-nspawn",
        "--boot",
        "--quiet",
        f"--directory={folder / 'root'}",
        f"--machine={network.machine_name(lab, host)}",
        f"--hostname={host.name}",
        f"--network-bridge={network.bridge(lab.name)}",
        *[f"--bind={folder / name}:/var/lib/{name}" for name in _OWN_DISKS],
        "--register=no",
        "--keep-unit",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--capability=all",
        "--drop-capability=CAP_SYS_TIME",  # the clock is the machine's
        "--system-call-filter=add_key keyctl bpf",
        "--console=pipe",
    ]
    values = {"NAME": host.name, "GROUP": str(group), "CABLE": network.cable(lab, host)}
    return f"{exported(values)}set -- {quoted(*command)}\n{script('skep/lab/boot.sh')}"


def deadline(lab: Lab) -> float:
    """By when hosts that are booted now must answer, as `wait` takes it."""
    return time.monotonic() + _BOOT_SECONDS[lab.backend]


def wait(lab: Lab, host: LabHost, until: float) -> None:
    """Returns when the host's SSH server answers; `LabError` with the end of its console when it does not."""

    def found() -> str | None:
        if answers(host.address, patience=_GREETING_SECONDS):
            return "ssh"
        return None if is_up(lab, host) else "ended"

    how = waiting.until(found, seconds=until - time.monotonic(), every=0.05)
    if how == "ssh":
        return
    log = folders.host(lab.name, host) / "console.log"
    raise LabError(
        "ended while it booted" if how else f"SSH did not answer within {_BOOT_SECONDS[lab.backend]:.0f} s",
        host=host.name,
        step="boot",
        cause=last_lines(log.read_text(errors="replace"), 8),
        next_action=f"read {log}",
    )


def answers(address: str, *, patience: float = 5.0) -> bool:
    """Whether an SSH server greets at an address, within some seconds of being connected."""
    try:
        with socket.create_connection((address, 22), timeout=1) as connection:
            connection.settimeout(patience)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def end(lab: Lab, host: LabHost) -> None:
    """Cuts the host's power: every process of it dies at once; its disk stays."""
    cgroups.end(cgroups.of_host(lab.name, host))
    network.remove_link(network.cable(lab, host))
    this_machine.forget_container(network.machine_name(lab, host), folders.host(lab.name, host) / "root")


def remove(lab: Lab, host: LabHost) -> None:
    """Ends the host and deletes its disk; nothing happens when there is neither."""
    end(lab, host)
    folder = folders.host(lab.name, host)
    for mounted in folders.mounts_below(folder):
        run(["umount", mounted], step=f"remove {host.name}")
    folders.remove(folder)


def status(lab: Lab, host: LabHost) -> HostStatus:
    """How the host is found at the moment."""
    group = cgroups.of_host(lab.name, host)
    state: State = "stopped"
    if not (folders.host(lab.name, host) / "host.json").exists():
        state = "absent"
    elif cgroups.alive(group):
        state = "cut" if network.is_cut(lab, host) else "running"
    ssh = state == "running" and answers(host.address)
    return HostStatus(host.name, host.address, host.suite, state, cgroups.init(group), ssh)
