"""Published ports that another service has: refused by Swarm for good, or until that one gives them up; and ports that
the hosts themselves need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from roles.stacks.drift import Drift
from roles.stacks.state import State
from skep.dataclass import dataclass
from skep.model import Cluster
from skep.plan import Finding
from skep.reading.wording import few
from skep.seen import Seen
from skep.swarm.labels import stack_of
from skep.swarm.placement import only_on_workers
from skep.swarm.ports import RAFT, Key, clash, ports_of, swarm_ports


@dataclass(frozen=True, slots=True)
class Handover:
    """A service that takes a port over in this plan, and the one that has it until then."""

    drift: Drift
    taker: str
    giver: str
    port: Key
    other: Drift

    @property
    def within(self) -> bool:
        """Whether both are of one stack."""
        return self.drift is self.other


@dataclass(frozen=True, slots=True)
class Taken:
    """Ports that hosts need for themselves: ``swarm``, which their engines talk over, and by host the one of
    ``logins`` over SSH."""

    swarm: frozenset[Key]
    logins: Mapping[str, int]


def taken(cluster: Cluster, seen: Seen[State]) -> Taken:
    """What was observed; what the inventory says, where no manager answers."""
    logins = {name: state.login for name, state in seen.states.items() if state and state.login}
    return Taken(swarm_ports(seen.data_port or cluster.swarm.data_path_port), logins)


@dataclass(slots=True)
class Handovers:
    """The handovers of a plan that can be put in order, and errors for those that Swarm would refuse."""

    possible: list[Handover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def of(self, drift: Drift) -> list[Handover]:
        """The handovers in which a service of that stack takes a port."""
        return [one for one in self.possible if one.drift is drift]


def handovers(drifts: Sequence[Drift], hosts: Taken) -> Handovers:
    """Which service takes over a port from which. A service whose ports do not change is left out: Swarm accepted them
    before. ``hosts``: what no service can have."""
    found = Handovers(findings=[one for drift in drifts for one in _of_hosts(drift, hosts)])
    desired = {name: drift for drift in drifts for name in drift.desired.services}
    held = {raw["Spec"]["Name"]: ports_of(raw) for drift in drifts[:1] for raw in drift.swarm.services}
    moving = {name: ports_of({"Spec": drift.desired.services[name]}) for drift in drifts for name in _moving(drift)}
    going = {name: drift for drift in drifts for name in drift.pruned}
    later = {name: ports for name, ports in held.items() if name not in going} | moving
    owners = {**desired, **going}
    asked: list[Handover] = []
    for name, ports in moving.items():
        for other in sorted((held.keys() | moving.keys()) - {name}):
            port = clash(ports, later.get(other, {}))
            now = clash(ports, held.get(other, {}))
            if port and not (other in moving and other < name):
                owner = owners[other].name if other in owners else _stack_of(desired[name], other)
                found.findings.append(_refused(desired[name], name, other, owner, port))
            elif now and not port:
                asked.append(Handover(desired[name], name, other, now, owners[other]))
    asked += [one for drift in drifts for one in _freed(drift, held)]
    takers = {one.taker for one in asked if one.giver not in one.drift.pruned}  # what is removed goes before all
    waiting = {one.drift.name for one in asked if not one.within}
    for one in asked:
        if one.giver not in takers and (_in_turn(one) if one.within else one.other.name not in waiting):
            found.possible.append(one)
        else:
            found.findings.append(_too_late(one))
    return found


def _freed(drift: Drift, held: Mapping[str, Mapping[Key, bool]]) -> Iterator[Handover]:
    """Ports of hosts that a service whose tasks are still to start has in common with one that is removed, on nodes
    that both may run on: Swarm takes both, and no task of the first finds a node until the other is gone. Else that one
    runs on until the others do."""
    for name in sorted(({one.name for one in drift.differing} | drift.unseen) - set(drift.desired.hooks)):
        spec = drift.desired.services[name]
        ports = ports_of({"Spec": spec})
        for other in drift.pruned:
            port = next((one for one in ports if one in held[other]), None)
            meet = port and drift.may_meet(spec, drift.found.services[other]["Spec"])
            if port and meet and not clash(ports, held[other]):
                yield Handover(drift, name, other, port, drift)


def _of_hosts(drift: Drift, hosts: Taken) -> Iterator[Finding]:
    """Ports that the hosts' engines talk over: a service that publishes one has what they send each other. And that of
    their SSH servers: published for the whole swarm, each host's packet filter leads new logins to the service; of a
    host by itself, it is taken."""
    for name in _moving(drift):
        spec = drift.desired.services[name]
        for port, is_ingress in sorted(ports_of({"Spec": spec}).items()):
            text = f"{_where(drift, name, port)}: port {port[1]}/{port[0]} is"
            if port in hosts.swarm and not (port == ("tcp", RAFT) and not is_ingress and only_on_workers(spec)):
                text = f"{text} Swarm's own, between the hosts"
                yield Finding("error", text, role="stacks", next_action="publish another port")
            elif logged_in := [
                host.name
                for host in drift.cluster.hosts
                if port == ("tcp", hosts.logins.get(host.name)) and (is_ingress or drift.may_be_on(host, spec))
            ]:
                loss = "nobody could log in there any more" if is_ingress else "a task there could not start"
                text = f"{text} that of the SSH server of {few(logged_in, 3)}: {loss}"
                apart = "" if is_ingress else ", or keep it from these hosts with a placement constraint"
                yield Finding("error", text, role="stacks", next_action=f"publish another port{apart}")


def _moving(drift: Drift) -> Iterator[str]:
    """Services that are created, or published otherwise than before."""
    for one in drift.differing:
        if one.have is None or any(change.path[0] in ("Ports", "EndpointMode") for change in one.changes):
            yield one.name


def _in_turn(one: Handover) -> bool:
    """Whether the service that gives the port up changes in the same wave as the one that takes it, or in an earlier
    one, and neither is a hook."""
    hooks, waves = one.drift.desired.hooks, one.drift.desired.waves
    if one.taker in hooks or one.giver in hooks:
        return False
    if one.giver in one.drift.pruned:
        return True
    taker, giver = (
        next((number for number, wave in enumerate(waves) if name in wave), len(waves))
        for name in (one.taker, one.giver)
    )
    return giver <= taker


def _refused(drift: Drift, name: str, other: str, owner: str, port: Key) -> Finding:
    whose = f" of stack {owner}" if owner and owner != drift.name else ""
    if other in drift.surplus:
        action = f"no compose file has it any more; to remove it first: invoke stack.deploy {drift.name} --prune"
    else:
        action = "publish another port in one of them, or take the other one away"
    text = f"port {port[1]}/{port[0]} is taken by the service {other}{whose}: Swarm would refuse it"
    return Finding("error", f"{_where(drift, name, port)}: {text}", role="stacks", next_action=action)


def _too_late(one: Handover) -> Finding:
    text = f"port {one.port[1]}/{one.port[0]} is held by the service {one.giver}, which gives it up too late"
    return Finding(
        "error",
        f"{_where(one.drift, one.taker, one.port)}: {text}: Swarm would refuse it",
        role="stacks",
        next_action=f"deploy twice: first without this port in {one.taker}, then with it",
    )


def _stack_of(drift: Drift, service: str) -> str:
    found = (raw["Spec"] for raw in drift.swarm.services if raw["Spec"]["Name"] == service)
    return stack_of(next(found, {}))


def _where(drift: Drift, name: str, port: Key) -> str:
    """The port's place in the compose file, or the service where no file is at hand."""
    document, short = drift.desired.document, name.removeprefix(f"{drift.name}_")
    if document is None:
        return f"service {name}"
    given = document.section("services")[short].get("ports", ())
    place = next((one.place for one in given if one.get("published") == port[1]), document.where("services", short))
    return f"{place}: services.{short}.ports"
