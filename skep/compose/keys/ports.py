"""``ports``: the short form ``[address:][published:]target[/protocol]`` with ranges, and the long one."""

from __future__ import annotations

import ipaddress
import re

from skep.compose.keys.amounts import Whole
from skep.compose.keys.texts import Text, once
from skep.dataclass import dataclass
from skep.kinds.files import DOCKER_MERGE, PORT_ADDRESS_IGNORED
from skep.reading.findings import Place
from skep.reading.mapping_kinds import Ignored, Record
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Kind, Nothing, leaf
from skep.reading.values import Fields

MAX_PORTS = 20_000
"""Ports that one load may publish."""
_PORT = re.compile(r"[0-9]{1,9}")
PORT = Record(
    {
        "mode": Text(("ingress", "host"), folded=True),
        "target": Whole(1, 65535),
        "published": Whole(0, 65535),
        "protocol": Text(("tcp", "udp", "sctp"), folded=True),
        "name": Ignored("it has no names for ports"),
        "app_protocol": Ignored(""),
        "host_ip": Ignored("it listens on all addresses of the host"),
    },
    required=("target",),
)


@dataclass
class Ports(Kind):
    """A list of ports, each a mapping in the end. ``left`` is how many may still come."""

    keyed = True
    left: int = MAX_PORTS

    def read(self, entry: Entry, at: At) -> list[Fields] | Nothing:
        if not isinstance(entry.content, list):
            return at.wrong(entry, "must be a list of ports")
        found: list[Fields] = []
        seen: set[str] = set()
        for number, item in enumerate(entry.content):
            here = at / number
            if isinstance(item.content, dict):
                port = PORT.read(item, here)
                found += [port] if isinstance(port, Fields) else []
                continue
            text = leaf(item, here, "must be a port such as 8080:80 or a mapping")
            if isinstance(text, Nothing):
                continue
            if text.text in seen:
                here.error(item.place, f"{here.described(item)} is in the list twice")
                continue
            seen.add(text.text)
            if self.left >= 0:
                found += self._short(text, item, here)
        return found

    def _short(self, text: Leaf, item: Entry, at: At) -> list[Fields]:
        try:
            if isinstance(text.value, bool | float):
                raise ValueError("must be a port such as 8080:80")
            address, ports = short(text.text)
        except ValueError as problem:
            for reason in problem.args:
                at.wrong(item, reason)
            return []
        if address and not ipaddress.ip_address(address).is_unspecified:
            at.warn(
                PORT_ADDRESS_IGNORED,
                item.place,
                "the address is ignored by Swarm: it listens on all addresses of the host",
            )
        self.left -= len(ports)
        if self.left < 0:
            at.error(item.place, f"more than {MAX_PORTS} ports")
            return []
        return [
            Fields(
                item.place, {"mode": "ingress", "target": target, "published": published, "protocol": protocol}.items()
            )
            for target, published, protocol in ports
        ]

    def merge(self, base: list[Fields], over: list[Fields], at: At, place: Place) -> list[Fields]:
        """By published port: a later one takes the place of an earlier one, and the list is sorted by it."""
        both: dict[int, Fields] = {}
        for port in (*base, *over):
            key = port.get("published", 0)
            if key in both and both[key] != port:
                one = f"port {key}" if key else "a port without a published one"
                at.warn(
                    DOCKER_MERGE,
                    port.place,
                    f"takes the place of {one} of {both[key].place}: Docker's merge keeps one of each",
                )
            both[key] = port
        return [both[key] for key in sorted(both)]

    def dump(self, value: list[Fields]) -> list[dict[str, object]]:
        return once({key: given for key, given in port.items() if given} for port in value)


def short(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The address, and (target, published, protocol) of each port; published is 0 where Swarm is to choose one.

    Raises ``ValueError`` with every reason. Source: ``nat.ParsePortSpec`` of docker/go-connections.
    """
    parts = text.rsplit(":", 2)
    container, _, protocol = parts[-1].partition("/")
    published = parts[-2] if len(parts) > 1 else ""
    address = parts[0].removeprefix("[").removesuffix("]") if len(parts) == 3 else ""
    protocol = protocol.lower() or "tcp"
    reasons: list[str] = []
    if address and not _is_address(address):
        reasons.append("must have an IP address before the ports, or none")
    if protocol not in ("tcp", "udp", "sctp"):
        reasons.append("must end in /tcp, /udp or /sctp, or in no protocol")
    targets, wide = _range(container, reasons), _range(published, reasons) if published else None
    if targets and targets[0] == 0:
        reasons.append("must have a target port from 1 to 65535")
    if targets is None or reasons:
        raise ValueError(*dict.fromkeys(reasons))
    pairs = sorted(_pairs(targets, wide), key=lambda pair: (str(pair[0]), pair[1]))
    return address, [(target, port, protocol) for target, port in pairs]


def _pairs(targets: tuple[int, int], published: tuple[int, int] | None) -> list[tuple[int, int]]:
    """Target and published port of each; 0 where none is named."""
    first, last = targets
    if published is None:
        return [(port, 0) for port in range(first, last + 1)]
    low, high = published
    if first == last:
        return [(first, port) for port in range(low, high + 1)]
    if high - low != last - first:
        raise ValueError("must have as many published ports as target ports, or one target port")
    return [(port, low + port - first) for port in range(first, last + 1)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _range(text: str, reasons: list[str]) -> tuple[int, int] | None:
    """First and last port; ``None``, and one reason more, for what is no range of ports."""
    first, dash, last = text.partition("-")
    if not _PORT.fullmatch(first) or (dash and not _PORT.fullmatch(last)):
        reasons.append("must be a port such as 8080:80, or ranges such as 8000-8010:80-90")
        return None
    low, high = int(first), int(last or first)
    if high > 65535 or low > 65535:
        reasons.append("must have ports up to 65535")
    if high < low:
        reasons.append("must have ranges that begin with the lower port")
    return low, high
