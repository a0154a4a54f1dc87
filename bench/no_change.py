"""A cluster that is as described: ``cluster.up`` against pyinfra finding the same out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from bench.logins import counted
from bench.place import Place, Say, five_hosts
from bench.report import table
from bench.rivals import REQUIREMENTS, pyinfra, pyinfra_program, skep_up
from bench.timing import Sample, median, pairs, spread, verdict
from bench.witness import end_state, refuse_different
from skep.errors import SkepError

LIMIT = 0.5
LOGINS, CHANNELS = 1, 2

Count = Mapping[str, tuple[int, int]]


def run(rounds: int, say: Say) -> str:
    """The section of the report."""
    program = pyinfra_program(say)
    with five_hosts(say) as place:
        say("  pyinfra from bare hosts, then skep, until neither finds anything to do")
        _converge(place, program)
        say(f"  {rounds} pairs")
        found = pairs(rounds, lambda: skep_up(place), lambda: pyinfra(place, program))
        with counted(place) as ours:
            skep_up(place)
        with counted(place) as theirs:
            _refuse_change(pyinfra(place, program))
    return _section(found, ours, theirs)


def _converge(place: Place, program: Path) -> None:
    """By pyinfra from nothing, so that its deploy is known to arrive where skep does."""
    pyinfra(place, program)
    theirs = end_state(place)
    skep_up(place)
    refuse_different("pyinfra", end_state(place), theirs)
    events = [json.loads(line)["event"] for line in skep_up(place, "--json").out.splitlines()]
    if "outcome" in events:
        raise SkepError("skep changed something on a cluster as described")
    _refuse_change(pyinfra(place, program))


def _refuse_change(sample: Sample) -> None:
    if not re.search(r"Grand total\s+\d+\s+-\s+-\s+\d+", sample.err):
        raise SkepError("pyinfra changed something on a cluster as described", cause=sample.err[-1500:])


def _section(found: list[tuple[Sample, Sample]], ours: Count, theirs: Count) -> str:
    rival = REQUIREMENTS.read_text().strip().replace("==", " ")
    rows = [
        (f"`{name}`", *spread([sample.wall for sample in samples]), *spread([sample.cpu for sample in samples]))
        for name, samples in zip(("cluster.up --verify never", rival), zip(*found, strict=True), strict=True)
    ]
    ratios = [one.wall / other.wall for one, other in found]
    most = max(max(count) for count in ours.values())
    logins, channels = (max(count[place] for count in ours.values()) for place in (0, 1))
    counts = [(host, *ours[host], *theirs[host]) for host in ours]
    met = "met" if logins <= LOGINS and channels <= CHANNELS and most else "**not met**"
    return f"""## No change

Five hosts as described. skep looks at everything, preflight included; pyinfra runs `pyinfra_deploy.py`, which looks at
package, file, service, membership, nodes, network and the stack's files and services, and has no preflight.

{table(("", "wall s", "min–max", "CPU s here", "min–max"), rows)}

Ratio pair by pair {", ".join(f"{ratio:.2f}" for ratio in ratios)}; median {verdict(median(ratios), LIMIT)}

{table(("host", "logins", "channels", "logins, pyinfra", "channels, pyinfra"), counts)}

At most {logins} login and {channels} channels a host; wanted {LOGINS} and {CHANNELS}: {met}"""
