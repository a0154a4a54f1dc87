"""Stacks: a deploy where nothing differs against Docker's own, how planning grows, and how soon a deploy ends."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Sequence
from datetime import datetime

import yaml

from bench.logins import counted
from bench.place import Place, Say, five_hosts
from bench.report import table
from bench.rivals import docker_stack_deploy, skep_stack, skep_up
from bench.timing import Sample, in_turn, middle, ratios, spread, verdict

LIMIT = 0.5
MONITOR = 2.0
"""Seconds; of the services whose roll-out is timed."""
SOON = 0.3
"""Seconds that a deploy may take beyond the last task's monitor time."""
SIZES = (10, 100)


def run(rounds: int, say: Say) -> str:
    """The section of the report."""
    with five_hosts(say, "trixie") as place:
        _write(place, "few", 10, replicas=1)
        for size in SIZES:
            _write(place, f"many{size}", size, replicas=0)
        _describe(place)
        say("  a cluster with these stacks")
        skep_up(place)
        _copy(place, "few")
        say(f"  {rounds} rounds of stack.deploy and docker stack deploy, nothing differs")
        found = in_turn(
            rounds, lambda: skep_stack(place, "stack.deploy", "few"), lambda: docker_stack_deploy(place, "few")
        )
        say(f"  {rounds} rounds of stack.plan, {' and '.join(map(str, SIZES))} services")
        plans = in_turn(rounds, *(lambda size=size: skep_stack(place, "stack.plan", f"many{size}") for size in SIZES))
        with counted(place) as logins:
            skep_stack(place, "stack.plan", f"many{SIZES[-1]}")
        say(f"  {rounds} roll-outs of one service")
        late = [_late(place, number) for number in range(rounds)]
    return _section(found, plans, logins, late)


def _write(place: Place, name: str, size: int, *, replicas: int, mark: int = 0) -> None:
    service = {
        "image": "busybox:1.36",
        "command": ["sleep", "3600"],
        "stop_grace_period": "0s",
        "networks": ["front"],
        "deploy": {
            "replicas": replicas,
            "endpoint_mode": "dnsrr",
            "update_config": {"monitor": f"{MONITOR:g}s", "order": "stop-first", "failure_action": "rollback"},
        },
    }
    services = {f"s{number:03}": {**service, "environment": {"NUMBER": str(number)}} for number in range(size)}
    services["s000"] = {**service, "environment": {"NUMBER": f"changed {mark}"}}
    folder = place.folder / "stacks" / name
    folder.mkdir(exist_ok=True)
    document = {"services": services, "networks": {"front": {"external": True}}}
    (folder / "compose.yml").write_text(yaml.safe_dump(document, sort_keys=False))


def _describe(place: Place) -> None:
    data = yaml.safe_load(place.inventory.read_text())
    data["stacks"] = {"few": {}, **{f"many{size}": {} for size in SIZES}}
    place.inventory.write_text(yaml.safe_dump(data, sort_keys=False))


def _copy(place: Place, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(place.folder / "stacks" / name, arcname=name)
    text = base64.b64encode(packed.getvalue()).decode()
    place.on(place.lab.hosts[0].name, f"echo {text} | base64 -d | tar -x")


def _late(place: Place, number: int) -> float:
    """Seconds from the end of the last task's monitor time to the end of the process that deployed."""
    _write(place, "few", 10, replicas=1, mark=number + 1)
    sample = skep_stack(place, "stack.deploy", "few")
    script = (
        "sudo docker inspect --format '{{json .Status.Timestamp}}'"
        " $(sudo docker service ps -q --filter desired-state=running few_s000)"
    )
    said = place.on(place.lab.hosts[0].name, script).split()[0].strip('"')
    started = datetime.fromisoformat(f"{said[:19]}+00:00").timestamp() + float(f"0{said[19:].rstrip('Z')}")
    return sample.start + sample.wall - started - MONITOR


def _section(
    found: Sequence[Sequence[Sample]], plans: Sequence[Sequence[Sample]], logins: object, late: Sequence[float]
) -> str:
    ours, theirs = ([sample.wall for sample in own] for own in zip(*found, strict=True))
    few, many = ([sample.wall for sample in own] for own in zip(*plans, strict=True))
    counts = json.loads(json.dumps(logins))
    rows = [
        ("`stack.deploy`, nothing differs", *spread(ours)),
        ("`docker stack deploy --detach=false`, the same", *spread(theirs)),
        (f"`stack.plan` of {SIZES[0]} services", *spread(few)),
        (f"`stack.plan` of {SIZES[1]} services", *spread(many)),
    ]
    compared = [
        ("skep against Docker, nothing differs", ratios(ours, theirs), verdict(middle(ours, theirs), LIMIT)),
        (f"{SIZES[1]} services against {SIZES[0]}", ratios(many, few), f"{middle(many, few):.2f}"),
    ]
    return f"""## Stacks

Five hosts with Docker 26.1. A stack of ten services with one task each, deployed again with nothing changed: skep's
whole process, and Docker's own command over ssh on a manager.

{table(("", "wall s", "min–max"), rows)}

{table(("", "pair by pair", "median"), compared)}

Logins and channels of `stack.plan` of {SIZES[1]} services, by host: {json.dumps(counts)}

`stack.deploy` of one changed service ends after the last task's monitor time by
{", ".join(f"{value:.2f}" for value in late)} s; the median, {verdict(sorted(late)[len(late) // 2], SOON, " s")}"""
