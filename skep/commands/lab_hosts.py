"""What the tasks of ``lab.*`` do: hosts on this machine, described by an inventory's ``x-lab``."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from skep import lab
from skep.errors import LabError, UsageError
from skep.inventory import Inventory, load
from skep.lab.spec import HIGHEST_NUMBER
from skep.reading.documented import HostKeys
from skep.report import Reporter
from skep.shell import quoted
from skep.site.place import INVENTORIES


def described(inventory: Inventory, *, hosts: int | None = None, suite: str | None = None) -> lab.Lab:
    """The lab an inventory asks for. More hosts than it names are called x1, x2 … at the next free addresses."""
    desired: Mapping[str, Any] = inventory.extensions.get("x-lab") or {}
    if "subnet" not in desired:
        raise UsageError(f"{inventory.path} describes no lab", next_action="add x-lab: {name: …, subnet: …}, or -i lab")
    default = suite or desired.get("suite", "bookworm")
    named = [
        lab.LabHost(
            host.name,
            host.address,
            suite or (inventory.host_extensions.get(host.name, {}).get("x-lab") or {}).get("suite", default),
        )
        for host in inventory.cluster.hosts
    ]
    if hosts is not None:
        more = _more(named, desired["subnet"], default)
        if hosts > len(named) + len(more):
            raise UsageError(
                f"--hosts {hosts}: the lab's subnet {desired['subnet']} has room for {len(named) + len(more)}",
                next_action="give x-lab a larger subnet, or ask for fewer",
            )
        named = (named + more)[:hosts]
    return lab.Lab(
        name=desired.get("name", "lab"),
        subnet=desired["subnet"],
        hosts=tuple(named),
        registry_port=desired.get("registry-port", 5000),
        backend=desired.get("backend", "container"),
        packages=desired.get("packages", False),
    )


def _more(named: list[lab.LabHost], subnet: str, suite: str) -> list[lab.LabHost]:
    """All that fit, from the hundredth free address on."""
    taken = {host.address for host in named}
    addresses = map(str, islice(ipaddress.ip_network(subnet).hosts(), HIGHEST_NUMBER))
    free = [address for address in addresses if address not in taken][100:]
    return [lab.LabHost(f"x{place}", address, suite) for place, address in enumerate(free, 1)]


def refuse_absent(inventory: Inventory) -> None:
    """Raise ``LabError`` if the inventory's hosts are a lab that is not up: nothing else is ever asked instead."""
    desired = described(inventory)
    if all(host.state == "absent" for host in lab.status(desired)):
        raise LabError(f"the lab {desired.name} is not up", next_action=f"invoke lab.up -i {_typed(inventory.path)}")


def up(path: Path, tell: Reporter, *, hosts: int | None, suite: str | None, host_keys: HostKeys | None = None) -> None:
    """Boot the hosts."""
    if suite not in (None, *lab.KINDS):
        raise UsageError(f"--suite {suite}: no such release", next_action=f"known are: {', '.join(lab.KINDS)}")
    desired = described(load(path, host_keys=host_keys), hosts=hosts, suite=suite)
    tell.steady()
    with tell.busy("starting the lab"):
        lab.up(desired, say=tell.say)
    tell.done(f"lab {desired.name}: {len(desired.hosts)} hosts are up; next: invoke cluster.up -i {_typed(path)}")


def down(path: Path, tell: Reporter, *, host_keys: HostKeys | None = None) -> None:
    """End the hosts; nothing stays but the cache."""
    desired = described(load(path, host_keys=host_keys))
    tell.steady()
    with tell.busy("ending the lab"):
        lab.down(desired.name, say=tell.say)
    tell.done(f"lab {desired.name} is gone")


def status(path: Path, tell: Reporter, *, host_keys: HostKeys | None = None) -> None:
    """One row a host."""
    columns = ("name", "address", "suite", "state", "ssh")
    rows = [
        (host.name, host.address, host.suite, host.state, "answers" if host.ssh else "silent")
        for host in lab.status(described(load(path, host_keys=host_keys)))
    ]
    tell.table("lab", columns, rows)


def fault(path: Path, tell: Reporter, *, what: str, host: str, host_keys: HostKeys | None = None) -> None:
    """``cut``, ``heal``, ``kill`` or ``boot`` a host."""
    desired = described(load(path, host_keys=host_keys))
    _known(desired, host)
    {"cut": lab.cut, "heal": lab.heal, "kill": lab.kill, "boot": lab.boot}[what](desired.name, host)
    done = {"cut": "is cut off", "heal": "is connected", "kill": "has lost power", "boot": "is booting"}[what]
    tell.done(f"{host} {done}")


def ssh(path: Path, *, host: str, host_keys: HostKeys | None = None) -> None:
    """Become an ssh session on the host."""
    inventory = load(path, host_keys=host_keys)
    desired = described(inventory)
    _known(desired, host)
    refuse_absent(inventory)
    argv = lab.ssh_argv(desired, host)
    os.execvp(argv[0], argv)


def _typed(path: Path) -> str:
    """What names that inventory after ``-i``, wherever one is."""
    return path.stem if path.parent == Path(INVENTORIES) else quoted(str(path.resolve()))


def _known(desired: lab.Lab, host: str) -> None:
    names = [found.name for found in desired.hosts]
    if host not in names:
        raise UsageError(f"no host {host} in this lab", next_action=f"its hosts are: {', '.join(names)}")
