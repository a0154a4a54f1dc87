"""Where a measurement happens: a lab of its own, its inventory as a user would write it, and the same for others."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.timing import ROOT
from skep import lab
from skep.errors import LabError, SkepError
from skep.inventory import Inventory, load
from skep.lab import folders, network, packages, signing

TEMPLATE = ROOT / "inventory" / "lab.yml"
NAME, SUBNET = "b1", "10.88.0.0/24"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A lab that is up, and the folder with what describes it: ``inventory/bench.yml``, ``stacks``, ``site.json`` for
    pyinfra, and for the floor ``hosts``, ``ssh_config``, ``daemon.json`` and ``settings``."""

    lab: lab.Lab
    folder: Path

    @property
    def inventory(self) -> Path:
        """Its inventory, without ``x-lab``: as of hosts elsewhere."""
        return self.here() / "inventory" / "bench.yml"

    def here(self) -> Path:
        """The folder. Raises ``LabError`` once the lab is gone: its addresses would then be somebody else's."""
        if not Path("/sys/class/net", network.bridge(self.lab.name)).exists():
            raise LabError(f"the lab {self.lab.name} went away meanwhile", next_action="run again, alone")
        return self.folder

    def on(self, host: str, command: str) -> str:
        """What a command prints on a host, as the login user."""
        self.here()
        argv = [*lab.ssh_argv(self.lab, host), "-q", command]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SkepError(f"{command.split()[0]} failed", host=host, cause=done.stderr.strip()[-500:])
        return done.stdout

    def everywhere(self, command: str) -> dict[str, str]:
        """What a command prints on every host."""
        names = [host.name for host in self.lab.hosts]
        with ThreadPoolExecutor(len(names)) as threads:
            return dict(zip(names, threads.map(lambda name: self.on(name, command), names), strict=True))


@contextmanager
def five_hosts(say: Say, suite: str = "bookworm", *, vendor: bool = False) -> Iterator[Place]:
    """The hosts of ``inventory/lab.yml``, bare, of a Debian release, on a lab that goes with the context; ``vendor``:
    engines come from the vendor's repository, which the lab serves."""
    with tempfile.TemporaryDirectory(prefix="skep-bench-") as name:
        folder = Path(name)
        inventory = _inventory(folder)
        hosts = tuple(lab.LabHost(host.name, host.address, suite) for host in inventory.cluster.hosts)
        place = Place(lab.Lab(NAME, SUBNET, hosts, packages=vendor), folder)
        _describe(place, inventory)
        with up(place, say):
            yield place


@contextmanager
def up(place: Place, say: Say) -> Iterator[None]:
    """The place's lab, up and bare within the context; leftovers of one that was killed go first."""
    try:
        renew(place, say)
        yield
    finally:
        lab.down(place.lab.name)


def renew(place: Place, say: Say) -> None:
    """Bare hosts again."""
    say(f"  {len(place.lab.hosts)} bare hosts")
    lab.down(place.lab.name)
    lab.up(place.lab)
    if place.lab.packages:
        _from_vendor(place)


def _from_vendor(place: Place) -> None:
    """Each lab signs with a key of its own."""
    with signing.of_lab(place.lab) as ring:
        fingerprint = ring.fingerprint(signing.owner(place.lab))
    address = packages.address(place.lab)
    data = yaml.safe_load(place.inventory.read_text())
    data["engine"] = {"source": "vendor", "repository": address, "fingerprint": fingerprint}
    place.inventory.write_text(yaml.safe_dump(data, sort_keys=False))
    with (place.folder / "settings").open("a") as settings:
        settings.write(f"repository='{address}/linux/debian'\npackages='docker-ce docker-ce-cli containerd.io'\n")


def _inventory(folder: Path) -> Inventory:
    text = TEMPLATE.read_text()
    subnet = yaml.safe_load(text)["x-lab"]["subnet"]
    data: dict[str, Any] = yaml.safe_load(text.replace(_stem(subnet), _stem(SUBNET)))
    del data["x-lab"]
    data["ssh"]["known-hosts"] = str(folders.known_hosts(NAME))
    data["ssh"]["key"] = str(folders.client_key())
    path = folder / "inventory" / "bench.yml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    return load(path)


def _stem(subnet: str) -> str:
    return subnet.rpartition(".")[0] + "."


def _describe(place: Place, inventory: Inventory) -> None:
    """The same environment for the tools we compare with."""
    cluster, ssh = inventory.cluster, next(iter(inventory.access.values()))
    [stack], [network] = cluster.stacks, cluster.networks
    stacked = place.folder / "stacks" / stack.name
    hosts: list[dict[str, Any]] = [
        {"name": host.name, "address": host.address, "role": host.role, "labels": dict(host.labels),
         "availability": host.availability, "daemon": dict(host.daemon)}
        for host in cluster.hosts
    ]  # fmt: skip
    overlay = {"network": network.name, "driver": network.driver, "subnet": network.subnet}
    site = {
        "user": ssh.user,
        "key": str(ssh.key),
        "known_hosts": str(ssh.known_hosts),
        "hosts": hosts,
        "swarm": {"pools": list(cluster.swarm.address_pools), "mask": cluster.swarm.subnet_size},
        "networks": [overlay | {"attachable": network.attachable}],
        "stack": {
            "stack": stack.name,
            "folder": str(stacked),
            "files": sorted(str(path.relative_to(stacked)) for path in stacked.rglob("*") if path.is_file()),
            "compose": list(stack.compose),
            "services": sorted(yaml.safe_load(stack.files[stack.compose[0]])["services"]),
        },
    }
    (place.folder / "site.json").write_text(json.dumps(site))
    settings = {
        "repository": "",
        "packages": "docker.io",
        "pools": " ".join(f"--default-addr-pool {pool}" for pool in cluster.swarm.address_pools),
        "mask": f"--default-addr-pool-mask-length {cluster.swarm.subnet_size}",
        "network": f"--driver {network.driver} --subnet {network.subnet}"
        f"{' --attachable' if network.attachable else ''} {network.name}",
        "stack": stack.name,
        "compose": stack.compose[0],
        "tasks": str(len([host for host in cluster.workers if host.labels.get("web") == "yes"])),
    }
    (place.folder / "settings").write_text("".join(f"{key}='{value}'\n" for key, value in settings.items()))
    rows = [
        f"{host['name']} {host['address']} {host['role']} "
        + " ".join(f"--label-add {key}={value}" for key, value in host["labels"].items())
        for host in hosts
    ]
    (place.folder / "hosts").write_text("\n".join(rows) + "\n")
    (place.folder / "daemon.json").write_text(json.dumps(hosts[0]["daemon"], indent=2, sort_keys=True) + "\n")
    (place.folder / "ssh_config").write_text(
        f"User {ssh.user}\nIdentityFile {ssh.key}\nIdentitiesOnly yes\nUserKnownHostsFile {ssh.known_hosts}\n"
        "GlobalKnownHostsFile none\nStrictHostKeyChecking yes\nLogLevel ERROR\n"
    )
