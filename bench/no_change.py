"""A cluster that is as described: ``cluster.up`` against pyinfra finding the same out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.logins import counted
from bench.place import Place, Say, five_hosts
from bench.report import table
from bench.rivals import REQUIREMENTS, pyinfra, pyinfra_program, skep_up
from bench.timing import Sample, in_turn, middle, ratios, spread, verdict
from bench.witness import end_state, refuse_different
from skep.errors import SkepError

WALL, CPU = 0.4, 0.5
"""What skep may take of what pyinfra does with the same checks."""
LOGINS, CHANNELS = 1, 2

Count = Mapping[str, tuple[int, int]]


def run(rounds: int, say: Say) -> str:
    """The section of the report."""
    program = pyinfra_program(say)
    with five_hosts(say) as place:
        say("  pyinfra from bare hosts, then skep, until neither finds anything to do")
        _converge(place, program)
        say(f"  {rounds} rounds of skep, pyinfra with preflight, pyinfra")
        found = in_turn(
            rounds,
            lambda: skep_up(place),
            lambda: pyinfra(place, program, preflight=True),
            lambda: pyinfra(place, program, preflight=False),
        )
        with counted(place) as ours:
            skep_up(place)
        with counted(place) as theirs:
            _refuse_change(pyinfra(place, program, preflight=True))
    return _section(found, ours, theirs)


def _converge(place: Place, program: Path) -> None:
    """By pyinfra from nothing, so that its deploy is known to arrive where skep does."""
    pyinfra(place, program, preflight=True)
    theirs = end_state(place)
    skep_up(place)
    refuse_different("pyinfra", end_state(place), theirs)
    events = [json.loads(line)["event"] for line in skep_up(place, "--json").out.splitlines()]
    if "outcome" in events:
        raise SkepError("skep changed something on a cluster as described")
    _refuse_change(pyinfra(place, program, preflight=True))


def _refuse_change(sample: Sample) -> None:
    if not re.search(r"Grand total\s+\d+\s+-\s+-\s+\d+", sample.err):
        raise SkepError("pyinfra changed something on a cluster as described", cause=sample.err[-1500:])


def _judged(value: float, limit: float | None) -> str:
    """Where it does more than the other there is no limit."""
    return f"{value:.2f}" if limit is None else verdict(value, limit)


def _section(found: Sequence[Sequence[Sample]], ours: Count, theirs: Count) -> str:
    rival = REQUIREMENTS.read_text().strip().replace("==", " ")
    names = ("skep", f"{rival}, the same checks", f"{rival}, no preflight")
    samples = dict(zip(names, zip(*found, strict=True), strict=True))
    walls = {name: [sample.wall for sample in own] for name, own in samples.items()}
    cpus = {name: [sample.cpu for sample in own] for name, own in samples.items()}
    rows = [(name, *spread(walls[name]), *spread(cpus[name])) for name in names]
    compared = [
        (f"{name}: {what}", ratios(taken["skep"], taken[name]), _judged(middle(taken["skep"], taken[name]), limit))
        for name, limits in zip(names[1:], ((WALL, CPU), (None, None)), strict=True)
        for what, taken, limit in zip(("wall", "CPU"), (walls, cpus), limits, strict=True)
    ]
    logins, channels = (max(count[place] for count in ours.values()) for place in (0, 1))
    counts = [(host, *ours[host], *theirs[host]) for host in ours]
    met = "met" if logins <= LOGINS and channels <= CHANNELS else "**not met**"
    return f"""## No change

Five hosts as described; skep is `./inv cluster.up --verify never`, the whole process. pyinfra runs
`pyinfra_deploy.py`, which looks at package, file, service, membership, nodes, network and the stack's files and
services, in a second row after `pyinfra_preflight.py`, which looks at what skep's preflight does. That its deploy
arrives at the same end state from bare hosts, and that nobody has anything left to do, was made sure of first.

{table(("", "wall s", "min–max", "CPU s here", "min–max"), rows)}

{table(("skep against", "pair by pair", "median"), compared)}

{table(("host", "logins", "channels", "logins, pyinfra", "channels, pyinfra"), counts)}

At most {logins} login and {channels} channel(s) a host; allowed are {LOGINS} and {CHANNELS}: {met}"""
