"""What a lab may leave behind on the machine, looked for without the lab's own code."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def must_be_gone(labs: Iterable[str]) -> None:
    """No process, mount, interface, rule, control group or file of these labs is left."""
    found = [f"{name}: {what}" for name in labs for what in leftovers(name)]
    assert not found, "the labs left behind:\n" + "\n".join(found)


def leftovers(name: str) -> list[str]:
    """What there is of a lab, a line each."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skep/lab"
    run = f"{cache}/run-{name}"
    found = [f"process {words}" for words in _processes() if f"--machine={name}-" in words or f"{run}/" in words]
    found += [f"mount {line}" for line in _mounts() if line.startswith(f"skep-{name} ") or f" {run}/" in line]
    links = [path.name for path in Path("/sys/class/net").iterdir()]
    found += [f"interface {link}" for link in links if link == f"sk-{name}" or link.startswith(f"vb-{name}-")]
    found += [f"rule {line}" for line in _rules() if f"skep-lab-{name} " in f"{line} ".replace('"', "")]
    for hierarchy in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"):
        found += [f"control group {path}" for path in Path(hierarchy).glob(f"skep-{name}")]
    found += [f"file {path}" for path in (Path(run), cache / f"known_hosts-{name}") if path.exists()]
    return found


def _processes() -> list[str]:
    words = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words.append(file.read_text(errors="replace").replace("\0", " "))
        except OSError:  # ended meanwhile
            continue
    return words


def _mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


def _rules() -> list[str]:
    tables = [["iptables", "-w", "-t", table, "-S"] for table in ("filter", "nat", "mangle", "raw")]
    texts = [subprocess.run(argv, capture_output=True, text=True, check=True).stdout for argv in tables]
    return [line for text in texts for line in text.splitlines()]
