"""From bare hosts to running tasks: ``cluster.up`` against plain parallel ssh that checks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from bench.place import Place, Say, five_hosts, renew
from bench.report import table
from bench.rivals import floor, skep_up
from bench.timing import Sample, in_turn, middle, ratios, spread, verdict
from bench.witness import end_state, refuse_different

LIMIT = 1.05

STAGES = {
    "installed": "engine/install",
    "joined": "swarm/join",
    "deployed": "stacks/create",
    "running": "stacks/running",
}
"""What the floor says at the end of a stage → the step of skep that ends it."""


def run(rounds: int, say: Say) -> str:
    """The section of the report, with the distribution's engine."""
    return _section("Cold", _measured(rounds, say, vendor=False))


def run_vendor(rounds: int, say: Say) -> str:
    """The same with the vendor's packages, from a repository on the lab's gateway."""
    return _section("Cold, from the vendor's repository", _measured(rounds, say, vendor=True))


def _measured(rounds: int, say: Say, *, vendor: bool) -> list[tuple[Sample, ...]]:
    states: dict[str, str] = {}
    with five_hosts(say, vendor=vendor) as place:

        def bare(name: str, act: Callable[[Place], Sample]) -> Sample:
            if states:
                renew(place, say)
            say(f"  {name}")
            sample = act(place)
            states[name] = end_state(place)
            refuse_different(name, states["skep"], states[name])
            return sample

        return in_turn(
            rounds,
            lambda: bare("skep", lambda place: skep_up(place, "--json")),
            lambda: bare("the floor", floor),
        )


def ends_ours(sample: Sample) -> dict[str, float]:
    """Stage → seconds from the start to its end, out of skep's events."""
    events = [json.loads(line) for line in sample.out.splitlines()]
    done = [(event["id"], event["time"]) for event in events if event.get("kind") == "done"]
    return {
        stage: max(time for step, time in done if step.startswith(name)) - sample.start
        for stage, name in STAGES.items()
    }


def ends_theirs(sample: Sample) -> dict[str, float]:
    """The same out of what the floor's hosts say; they share this machine's clock."""
    said = [line.split() for line in sample.out.splitlines()]
    return {stage: max(float(words[1]) for words in said if words[0] == stage) - sample.start for stage in STAGES}


def _section(title: str, found: Sequence[Sequence[Sample]]) -> str:
    ours, theirs = [ends_ours(one) for one, _ in found], [ends_theirs(other) for _, other in found]
    walls = [[sample.wall for sample in samples] for samples in zip(*found, strict=True)]
    rows = [(stage, *_columns(ours, stage), *_columns(theirs, stage)) for stage in STAGES]
    rows.append(("the end", *spread(walls[0]), *spread(walls[1])))
    compared = [("the floor", ratios(*walls), verdict(middle(*walls), LIMIT))]
    return f"""## {title}

Five bare hosts, booted anew for every run, to the stack's tasks running; both ended with the same nodes, roles, labels,
network, tasks and daemon.json (compared after every run).

The floor is `floor.sh`: plain ssh, one login and one script a host, all at once. It installs the same packages with the
same options (of the vendor's repository it takes whatever key is served), writes the same daemon.json, initialises,
joins, labels, creates the network, deploys the stack and waits until its tasks run, which is when their health checks
pass. It does not look at anything before, does not join managers one by one, does not wait for them to be Reachable,
takes no lock, keeps no history, and does not look again at the end. skep does all of that.

{table(("end of stage, s from the start", "skep", "min–max", "floor", "min–max"), rows)}

{table(("skep against", "pair by pair", "median"), compared)}"""


def _columns(ends: Sequence[Mapping[str, float]], stage: str) -> tuple[str, str]:
    return spread([end[stage] for end in ends])
