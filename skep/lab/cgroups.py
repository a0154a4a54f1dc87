"""The processes of a lab: each host and each server live in a control group of their own.

A control group holds exactly what was started in it, children of dead parents included, so nothing
has to be guessed from process ids or names, and ``cgroup.kill`` ends all of it at once (Linux 5.14).
"""

from __future__ import annotations

from pathlib import Path

from skep.errors import LabError
from skep.lab.spec import LabHost, checked_name
from skep.waiting import until

_MOUNT = Path("/sys/fs/cgroup")
_PATIENCE_SECONDS = 60.0


def root(name: str) -> Path:
    """The control group of a whole lab."""
    return _hierarchy() / f"skep-{checked_name(name)}"


def any_lab() -> bool:
    """Whether any lab on this machine is up or coming up."""
    return any(_hierarchy().glob("skep-*"))


def of_host(name: str, host: LabHost) -> Path:
    """The control group of one host: ``start`` in it holds the start script, ``system`` the container."""
    return root(name) / "hosts" / host.name


def of_service(name: str, service: str) -> Path:
    """The control group of what the lab serves on its gateway: ``registry`` or ``packages``."""
    return root(name) / service


def make(group: Path) -> None:
    """Makes a control group, with all controllers the groups above it can hand down."""
    top = _hierarchy()
    group.mkdir(parents=True, exist_ok=True)
    for parent in reversed(group.relative_to(top).parents[:-1]):
        _hand_down(top / parent)


def _hand_down(group: Path) -> None:
    for controller in (group / "cgroup.controllers").read_text().split():
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:  # not to be had here: the lab works without, limits are then not enforced
            continue


def processes(group: Path) -> list[int]:
    """Ids of all processes in a group and below it."""
    found: list[int] = []
    for file in group.rglob("cgroup.procs"):
        try:
            found += [int(line) for line in file.read_text().split()]
        except OSError:  # the group went away meanwhile
            continue
    return found


def alive(group: Path) -> bool:
    """Whether any process lives in the group or below it."""
    try:
        return "populated 1" in (group / "cgroup.events").read_text()
    except OSError:
        return False


def init(group: Path) -> int | None:
    """Id, on this machine, of the container's first process in a group; None when there is none."""
    for pid in processes(group):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        ids = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
        if ids[1:] == ["1"]:
            return pid
    return None


def end(group: Path) -> None:
    """Kills all processes of a group and removes it; nothing happens when it does not exist."""
    if group.exists():
        (group / "cgroup.kill").write_text("1")
        _remove(group)
    shadow = _MOUNT / "systemd" / group.relative_to(_hierarchy())  # a mixed hierarchy has a copy there
    _remove(shadow)


def _remove(group: Path) -> None:
    why = ""

    def gone() -> bool:
        nonlocal why
        try:
            below = [path for path in group.rglob("*") if path.is_dir()] if group.exists() else []
            for folder in [*sorted(below, reverse=True), group]:
                folder.rmdir()
        except FileNotFoundError:
            return not group.exists()
        except OSError as error:
            why = str(error)
        return not group.exists()

    if not until(gone, seconds=_PATIENCE_SECONDS, every=0.02):
        raise LabError(f"processes in {group} do not end", cause=why)


def _hierarchy() -> Path:
    unified = _MOUNT / "unified"
    return unified if (unified / "cgroup.procs").exists() else _MOUNT
