"""What services refer to by name: configs, secrets, networks; and the small kinds of ulimits and host names."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from skep.compose.keys.amounts import Whole
from skep.compose.keys.pairs import TextPairs
from skep.compose.keys.texts import Text, TextList, once
from skep.dataclass import dataclass
from skep.kinds.files import DOCKER_MERGE, MODE_NUMBER
from skep.reading.findings import Place
from skep.reading.mapping_kinds import NAME, Ignored, Record, is_text
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Kind, Nothing, leaf
from skep.reading.values import Fields

_USUAL_MODES = frozenset(
    {0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o700, 0o750, 0o755, 0o770, 0o775}
)
_DECIMAL = re.compile(r"[1-7][0-7]{2,3}")


class Mode(Kind):
    """Permissions of a file. A text is octal, as the Compose Specification says; a number is what YAML makes of it."""

    def read(self, entry: Entry, at: At) -> int | Nothing:
        must = "must be permissions such as 0440"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        mode = _mode(found)
        if mode is None or not 0 <= mode <= 0o7777:
            return at.wrong(entry, must)
        if found.filled:
            at.warn(
                MODE_NUMBER,
                entry.place,
                "is read as octal; Docker's CLI takes what a variable gives for a decimal number",
            )
        elif _DECIMAL.fullmatch((found.digits or "").removesuffix(".0")) and mode not in _USUAL_MODES:
            at.warn(
                MODE_NUMBER,
                entry.place,
                f"is a decimal number, which means {mode:04o}: write 0{found.digits} if that is meant",
            )
        return mode

    def merge(self, base: int, over: int, at: At, place: Place) -> int:
        return over


def _mode(found: Leaf) -> int | None:
    if isinstance(found.value, str):
        return int(found.text, 8) if re.fullmatch(r"(0[oO])?[0-7]{1,5}", found.text, re.ASCII) else None
    if isinstance(found.value, bool):
        return None
    return int(found.value) if isinstance(found.value, int | float) and float(found.value).is_integer() else None


REFERENCE = Record(
    {
        "source": Text(),
        "target": Text(),
        "uid": Text(numbers=True),
        "gid": Text(numbers=True),
        "mode": Mode(),
    },
    required=("source",),
)


@dataclass(frozen=True)
class References(Kind):
    """A list of names of configs or secrets, or of mappings with more; by ``source`` when merged."""

    keyed = True
    what: str

    def read(self, entry: Entry, at: At) -> list[Fields] | Nothing:
        if not isinstance(entry.content, list):
            return at.wrong(entry, f"must be a list of {self.what}s")
        found: list[Fields] = []
        for number, item in enumerate(entry.content):
            here = at / number
            if is_text(item):
                name = Text().read(item, here)
                one: Any = name if isinstance(name, Nothing) else Fields(item.place, [("source", name)])
            else:
                one = REFERENCE.read(item, here)
            if isinstance(one, Nothing) or "source" not in one:
                continue
            found.append(one)
        return found

    def merge(self, base: list[Fields], over: list[Fields], at: At, place: Place) -> list[Fields]:
        both: dict[str, Fields] = {}
        for one in (*base, *over):
            both[one["source"]] = one
        return [both[source] for source in sorted(both)]

    def dump(self, value: list[Fields]) -> list[dict[str, object]]:
        return [REFERENCE.dump(one) for one in value]


ATTACHMENT = Record(
    {
        "aliases": TextList(),
        "driver_opts": TextPairs(separator=None, empty_values=False),
        "ipv4_address": Ignored("it gives out the addresses itself"),
        "ipv6_address": Ignored("it gives out the addresses itself"),
        "link_local_ips": Ignored(""),
        "mac_address": Ignored(""),
        "priority": Ignored(""),
        "gw_priority": Ignored(""),
        "interface_name": Ignored(""),
    },
    empty=True,
    extensions=True,
)


class Attachments(Kind):
    """Networks of a service: a list of names, or a mapping with aliases."""

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        found = Fields(entry.place)
        if isinstance(entry.content, list):
            places = {getattr(item.content, "text", None): item.place for item in entry.content}
            names = TextList().read(entry, at)
            for name in names if isinstance(names, list) else ():
                found.set(name, None, places[name])
            return found
        if not isinstance(entry.content, dict):
            return at.wrong(entry, "must be a list of networks or a mapping")
        for name, (place, inner) in entry.content.items():
            if not NAME.fullmatch(name):
                (at / name).error(place, "must have a name of letters, digits, '.', '_' and '-' only")
                continue
            value = None if inner.is_null else ATTACHMENT.read(inner, at / name)
            if not isinstance(value, Nothing):
                found.set(name, value, place)
        return found

    def merge(self, base: Fields, over: Fields, at: At, place: Place) -> Fields:
        """A later network's aliases replace; its driver options are lost in Docker's merge."""
        both = Fields(base.place, base.items(), base.places)
        for name, value in over.items():
            if base.get(name) is None:
                both.set(name, value, over.where(name))
            elif value is not None:
                merged = Fields(value.place, base[name].items(), base[name].places)
                merged.pop("aliases", None)
                if "aliases" in value:
                    merged.set("aliases", value["aliases"], value.where("aliases"))
                if "driver_opts" in value:
                    message = "is ignored beside the earlier file's network in Docker's merge"
                    (at / name / "driver_opts").warn(DOCKER_MERGE, value.where("driver_opts"), message)
                both.set(name, merged, over.where(name))
        return both

    def dump(self, value: Fields) -> dict[str, object]:
        return {name: None if inner is None else ATTACHMENT.dump(inner) for name, inner in value.items()}


_LIMITS = Record({"soft": Whole(-1), "hard": Whole(-1)}, required=("soft", "hard"))


class Ulimit(Kind):
    """One number for both, or a mapping of soft and hard."""

    def read(self, entry: Entry, at: At) -> object:
        return Whole(-1).read(entry, at) if is_text(entry) else _LIMITS.read(entry, at)

    def merge(self, base: object, over: object, at: At, place: Place) -> object:
        return over


class ExtraHosts(Kind):
    """Host names with addresses as a list of ``host:address``."""

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        found: list[str] = []
        if isinstance(entry.content, dict):
            pairs = TextPairs(separator=None, empty_values=False).read(entry, at)
            assert isinstance(pairs, Fields)
            for name, address in sorted(pairs.items(), key=lambda pair: f"{pair[0]}:{pair[1]}"):
                self._add(name, address, at / name, pairs.where(name), found)
            return found
        lines = TextList().read(entry, at)
        if isinstance(lines, Nothing) or not isinstance(entry.content, list):
            return lines if isinstance(lines, Nothing) else found
        for number, item in enumerate(entry.content):
            text = getattr(item.content, "text", "")
            name, given, address = text.partition("=" if "=" in text else ":")
            if not given or not name:
                (at / number).wrong(item, "must be HOST:ADDRESS")
            else:
                self._add(name, address, at / number, item.place, found)
        return found

    def _add(self, name: str, address: str, at: At, place: Place, found: list[str]) -> None:
        bare = address[1:-1] if len(address) > 2 and address[0] == "[" and address[-1] == "]" else address
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            if bare != "host-gateway":
                at.error(place, "must have an IP address")
                return
        found.append(f"{name}:{bare}")

    def merge(self, base: list[str], over: list[str], at: At, place: Place) -> list[str]:
        return [*base, *over]

    def dump(self, value: list[str]) -> list[str]:
        return once(value)
