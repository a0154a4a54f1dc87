"""What a host knows of the swarm's stacks: objects of the Engine API as a manager lists them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TypeVar

from roles.daemon.reported import asks_registries_as
from roles.stacks.volumes import parse_volume
from skep.dataclass import dataclass
from skep.json_types import mapping
from skep.model import Cluster, Host, Secret
from skep.questions import SERVICES, Answers
from skep.refusals import SwarmFacts
from skep.refusals.drivers import ADDRESSES, NETWORK
from skep.seen import Seen
from skep.swarm.engine_info import EngineInfo, will_be_in_containerd
from skep.swarm.image import Answer
from skep.swarm.labels import KEY, stack_of
from skep.swarm.objects import Network, Node, Object, Plugin, Service, Task
from skep.swarm.revision import Revision, read_revision
from skep.swarm.versions import newest_version

One = TypeVar("One", Service, Object)
Answered = Answer | str
"""What a registry said of an image: the answer, or why there is none."""


@dataclass(frozen=True, slots=True)
class State:
    """What one host showed. ``mounted`` maps secret IDs to the SHA-256 of what tasks on the host have mounted;
    ``volumes`` maps volumes of the driver ``local`` to the options that they were made with; ``login`` is the port at
    which its SSH server took this login, ``logs`` what its daemon.json says of logs,
    ``without_quota`` are data roots on file systems without project quotas;
    ``swarm`` is the whole swarm, from managers in a quorum only; ``info`` is what its engine says of itself."""

    mounted: Mapping[str, str] = field(default_factory=dict)
    swarm: SwarmObjects | None = None
    info: EngineInfo = field(default_factory=EngineInfo)
    volumes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    login: int | None = None
    logs: Mapping[str, object] = field(default_factory=dict, repr=False)
    without_quota: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SwarmObjects:
    """Services, networks, configs, secrets and nodes of the whole swarm, as the Engine API lists them.

    ``images`` maps images that were asked for to what their registry said: the answer's JSON, or why there is none.
    ``own`` are names of the nodes' own networks by identifier, which no list has. ``outdated`` are managers whose
    engine asks registries in another way than the inventory says. ``volumes`` are hosts' own: host → name → options.
    ``tasks`` are those of services of which some do not run, by the service's identifier.
    """

    services: tuple[Service, ...] = ()
    networks: tuple[Network, ...] = ()
    configs: tuple[Object, ...] = ()
    secrets: tuple[Object, ...] = ()
    nodes: tuple[Node, ...] = ()
    mounted: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Answered] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    outdated: tuple[str, ...] = ()
    volumes: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    tasks: Mapping[str, tuple[Task, ...]] = field(default_factory=dict)
    logs: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)
    """What each host's daemon.json says of logs, be it the inventory's word or not."""
    without_quota: frozenset[str] = frozenset()
    """Hosts whose engines can give no volume a size."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Node ID → name of the host."""
    plugins: tuple[Plugin, ...] | None = None
    """Plugins of a manager; asked for only where a network names a driver that is not the engine's own."""

    @property
    def facts(self) -> SwarmFacts:
        """The managers' engine version and plugins, as rules of compose files look at them."""
        plugins = None if self.plugins is None else _by_kind(self.plugins)
        return SwarmFacts(newest_version(self.nodes), plugins, frozenset(one["Name"] for one in self.networks))

    @property
    def names(self) -> Mapping[str, str]:
        """Identifier → name of networks, configs and secrets."""
        names = {**self.own, **{network["Id"]: network["Name"] for network in self.networks}}
        return names | {one["ID"]: one["Spec"]["Name"] for one in (*self.configs, *self.secrets)}

    @property
    def key(self) -> Secret | None:
        """The key that the marks of secrets are made with, if there is one yet."""
        for config in self.configs:
            if config["Spec"]["Name"] == KEY:
                return Secret(base64.b64decode(config["Spec"]["Data"]).decode())
        return None

    def of(self, stack: str) -> Found:
        """The part that belongs to one stack."""
        return Found(
            services=_own(self.services, stack),
            networks={n["Name"]: n for n in self.networks if stack_of(n) == stack},
            configs=_own(self.configs, stack),
            secrets=_own(self.secrets, stack),
            revisions=tuple(
                sorted(
                    (r for config in self.configs if (r := read_revision(config)) and r.stack == stack),
                    key=lambda revision: revision.number,
                )
            ),
        )

    @property
    def stacks(self) -> set[str]:
        """Names of all stacks of which anything is there: an object of the swarm, or a record of ours."""
        labelled = [one["Spec"] for one in (*self.services, *self.configs, *self.secrets)]
        found = {stack_of(one) for one in (*labelled, *self.networks)}
        found |= {r.stack for config in self.configs if (r := read_revision(config))}
        return {name for name in found if name}


@dataclass(frozen=True, slots=True)
class Found:
    """The objects of one stack as the Engine API gives them, by full name; its revisions oldest first."""

    services: Mapping[str, Service] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    configs: Mapping[str, Object] = field(default_factory=dict)
    secrets: Mapping[str, Object] = field(default_factory=dict)
    revisions: tuple[Revision, ...] = ()


_WORDS = ("login", "daemon", "no-quota")
"""With which lines of the probe begin that are no checksums."""


def parse_state(text: str, answers: Answers, networks: str) -> State | None:
    """From the checksums the probe prints and, on managers, the engine's lists; ``None`` where there is neither."""
    rows = [line.split() for line in text.splitlines()]
    mounted = {row[1].rpartition("/")[2]: row[0] for row in rows if len(row) == 2 and row[0] not in _WORDS}
    without = frozenset(line.removeprefix("no-quota ") for line in text.splitlines() if line.startswith("no-quota "))
    logs = next((_logs(line.removeprefix("daemon ")) for line in text.splitlines() if line.startswith("daemon ")), {})
    login = next((int(row[1]) for row in rows if len(row) == 2 and row[0] == "login" and row[1].isdecimal()), None)
    volumes = dict(volume for line in text.splitlines() if (volume := parse_volume(line)))
    if "/nodes" not in answers:
        info: EngineInfo = answers.get("/info") or {}
        found = State(mounted, None, info, volumes, login, logs, without)
        return found if found != State() else None
    return State(
        mounted,
        SwarmObjects(
            services=tuple(answers.get(SERVICES) or ()),
            networks=tuple(answers.get(networks) or ()),
            configs=tuple(answers.get("/configs") or ()),
            secrets=tuple(answers.get("/secrets") or ()),
            nodes=tuple(answers["/nodes"]),
        ),
        answers.get("/info") or {},
        volumes,
        login,
        logs,
        without,
    )


def objects(cluster: Cluster, seen: Seen[State]) -> SwarmObjects | None:
    """What the manager that is believed lists, with what all hosts have mounted; ``None`` where nobody can list it."""
    if seen.swarm is None or seen.swarm.swarm is None:
        return None
    states = {name: state for name, state in seen.states.items() if state}
    outdated = [
        host.name
        for host in cluster.hosts
        if (state := states.get(host.name)) and state.swarm and not asks_registries_as(host, state.info)
    ]
    return replace(
        seen.swarm.swarm,
        mounted={secret: mark for state in states.values() for secret, mark in state.mounted.items()},
        outdated=tuple(outdated),
        volumes={name: state.volumes for name, state in states.items()},
        logs={name: state.logs for name, state in states.items()},
        without_quota=frozenset(host.name for host in cluster.hosts if _is_without_quota(host, states.get(host.name))),
        hosts={member.node: name for name, member in seen.members.items() if member and member.node},
    )


def _is_without_quota(host: Host, state: State | None) -> bool:
    return state is not None and (state.info.get("DockerRootDir") or host.data_root) in state.without_quota


def _logs(text: str) -> Mapping[str, object]:
    """Of a daemon.json; nothing of one that no engine can read."""
    try:
        return {key: value for key, value in mapping(json.loads(text)).items() if key in ("log-driver", "log-opts")}
    except ValueError:
        return {}


def all_in_containerd(cluster: Cluster, seen: Seen[State]) -> bool:
    """Whether it is containerd that keeps images, on all hosts that answered."""
    infos = {name: state.info if state else None for name, state in seen.states.items()}
    return all(will_be_in_containerd(seen.hosts(cluster), infos).values())


def _by_kind(plugins: Iterable[Plugin]) -> dict[str, frozenset[str]]:
    """Names of enabled plugins, by the kind of driver they are."""
    types = {NETWORK: "docker.networkdriver/", ADDRESSES: "docker.ipamdriver/"}
    return {
        kind: frozenset(
            one["Name"]
            for one in plugins
            if one.get("Enabled")
            and any(have.startswith(desired) for have in one["Config"]["Interface"].get("Types") or ())
        )
        for kind, desired in types.items()
    }


def _own(objects: Iterable[One], stack: str) -> dict[str, One]:
    return {one["Spec"]["Name"]: one for one in objects if stack_of(one["Spec"]) == stack}
