"""Root file systems of lab hosts: one a Debian release or stand-in made of one, made once with mmdebstrap and kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from skep.errors import LabError
from skep.lab import folders
from skep.lab.spec import STAND_INS, Backend
from skep.lab.system import Say, run

_CONTENTS = "systemd,systemd-sysv,dbus,kmod,openssh-server,iproute2,iptables,ca-certificates,sudo,netbase"
_VM_CONTENTS = ("linux-image-cloud-amd64", "apparmor", "docker.io")
"""What virtual machines have in addition: a kernel, and the engine, which an emulated processor installs in minutes."""
_FINISH = {"container": ("base.sh", "quick.sh"), "vm": ("base.sh",)}
_LAGGING = {"forky"}
"""Releases still in the making: a mirror may serve their Release file past its date."""
_STEP = "make a base"
_ALONE = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
"""A namespace of its own ends with its first process, which ends with this one: a killed build leaves neither processes
nor mounts, only its folder, which the next build removes."""


def ensure(suite: str, say: Say, backend: Backend = "container") -> Path:
    """The root file system of a release or a stand-in, made first when there is none of the present recipe."""
    if suite in STAND_INS:
        return _ensure_stand_in(suite, say)
    options = recipe(suite, mirror(_index_targets()), _proxy(), _VM_CONTENTS if backend == "vm" else ())
    kind = f"vm-{suite}" if backend == "vm" else suite
    finish = finishing(backend)
    text = "\n".join([*options, *(file.read_text() for file in finish)])
    return _made(kind, text, say, lambda base: _build(suite, options, finish, base))


def _ensure_stand_in(suite: str, say: Say) -> Path:
    """The base of the release it is made of, changed."""
    parent, script = ensure(STAND_INS[suite], say), Path(__file__).with_name(f"{suite}.sh")
    return _made(suite, f"{parent.name}\n{script.read_text()}", say, lambda base: _derive(parent, script, base))


def _made(kind: str, recipe: str, say: Say, build: Callable[[Path], None]) -> Path:
    base = folders.cache() / f"base-{kind}-{hashlib.sha256(recipe.encode()).hexdigest()[:10]}"
    if base.exists():
        return base
    with folders.locked("base"):
        if not base.exists():
            say(f"building base {kind} (once, about a minute)")
            build(base)
        _drop_unused(kind, base)
    return base


def recipe(suite: str, mirror: str, proxy: dict[str, str], more: Sequence[str] = ()) -> list[str]:
    """mmdebstrap's options and operands for a release, all but the folder to write."""
    settings = [f'{name} "{value}";' for name, value in sorted(proxy.items())]
    if suite in _LAGGING:
        settings.append('Acquire::Check-Valid-Until "false";')
    return [
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        f"--include={','.join([_CONTENTS, *more])}",
        *[f"--aptopt={setting}" for setting in settings],
        "--skip=cleanup/apt",  # so that a host can install packages at once
        suite,
        f"deb {mirror} {suite} main",
    ]


def finishing(backend: Backend) -> list[Path]:
    """The scripts that finish the root file system, in order."""
    return [Path(__file__).with_name(name) for name in _FINISH[backend]]


def mirror(targets: str) -> str:
    """The Debian mirror of this machine, out of `_index_targets`; `LabError` when there is none."""
    for line in targets.splitlines():
        address, origin, label = line.split("|")
        if (origin, label) == ("Debian", "Debian") and address.startswith(("http://", "https://")):
            return address.rstrip("/")
    raise LabError(
        "this machine's apt knows no Debian mirror",
        step=_STEP,
        cause="no package list of origin Debian comes from an http or https source",
        next_action="apt-get update, then look at apt-get indextargets",
    )


def _index_targets() -> str:
    desired = "$(REPO_URI)|$(ORIGIN)|$(LABEL)"
    return run(["apt-get", "indextargets", "--format", desired, "Created-By: Packages"], step=_STEP)


def _proxy() -> dict[str, str]:
    """The proxy settings of this machine's apt, by option name."""
    found = {}
    for option in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        value = run(["apt-config", "--format", "%v%n", "dump", option], step=_STEP).strip()
        if value:
            found[option] = value
    return found


def _build(suite: str, options: list[str], finish: Sequence[Path], base: Path) -> None:
    building = folders.cache() / "building-base"
    folders.remove(building)
    (building / "tmp").mkdir(parents=True)
    *flags, release, source = options
    command: list[str | Path] = [
        "env",
        f"TMPDIR={building / 'tmp'}",
        "mmdebstrap",
        *flags,
        *[f'--customize-hook=sh "{file}" "$1"' for file in finish],
        release,
        building / "root",
        source,
    ]
    run([*_ALONE, *command], step=f"{_STEP} of {suite}")
    (building / "root").rename(base)
    folders.remove(building)


def _derive(parent: Path, script: Path, base: Path) -> None:
    building = folders.cache() / "building-base"
    folders.remove(building)
    building.mkdir()
    run(["cp", "--archive", "--reflink=auto", parent, building / "root"], step=_STEP)
    run([*_ALONE, "sh", script, building / "root"], step=f"{_STEP} of {base.name}")
    (building / "root").rename(base)
    folders.remove(building)


def _drop_unused(kind: str, base: Path) -> None:
    """Removes bases of older recipes no host stands on."""
    used = {os.path.realpath(link) for link in folders.cache().glob("run-*/hosts/*/base")}
    for old in folders.cache().glob(f"base-{kind}-*"):
        if old != base and str(old) not in used:
            folders.remove(old)
