"""What labs change on the machine as a whole: remembered when the first comes up, put back when the last is down."""

from __future__ import annotations

import json
from pathlib import Path

from skep.lab import cgroups, folders
from skep.lab.system import run, succeeds

_RECORD = Path("/run/skep-lab.json")
_SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/accept_redirects",  # the kernel flips these two with forwarding
    "net/ipv4/conf/default/accept_redirects",
)
_INOTIFY = "fs/inotify/max_user_instances"
_ENOUGH_INOTIFY = 65536
"""All hosts' processes count as one user's here; stock limits (128) are used up by about twelve hosts."""
_MODULES = ("br_netfilter", "ip_vs")
"""Kernel modules Docker loads by name, which it cannot from inside a container."""
_BRIDGE_FILTERS = Path("/proc/sys/net/bridge")
_NSPAWN = Path("/run/systemd/nspawn")
_MOUNT_NAME = "skep:nspawn"


def prepare() -> None:
    """Turns on forwarding, makes room for many hosts, loads kernel modules, readies the folder of systemd-nspawn."""
    with folders.held(_RECORD.parent):
        if _remembered() is None:
            before = {name: Path("/proc/sys", name).read_text().strip() for name in (*_SYSCTLS, _INOTIFY)}
            made = [str(path) for path in (_NSPAWN, _NSPAWN.parent) if not path.exists()]
            modules = [name for name in _MODULES if not Path("/sys/module", name).exists()]
            record = {"boot": boot_id(), "sysctls": before, "made": made, "modules": modules}
            folders.write(_RECORD, json.dumps(record))
        forwarding = Path("/proc/sys", _SYSCTLS[0])
        if forwarding.read_text().strip() != "1":
            forwarding.write_text("1")
        inotify = Path("/proc/sys", _INOTIFY)
        if int(inotify.read_text()) < _ENOUGH_INOTIFY:
            inotify.write_text(str(_ENOUGH_INOTIFY))
        for name in _MODULES:
            _load(name)
        _prepare_nspawn()


def _load(module: str) -> None:
    if Path("/sys/module", module).exists() or not succeeds(["modprobe", "--quiet", module]):
        return  # a kernel without it: then Docker in the lab's hosts has to do without, too
    if module == "br_netfilter":  # meant for the hosts, not for bridges this machine has for other ends
        for switch in _BRIDGE_FILTERS.glob("bridge-nf-call-*"):
            switch.write_text("0")


def _prepare_nspawn() -> None:
    # systemd-nspawn empties its folders below /run only on a memory file system ("Attempted to remove disk file
    # system"); where /run is on disk, what a killed container leaves there would stay.
    _NSPAWN.mkdir(parents=True, exist_ok=True)
    if _file_system(_NSPAWN) != "tmpfs":
        run(["mount", "-t", "tmpfs", "-o", "mode=755", _MOUNT_NAME, _NSPAWN], step="prepare systemd-nspawn")


def restore() -> None:
    """Puts back what `prepare` changed, if no lab is left on the machine."""
    with folders.held(_RECORD.parent):
        if cgroups.any_lab():
            return
        if (_MOUNT_NAME, _NSPAWN) in folders.mounts():
            run(["umount", _NSPAWN], step="put the machine back")
        record = _remembered()
        if record is not None:
            _put_back(record)
        _RECORD.unlink(missing_ok=True)


def _put_back(record: dict[str, object]) -> None:
    match record:
        case {"sysctls": dict(sysctls), "made": list(made), "modules": list(modules)}:
            for name, before in sysctls.items():
                file = Path("/proc/sys", name)
                if file.read_text().strip() != before:
                    file.write_text(before)
            for path in made:
                _remove_if_empty(Path(path))
            for module in modules:
                if Path("/sys/module", module).exists():
                    succeeds(["modprobe", "--quiet", "--remove", module])  # stays when somebody else needs it now


def forget_container(machine: str, root: Path) -> None:
    """Removes what systemd-nspawn keeps about a container that was killed: by its name and by its root."""
    if root.exists():
        facts = root.stat()
        (_NSPAWN / "locks" / f"inode-{facts.st_dev}:{facts.st_ino}").unlink(missing_ok=True)
    for folder in _NSPAWN.glob(f"*/{machine}"):
        for mount in folders.mounts_below(folder):
            run(["umount", mount], step="clean up systemd-nspawn")
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    for path in sorted(folder.glob("*")):
        if path.is_dir() and not path.is_symlink():
            _remove_if_empty(path)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def boot_id() -> str:
    """Differs after every boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _remembered() -> dict[str, object] | None:
    """What was recorded in this boot of the machine; None when nothing was."""
    try:
        record: dict[str, object] = json.loads(_RECORD.read_text())
    except FileNotFoundError:
        return None
    return record if record.get("boot") == boot_id() else None


def _file_system(path: Path) -> str:
    """Type of the file system a folder is on."""
    kinds = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _source, target, kind = line.split()[:3]
        kinds[Path(target)] = kind
    return next(kinds[folder] for folder in (path, *path.parents) if folder in kinds)
