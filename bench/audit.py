"""Testinfra's tests by skep against the same by stock pytest-testinfra, on five hosts and at fifty addresses."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.checking import CHECKS
from bench.logins import counted
from bench.place import SUBNET, Place, Say, five_hosts
from bench.report import table
from bench.scale import answer_at, far, inventory_of
from bench.timing import Sample, in_turn, measured, middle, ratios, spread, verdict
from skep.errors import SkepError

WALL = 0.25
"""What skep may take of what stock pytest-testinfra does with the same tests."""
EACH = 10
"""More addresses of each of the five hosts, for fifty."""

Count = Mapping[str, tuple[int, int]]
"""Host → logins and channels."""


def run(rounds: int, say: Say) -> str:
    """The section of the report."""
    there: dict[str, list[float]] = {"skep": [], "stock": []}
    with five_hosts(say) as place:
        few = [host.address for host in place.lab.hosts]
        many = _more_addresses(place)
        inventories = {len(some): inventory_of(place, some) for some in (few, many)}

        def skep(addresses: Sequence[str]) -> Sample:
            before = far(place)
            sample = measured([sys.executable, "-m", "bench.checking", inventories[len(addresses)]])
            there["skep"].append(far(place) - before)
            _refuse_different(json.loads(sample.out), addresses)
            return sample

        def stock(addresses: Sequence[str]) -> Sample:
            before = far(place)
            sample = _stock(place, addresses)
            there["stock"].append(far(place) - before)
            return sample

        say(f"  {rounds} rounds of skep, stock pytest-testinfra")
        found = in_turn(rounds, lambda: skep(few), lambda: stock(few))
        counts = []
        for tool in (skep, stock):
            with counted(place) as count:
                tool(few)
            counts.append(count)
        say(f"  at {len(many)} addresses: {rounds} rounds of skep, one of stock pytest-testinfra")
        grown = [skep(many) for _ in range(rounds)]
        grown_stock = stock(many)
    far_few = {name: values[: rounds + 1] for name, values in there.items()}
    far_many = {name: values[rounds + 1 :] for name, values in there.items()}
    return "\n\n".join([_few_hosts(found, far_few, counts), _many(len(many), grown, grown_stock, far_many)])


def _more_addresses(place: Place) -> list[str]:
    """Fifty, at which the five hosts answer."""
    found = []
    for number, host in enumerate(place.lab.hosts):
        first = 100 + number * EACH
        own = [str(ipaddress.IPv4Network(SUBNET)[one]) for one in range(first, first + EACH)]
        answer_at(place, host, own)
        found += own
    return found


def _stock(place: Place, addresses: Sequence[str]) -> Sample:
    """pytest as a user would call it, one login a host that all its commands share; the logins end with it."""
    with tempfile.TemporaryDirectory(prefix="sk-") as folder:
        config = Path(folder, "config")
        ours = f"UserKnownHostsFile {place.folder / 'known_hosts'}\nControlPath {folder}/%h\n"
        config.write_text(ours + (place.here() / "ssh_config").read_text())  # what stands first counts
        hosts = ",".join(f"ssh://{address}" for address in addresses)
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(CHECKS.parent)]
        words += [f"--hosts={hosts}", f"--ssh-config={config}", "--sudo"]
        try:
            sample = measured([sys.executable, *words, CHECKS], ends=1)
        finally:
            for path in Path(folder).iterdir():
                subprocess.run(["ssh", "-F", config, "-O", "exit", path.name], capture_output=True, check=False)
    [failed, passed] = [int(number) for number in re.findall(r"(\d+) (?:failed|passed)", sample.out)[-2:]]
    _refuse_different({"failed": failed, "passed": passed}, addresses)
    return sample


def _refuse_different(counts: Mapping[str, int], addresses: Sequence[str]) -> None:
    """All pass on every host but the one that finds something."""
    passed = counts.get("passed", 0)
    if counts != {"passed": passed, "failed": len(addresses)} or passed % len(addresses) or not passed:
        raise SkepError("the checks found something else than they should", cause=json.dumps(counts))


def _few_hosts(
    found: Sequence[Sequence[Sample]],
    there: Mapping[str, Sequence[float]],
    counts: Sequence[Count],
) -> str:
    samples = dict(zip(("skep", "stock"), zip(*found, strict=True), strict=True))
    walls = {name: [one.wall for one in own] for name, own in samples.items()}
    rows = [
        (
            "stock pytest-testinfra" if name == "stock" else name,
            *spread(walls[name]),
            f"{median(one.cpu for one in own):.2f}",
            f"{median(there[name]):.2f}",
            *(max(count[place] for count in counts[name == "stock"].values()) for place in (0, 1)),
        )
        for name, own in samples.items()
    ]
    columns = ("", "wall s", "min–max", "CPU s here", "CPU s of the hosts", "logins a host", "channels a host")
    return f"""## Checks

The tests of `audit_checks.py` on five hosts: by skep's `cluster.verify` machinery, in a process of its own, and by
`pytest --hosts=ssh://… --sudo` with ControlPersist. Both found the same: one finding on each host.

{table(columns, rows)}

Wall, skep against stock, pair by pair: {ratios(walls["skep"], walls["stock"])}. Median {
        verdict(middle(walls["skep"], walls["stock"]), WALL)
    }"""


def _many(size: int, skep: Sequence[Sample], stock: Sample, there: Mapping[str, Sequence[float]]) -> str:
    rows = [
        (name, f"{median(one.wall for one in own):.2f}", f"{median(one.cpu for one in own):.2f}", f"{median(far_):.2f}")
        for name, own, far_ in (("skep", skep, there["skep"]), ("stock pytest-testinfra", [stock], there["stock"]))
    ]
    ratio = median(one.wall for one in skep) / stock.wall
    return f"""At {size} addresses of the same five hosts, whose work is all done by this machine's cores, too:

{table(("", "wall s", "CPU s here", "CPU s of the hosts"), rows)}

Wall, skep against stock: {ratio:.2f}"""
