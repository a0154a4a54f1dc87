"""Requests that fail while engines restart, get another version, and a stack gets another release: with skep, with
Docker's own deploy, and with a loop that restarts one host after the other."""

from __future__ import annotations

import base64
from collections.abc import Callable

import yaml

from bench.asking import READY, Asked, asked, move, stack
from bench.place import Place, Say, five_hosts
from bench.report import table
from bench.rivals import docker_stack_deploy, skep_schedule, skep_stack, skep_up

NAME = "ask"
RESTART = """set -e
sed -i 's/"max-size": "[0-9]*m"/"max-size": "9m"/' /etc/docker/daemon.json
systemctl restart docker
until docker info >/dev/null 2>&1; do sleep 0.2; done
"""
TAG = "asked"
"""Of the image, which moves."""
VERSIONS = ("26.1", "28.5")


def newer(release: str, later: str) -> str:
    """A script: a package source of a later release, with its engine, beside that of the host's own."""
    return f"""set -e
sed 's/ {release} / {later} /' /etc/apt/sources.list >/etc/apt/sources.list.d/newer.list
echo 'Acquire::Check-Valid-Until "false";' >/etc/apt/apt.conf.d/99newer
apt-get -qq update
"""


def run(rounds: int, say: Say) -> str:
    """The section of the report. One round: what is counted is thousands of requests."""
    rows: list[tuple[str, Asked]] = []
    with five_hosts(say, "trixie") as place:

        def count(what: str, act: Callable[[], object]) -> None:
            say(f"  {what}")
            before = _asked(place)
            act()
            rows.append((what, _asked(place).since(before)))

        _as_root(place, READY)
        move(place.lab.registry, TAG, "1.35")
        _describe(place, "1", "10m", VERSIONS[0])
        say("  a cluster with the stack")
        skep_up(place)
        _release(place, "2")
        count("skep: `stack.deploy` of another release", lambda: skep_stack(place, "stack.deploy", NAME))
        _release(place, "3")
        count("`docker stack deploy` of another release", lambda: docker_stack_deploy(place, NAME))
        move(place.lab.registry, TAG, "1.36")
        count("skep: `schedule.run` of a `stack.refresh`", lambda: skep_schedule(place, "nightly"))
        _describe(place, "3", "11m", VERSIONS[0])
        count("skep: `cluster.up`, `log-opts` on all hosts", lambda: skep_up(place))
        _as_root(place, newer("trixie", "forky"))
        _describe(place, "3", "11m", VERSIONS[1])
        count(f"skep: `cluster.up`, engine {' → '.join(VERSIONS)} on all hosts", lambda: skep_up(place))
        count("a loop: `log-opts`, `systemctl restart docker`, the next host", lambda: _loop(place))
    return _section(rows)


def _loop(place: Place) -> None:
    for host in place.lab.hosts:
        _on(place, host.name, RESTART)


def _on(place: Place, host: str, text: str) -> str:
    packed = base64.b64encode(text.encode()).decode()
    return place.on(host, f"echo {packed} | base64 -d | sudo sh")


def _as_root(place: Place, text: str) -> dict[str, str]:
    packed = base64.b64encode(text.encode()).decode()
    return place.everywhere(f"echo {packed} | base64 -d | sudo sh")


def _asked(place: Place) -> Asked:
    return asked(lambda text: _as_root(place, text))


def _describe(place: Place, release: str, size: str, version: str) -> None:
    data = yaml.safe_load(place.inventory.read_text())
    data["stacks"] = {NAME: {"timeout": "5m"}}
    data["schedules"] = {"nightly": {"run": "stack.refresh", "when": "03:30", "stacks": [NAME]}}
    data["daemon"]["log-opts"] = {"max-size": size}
    data["engine"] = {"version": version}
    place.inventory.write_text(yaml.safe_dump(data, sort_keys=False))
    _release(place, release)


def _release(place: Place, release: str) -> None:
    folder = place.folder / "stacks" / NAME
    folder.mkdir(exist_ok=True)
    text = yaml.safe_dump(stack(release, image=f"busybox:{TAG}"), sort_keys=False)
    (folder / "compose.yml").write_text(text)
    first = place.lab.hosts[0].name
    packed = base64.b64encode(text.encode()).decode()
    place.on(first, f"mkdir -p {NAME} && echo {packed} | base64 -d >{NAME}/compose.yml")


def _section(rows: list[tuple[str, Asked]]) -> str:
    return f"""## Requests

Five hosts; on each a client asks a service of two tasks ten times a second, by name (`endpoint_mode: dnsrr`). The
service is start-first, has a health check, and goes on answering for four seconds once it has to stop.

{table(("while", "requests", "failed"), [(what, one.sent, len(one.lost)) for what, one in rows])}"""
