"""How observation grows from 10 to 100 hosts: one lab host without an engine answers at 100 addresses."""

from __future__ import annotations

import ipaddress
import json
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml

from bench.place import Place, Say, up
from bench.report import table
from bench.rivals import skep_observing, skep_plan
from bench.timing import spread, verdict
from skep import lab
from skep.errors import PreflightError, SkepError
from skep.lab import cgroups, folders

NAME, SUBNET = "b2", "10.88.2.0/24"
SIZES = (10, 30, 100)
PEAK_MIB = 150

_ANSWER = """set -e
for address in {addresses}; do ip address add "$address/24" dev host0; done
echo 'MaxStartups 300:30:600' >/etc/ssh/sshd_config.d/bench.conf
systemctl reload ssh"""
"""100 hosts would have an SSH server each; one alone refuses so many logins at once by default."""


@dataclass(frozen=True, slots=True)
class Look:
    """One observation: seconds, CPU seconds of the tool and of the answering side, and the peak of a whole
    ``cluster.plan`` in MiB."""

    wall: float
    cpu: float
    far: float
    peak: float


def run(rounds: int, say: Say) -> str:
    """The section of the report."""
    with _hundred_addresses(say) as place:
        say(f"  {rounds} rounds of {', '.join(map(str, SIZES))} hosts")
        looks = [{size: _look(place, size) for size in SIZES} for _ in range(rounds)]
    return _section({size: [round_[size] for round_ in looks] for size in SIZES})


@contextmanager
def _hundred_addresses(say: Say) -> Iterator[Place]:
    addresses = [str(ipaddress.IPv4Network(SUBNET)[100 + number]) for number in range(max(SIZES))]
    with tempfile.TemporaryDirectory(prefix="skep-bench-") as name:
        host = lab.LabHost("many", str(ipaddress.IPv4Network(SUBNET)[11]))
        place = Place(lab.Lab(NAME, SUBNET, (host,)), Path(name))
        with up(place, say):
            answer_at(place, host, addresses)
            for size in SIZES:
                inventory_of(place, addresses[:size])
            yield place


def answer_at(place: Place, host: lab.LabHost, addresses: Sequence[str]) -> None:
    """Give a host these addresses, too, with its key known at each."""
    place.on(host.name, f"sudo sh -c {shlex.quote(_ANSWER.format(addresses=' '.join(addresses)))}")
    known = [line.split() for line in folders.known_hosts(place.lab.name).read_text().splitlines()]
    keys = [" ".join(key) for names, *key in known if host.address in names.split(",")]
    with (place.folder / "known_hosts").open("a") as file:
        file.writelines(f"{address} {key}\n" for address in (host.address, *addresses) for key in keys)


def inventory_of(place: Place, addresses: Sequence[str]) -> Path:
    """Three managers, the rest workers. Where they are one machine, preflight has findings: only the look counts."""
    hosts = {
        f"n{number}": {"address": address, "role": "manager" if number < 3 else "worker"}
        for number, address in enumerate(addresses)
    }
    ssh = {
        "user": "admin", "key": str(folders.client_key()), "agent": False,
        "known-hosts": str(place.folder / "known_hosts"), "host-keys": "strict",
    }  # fmt: skip
    pools = {"address-pools": ["10.91.0.0/16"]}
    file = _file(place, len(addresses))
    file.write_text(yaml.safe_dump({"ssh": ssh, "swarm": pools, "hosts": hosts}))
    return file


def _file(place: Place, size: int) -> Path:
    return place.here() / f"hosts{size}.yml"


def _look(place: Place, size: int) -> Look:
    before = far(place)
    seen = json.loads(skep_observing(_file(place, size)).out)
    there = far(place) - before
    if seen["seen"] != size:
        raise SkepError(f"only {seen['seen']} of {size} addresses answered", cause="\n".join(seen["failures"][:3]))
    plan = skep_plan(_file(place, size), ends=PreflightError.exit_code)
    return Look(seen["wall"], seen["cpu"], there, plan.peak / 2**20)


def far(place: Place) -> float:
    """CPU seconds the lab's hosts have used so far."""
    stats = [(cgroups.of_host(place.lab.name, host) / "cpu.stat").read_text().split() for host in place.lab.hosts]
    return sum(int(words[words.index("usage_usec") + 1]) for words in stats) / 1e6


def _section(looks: dict[int, list[Look]]) -> str:
    rows = []
    for size, found in looks.items():
        walls = [look.wall for look in found]
        rows.append(
            (
                size,
                *spread(walls),
                f"{median(look.cpu for look in found) * 1000 / size:.1f}",
                f"{median(look.far for look in found) * 1000 / size:.1f}",
                f"{median(look.peak for look in found):.0f}",
                f"{max(look.peak for look in found):.0f}",
            )
        )
    least, most = min(SIZES), max(SIZES)
    growth = [(m.wall / one.wall, m.cpu / one.cpu) for one, m in zip(looks[least], looks[most], strict=True)]
    memory = [(m.peak - one.peak) / (most - least) for one, m in zip(looks[least], looks[most], strict=True)]
    peak = max(look.peak for look in looks[most])
    columns = (
        "hosts", "observation, wall s", "min–max", "CPU ms a host, here", "CPU ms a host, there", "peak MiB", "most"
    )  # fmt: skip
    return f"""## Scale

One lab host without an engine answers at {most} addresses; all of its work is done by this machine's cores too. Wall
and CPU are of the observation alone (logins, probes, parsing), the peak is that of a whole `cluster.plan`.

{table(columns, rows)}

From {least} to {most} hosts: wall × {median(w for w, _ in growth):.1f}, CPU here × {median(c for _, c in growth):.1f},
memory + {median(memory):.2f} MiB a host

Peak at {most} hosts {verdict(peak, PEAK_MIB, " MiB")}"""
