"""What is to be let through, and the rules in the words of each kind of firewall."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from skep.dataclass import dataclass
from skep.model import Cluster, Host, canonical, is_ip
from skep.shell import exported, script
from skep.swarm.encryption import encrypted
from skep.swarm.ports import DATA_PORT, GOSSIP, RAFT

PRIORITY = -100
"""Of our rules in firewalld, so that none is the same as one of the operator's: before those without one."""
UNIT = "/etc/systemd/system/skep-firewall.service"
SCRIPT = "/var/lib/skep/firewall.sh"
_UNIT = f"""# Written by skep: open-firewall in the inventory.
[Unit]
Description=Swarm's ports between the hosts of the cluster
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {SCRIPT}
ExecReload=/bin/sh {SCRIPT}

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Ports, and from whom: addresses in their shortest form, sorted."""

    addresses: tuple[str, ...]
    tcp: tuple[int, ...]
    udp: tuple[int, ...]
    esp: bool

    @property
    def mark(self) -> str:
        """Distinguishes one set of rules from another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    @property
    def four(self) -> tuple[str, ...]:
        """Addresses of IPv4."""
        return tuple(address for address in self.addresses if ":" not in address)

    @property
    def six(self) -> tuple[str, ...]:
        """Addresses of IPv6."""
        return tuple(address for address in self.addresses if ":" in address)

    def lines(self) -> tuple[str, ...]:
        """For the plan."""
        ports = f"{_list(self.tcp, '/')}/tcp, {_list(self.udp, '/')}/udp" + (", ESP" if self.esp else "")
        return (f"{ports} from {', '.join(self.addresses) or 'nobody'}",)

    def commands(self, kind: str) -> tuple[str, ...]:
        """The rules as the program of that firewall takes and shows them; nftables has a script instead."""
        return tuple({"ufw": self._ufw, "firewalld": self._firewalld}.get(kind, lambda: ())())

    def _ufw(self) -> Iterator[str]:
        for address in self.addresses:
            yield f"allow proto tcp from {address} to any port {_list(self.tcp)}"
            yield f"allow proto udp from {address} to any port {_list(self.udp)}"
            if self.esp:
                yield f"allow proto esp from {address} to any"

    def _firewalld(self) -> Iterator[str]:
        for address in self.addresses:
            family = "ipv6" if ":" in address else "ipv4"
            source = f'rule priority="{PRIORITY}" family="{family}" source address="{address}"'
            for protocol, ports in (("tcp", self.tcp), ("udp", self.udp)):
                yield from (f'{source} port port="{port}" protocol="{protocol}" accept' for port in ports)
            if self.esp:
                yield f'{source} protocol value="esp" accept'

    def variables(self) -> dict[str, str]:
        """What the script for nftables takes."""
        return {
            "MARK": self.mark,
            "ADDRESSES": " ".join(self.addresses),
            "DATA": "".join(str(port) for port in self.udp if port != GOSSIP),
            "V4": ", ".join(self.four),
            "V6": ", ".join(self.six),
            "TCP": _list(self.tcp, ", "),
            "UDP": _list(self.udp, ", "),
            "ESP": "yes" if self.esp else "",
        }

    def files(self, kind: str, *, but: Collection[str] = ()) -> dict[str, bytes]:
        """What the step lays out for its script; ``but`` are rules that are there already, and are the operator's."""
        rules = {"rules": "".join(f"{line}\n" for line in self.commands(kind) if line not in but).encode()}
        if kind != "nftables":
            return rules
        boot = f"{exported(self.variables())}set -e\n{script('roles/firewall/nftables.sh')}nft_rules\n"
        return {**rules, "script": boot.encode(), "unit": _UNIT.encode()}


def rules(cluster: Cluster, host: Host, nodes: Iterable[str] = (), data_port: int | None = None) -> Rules:
    """What a host lets through: all of Swarm's ports from all other hosts, managers or not, so that a change of role
    finds them open; and from ``nodes``, addresses that are in the swarm and perhaps not in the inventory. ``data_port``
    is that of the swarm's overlay networks, where there is one: the inventory need not name it."""
    own = {canonical(text) for text in (host.address, host.advertise) if text and is_ip(text)}
    addresses = {canonical(text) for text in nodes} - own | {
        canonical(text)
        for other in cluster.hosts
        if other.name != host.name
        for text in (other.address, other.advertise)
        if text and is_ip(text)
    }
    data = data_port or cluster.swarm.data_path_port or DATA_PORT
    ordered = sorted(addresses, key=lambda text: (":" in text, [part.zfill(4) for part in text.split(".")], text))
    return Rules(tuple(ordered), (RAFT, GOSSIP), tuple(sorted((data, GOSSIP))), bool(encrypted(cluster)))


def _list(ports: tuple[int, ...], between: str = ",") -> str:
    return between.join(map(str, ports))
