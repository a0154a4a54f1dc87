"""Random desired clusters: 1 to 7 hosts, every kind of setting, always with a place where tasks may run."""

from __future__ import annotations

from random import Random
from typing import Any

import yaml

from skep.model import Cluster, Engine, Host, Network, Secret, Swarm
from skep.request import RequestedCluster, RequestedStack, Rollout


class ReadOnce(dict[str, bytes]):
    """Files that do not change, as those of an inventory during a run: what is made of them is made once."""

    __hash__ = object.__hash__  # type: ignore[assignment]


NAMES = tuple(f"h{number}" for number in range(1, 8))

DAEMON_KEYS: dict[str, tuple[Any, ...]] = {
    "debug": (True, False),
    "labels": (["rack=1"], ["rack=2", "zone=a"]),
    "log-driver": ("journald", "local"),
    "log-opts": ({"max-size": "10m"}, {"max-size": "20m"}),
    "max-concurrent-downloads": (2, 5),
    "registry-mirrors": (["http://10.0.0.250:5000"], ["http://10.0.0.251:5000"]),
}


def random_cluster(luck: Random, *, steady: bool = False) -> Cluster:
    """Any cluster of the hosts ``NAMES``; ``steady`` leaves out what can only be chosen at init."""
    count = luck.randint(1, len(NAMES))
    names = luck.sample(NAMES, count)
    manager_count = min(count, luck.choice((1, 1, 2, 3, 3, 4, 5)))
    common, version = _daemon(luck), luck.choice((None, "26.1"))
    hosts = [
        Host(
            name=name,
            address=f"10.0.0.{NAMES.index(name) + 1}",
            role="manager" if place < manager_count else "worker",
            availability=luck.choice(("active", "active", "active", "pause", "drain")) if place else "active",
            labels=_some(luck, {"disk": ("ssd", "hdd"), "zone": ("a", "b", "c")}),
            engine=Engine(version=version if luck.random() < 0.8 else None),
            daemon=common if luck.random() < 0.7 else _daemon(luck),
        )
        for place, name in enumerate(names)
    ]
    luck.shuffle(hosts)
    networks = tuple(_network(luck, name) for name in luck.sample(("back", "front"), luck.randint(0, 2)))
    return RequestedCluster(
        name="random",
        hosts=tuple(hosts),
        swarm=Swarm(
            subnet_size=None if steady or luck.random() < 0.9 else 25,
            task_history=luck.choice((None, 3, 5)),
            autolock=luck.choice((None, None, None, None, None, False, True)),
            cert_expiry=luck.choice((None, 3600.0, 7200.0)),
        ),
        networks=networks,
        stacks=tuple(a_stack(luck, name, networks) for name in luck.sample(("web", "jobs"), luck.randint(0, 2))),
        replace_networks=frozenset(network.name for network in networks if luck.random() < 0.5),
        allow_quorum_loss=luck.random() < 0.3,
        parallel_workers=luck.choice((1, 1, 2)),
        stamp=luck.choice(("", "20261128T041500Z")),
        nonce=Secret(f"{luck.getrandbits(128):032x}"),
    )


def _some(luck: Random, choices: dict[str, tuple[Any, ...]], likely: float = 0.4) -> dict[str, Any]:
    return {key: luck.choice(values) for key, values in choices.items() if luck.random() < likely}


def _daemon(luck: Random) -> dict[str, Any]:
    return _some(luck, DAEMON_KEYS)


def _network(luck: Random, name: str) -> Network:
    return Network(
        name=name,
        subnet=luck.choice((None, None, f"10.{20 + len(name)}.0.0/24")),
        attachable=luck.random() < 0.1,
        encrypted=luck.random() < 0.1,
        labels=_some(luck, {"team": ("red", "blue")}, 0.1),
    )


def a_stack(luck: Random, name: str, networks: tuple[Network, ...]) -> RequestedStack:
    """A compose file, services with all that is named by its content."""
    uses = [network.name for network in networks if luck.random() < 0.5]
    services = {service: _service(luck, uses) for service in luck.sample(("app", "db", "log"), 2)}
    document: dict[str, Any] = {"services": services}
    if uses:
        document["networks"] = {network: {"external": True} for network in uses}
    files: dict[str, bytes] = {}
    for section in ("configs", "secrets"):
        named = sorted({one for service in services.values() for one in service.get(section, ())})
        if named:
            document[section] = {one: {"file": f"./{section}/{one}"} for one in named}
            files |= {f"{section}/{one}": luck.choice((b"one", b"two", b"three")) for one in named}
    return RequestedStack(
        name=name,
        compose=("compose.yml",),
        files=ReadOnce({"compose.yml": yaml.safe_dump(document).encode(), **files}),
        variables={"TAG": luck.choice(("1", "2", "3")), **_some(luck, {"PASSWORD": (Secret("a1"), Secret("b2"))})},
        keep=luck.randint(1, 3),
        rollout=Rollout(prune=luck.random() < 0.5, resolve=luck.choice(("new", "new", "all", "never"))),
    )


def _service(luck: Random, networks: list[str]) -> dict[str, Any]:
    service: dict[str, Any] = {"image": luck.choice(("busybox:${TAG}", "busybox:1", "busybox:2"))}
    environment = _some(luck, {"MODE": ("a", "b", ""), "PASSWORD": ("${PASSWORD:-none}",)}, 0.3)
    if environment:
        service["environment"] = environment
    if luck.random() < 0.3:
        service["deploy"] = {"replicas": luck.randint(0, 3)}
    if luck.random() < 0.3:
        service["labels"] = {"role": luck.choice(("x", "y"))}
    chosen = [network for network in networks if luck.random() < 0.7]
    if chosen:
        service["networks"] = chosen
    for section, names in (("configs", ("conf", "more")), ("secrets", ("key", "cert"))):
        found = [name for name in names if luck.random() < 0.3]
        if found:
            service[section] = found
    return service
