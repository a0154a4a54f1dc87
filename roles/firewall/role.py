"""Swarm's ports in a firewall that is active on a host: open to the other hosts of the cluster, and to nobody else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from roles.firewall.rules import SCRIPT, UNIT, Rules, rules
from skep import places
from skep.dataclass import dataclass
from skep.json_types import mapping
from skep.json_types import text as text_of
from skep.milestones import FIREWALLS_OPEN
from skep.model import Cluster, Host, is_ip
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.role import HostRole
from skep.seen import Platform, Seen
from skep.shell import script
from skep.steps import EARLIER, Milestone, StepId

MEMORY = "/var/lib/skep/firewall"
"""The kind and mark of what is in force, and the rules."""
ENABLED = "/etc/systemd/system/multi-user.target.wants/skep-firewall.service"
KINDS = ("firewalld", "ufw", "nftables")
OURS = f"comment={b'skep'.hex()}"
"""How ufw writes our comment down."""
DATA = "data="
"""Before the port of overlay networks, in what is remembered."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class State:
    """``kind`` and ``mark`` are what is remembered. ``lines`` are rows of what the firewall has: base chains, jumps and
    rules of nftables, rules of the others; those of ufw that are not ours are ``theirs``."""

    kind: str = ""
    mark: str = ""
    addresses: tuple[str, ...] = ()
    """Who is let in, as remembered."""
    data_port: int | None = None
    """Port of overlay networks that is open, as remembered."""
    enabled: bool = False
    lines: frozenset[tuple[str, ...]] = frozenset()
    nodes: tuple[str, ...] = ()
    """Addresses of the nodes that a manager lists, but for those that are Down."""


class Firewall(HostRole[State]):
    """Opens what Swarm needs where the inventory says so, and shuts it again."""

    name = "firewall"
    actions: tuple[str, ...] = ("open", "close")
    milestones: tuple[Milestone, ...] = (FIREWALLS_OPEN,)
    questions: tuple[str, ...] = ("/nodes",)

    def probe_of(self, cluster: Cluster) -> str:
        """Looks into a firewall only where some host's is to be open, or ours was."""
        asked = "yes" if any(host.open_firewall for host in cluster.hosts) else ""
        return places.probe("roles/firewall/probe.sh", MEMORY=MEMORY, UNIT_ON=ENABLED, ASKED=asked)

    def desired(self, cluster: Cluster, host: Host) -> State:
        """What is remembered once it is so, but for the kind of firewall."""
        return State(mark=rules(cluster, host).mark if host.open_firewall else "")

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the probe's lines; ``None`` where there is nothing of ours, and none was asked for."""
        rows = [line.split() for line in text.splitlines() if line.strip()]
        nodes = tuple(sorted(filter(None, map(_address, answers.get("/nodes") or ()))))
        if not (rows or nodes):
            return None
        kind, mark, *words = [*next((row[1:] for row in rows if row[0] == "remembers"), []), "", ""]
        port = next((one.removeprefix(DATA) for one in words if one.startswith(DATA)), "")
        lines = [_joined(row) for row in rows if row[0] not in ("remembers", "unit")]
        known = tuple(one for one in words if one and not one.startswith(DATA))
        return State(
            kind, mark, known, int(port) if port.isdigit() else None, ["unit", "on"] in rows, frozenset(lines), nodes
        )

    def plan(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Open where it is not, shut what is not desired any more."""
        steps: list[Step | Finding] = []
        silent = seen.manager is None and any(seen.members.values())
        for host in seen.hosts(cluster):
            have, kind = seen.states[host.name] or State(), seen.platforms.get(host.name, Platform()).firewall
            if host.open_firewall and kind in KINDS:
                # Where no manager answers for a swarm that there is, whoever was let in stays: it may be a node. So
                # does the port of overlay networks, also where no engine runs and the inventory names none.
                nodes = seen.swarm.nodes if seen.swarm else have.addresses if silent else ()
                stays = silent or not (seen.manager or cluster.swarm.data_path_port)
                desired = rules(cluster, host, nodes, have.data_port if stays else seen.data_port)
                why = _differing(have, kind, desired)
                steps += [_open(host.name, have, kind, desired, why)] if why else []
            elif have.kind:
                cause = (
                    "no longer in the inventory" if not host.open_firewall else f"{have.kind} is not active any more"
                )
                steps.append(_close(host.name, have, cause))
        return steps

    def down(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Shut again once nobody is in the swarm any more."""
        return [
            replace(_close(name, have, "taken down"), after=(EARLIER,))
            for name, have in seen.states.items()
            if have and have.kind
        ]


def _address(node: Mapping[str, object]) -> str | None:
    """Where the other nodes reach it. Those that are Down may never come back, and their address be another's."""
    status = mapping(node.get("Status"))
    address = text_of(status.get("Addr"))
    return address if status.get("State") != "down" and is_ip(address) and address != "0.0.0.0" else None


def _joined(row: Sequence[str]) -> tuple[str, ...]:
    """A row of the probe: a rule of firewalld is one word; one of ufw is written as ufw takes it."""
    if row[0] == "firewalld":
        return (*row[:3], " ".join(row[3:]))
    if row[0] == "ufw":
        protocol, port, to, source_port, address = row[2:7]
        if row[7:8] != ["in"] or to not in ("0.0.0.0/0", "::/0") or source_port != "any":
            return ("other", *row)
        rule = f"allow proto {protocol} from {address} to any" + ("" if port == "any" else f" port {port}")
        return ("ufw" if row[8:] == [OURS] else "theirs", rule)
    return tuple(row)


def _differing(have: State, kind: str, desired: Rules) -> str:
    """Why there is something to do; empty where all is as desired."""
    if have.kind != kind:
        return f"{kind} is active, and nothing of this is open there"
    if have.mark != desired.mark:
        return "the hosts of the cluster, or the ports, are others"
    if not _in_force(have, kind, desired):
        return f"{kind} has lost it, or a part of it"
    return f"{kind} has rules of ours for others, too" if _gone(have, desired.commands(kind)) else ""


def _in_force(have: State, kind: str, desired: Rules) -> bool:
    words = ("base", "jump", "rules", "zone", "theirs", kind)
    of = {word: {row[1:] for row in have.lines if row[0] == word} for word in words}
    if kind == "ufw":
        return of["ufw"] | of["theirs"] >= {(line,) for line in desired.commands(kind)}
    if kind == "firewalld":
        zones = {zone for (zone,) in of["zone"] if zone != "docker"}
        needed = {
            (how, zone, line) for how in ("now", "--permanent") for zone in zones for line in desired.commands(kind)
        }
        return of["firewalld"] >= needed
    jumping = {row[:3] for row in of["jump"] if row[3:] == (desired.mark,)}
    counts = {row[:3]: int(row[3]) for row in of["rules"]}
    return (
        have.enabled and of["base"] == jumping and all(count >= _least(desired, key) for key, count in counts.items())
    )


def _least(desired: Rules, key: tuple[str, ...]) -> int:
    """How many rules a chain of ours has, by its family."""
    sides = [bool(desired.four) and key[0] != "ip6", bool(desired.six) and key[0] != "ip"]
    return sum(sides) * (3 if desired.esp else 2)


def _open(host: str, have: State, kind: str, desired: Rules, cause: str) -> Step:
    theirs = {row[1] for row in have.lines if row[0] == "theirs"}
    return Run(
        id=StepId("firewall", "open", host),
        host=host,
        title=f"open {kind} for Swarm",
        cause=cause,
        detail=(*desired.lines(), *_shut(have, desired)),
        script=script("roles/firewall/apply.sh"),
        variables={**_places(kind), **desired.variables()},
        files={**desired.files(kind, but=theirs), "gone": _gone(have, desired.commands(kind))},
        provides=(FIREWALLS_OPEN,),
        writes={"/etc/systemd/system": MIB, "/var/lib/skep": MIB, "/etc": MIB},
        otherwise="do what the cause says, or open the ports by hand and take open-firewall out of the inventory",
    )


def _shut(have: State, desired: Rules) -> Iterator[str]:
    """Whom our rules let in and will no more, and which port, for the plan."""
    known = {*have.addresses, *(row[1].split()[4] for row in have.lines if row[0] == "ufw")}
    gone = sorted(known.difference(desired.addresses))
    if gone:
        yield f"no longer from {', '.join(gone)}"
    if have.data_port and have.data_port not in desired.udp:
        yield f"no longer {have.data_port}/udp"


def _close(host: str, have: State, cause: str) -> Step:
    nobody = Rules((), (), (), esp=False)
    return Run(
        id=StepId("firewall", "close", host),
        host=host,
        title=f"take Swarm's rules out of {have.kind}",
        cause=cause,
        detail=_ours(have),
        script=script("roles/firewall/apply.sh"),
        variables={**_places(""), **nobody.variables()},
        files={"rules": b"", "gone": _gone(have, ())},
        writes={"/etc/systemd/system": MIB, "/var/lib/skep": MIB, "/etc": MIB},
    )


def _gone(have: State, stays: Collection[str]) -> bytes:
    """Rules of ours in ufw that are to go. What it has without our comment is the operator's, whatever we remember."""
    ours = sorted(row[1] for row in have.lines if row[0] == "ufw")
    return "".join(f"{rule}\n" for rule in ours if rule not in stays).encode()


def _ours(have: State) -> tuple[str, ...]:
    """What goes, for the plan: rules, or chains of nftables."""
    rules = sorted({row[-1] for row in have.lines if row[0] == have.kind})
    chains = sorted(" ".join(row[1:4]) for row in have.lines if row[0] == "rules" and have.kind == "nftables")
    return (*rules, *(f"chain {chain}, and the jump to it" for chain in chains))


def _places(kind: str) -> dict[str, str]:
    return {"KIND": kind, "MEMORY": MEMORY, "UNIT": UNIT, "SCRIPT": SCRIPT}


role = Firewall()
