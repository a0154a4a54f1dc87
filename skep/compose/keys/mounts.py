"""``volumes`` of a service: the short form ``[source:]target[:options]`` and the long one, of all types."""

from __future__ import annotations

import posixpath
import re

from skep.compose.keys.amounts import Quantity
from skep.compose.keys.quantities import size
from skep.compose.keys.texts import Flag, Text
from skep.dataclass import dataclass
from skep.kinds.files import BIND_ON_EVERY_NODE, MOUNT_OPTION_IGNORED
from skep.reading.findings import Place
from skep.reading.mapping_kinds import Ignored, Record, Refused, is_text, unsent
from skep.reading.tree import Entry
from skep.reading.value_kinds import At, Kind, Nothing
from skep.reading.values import Fields

TYPES = ("volume", "bind", "tmpfs", "npipe", "cluster")
PROPAGATIONS = ("rprivate", "private", "rshared", "shared", "rslave", "slave")
_OPTIONS = {
    "volume": "volume",
    "bind": "bind",
    "tmpfs": "tmpfs",
    "npipe": "bind",
    "cluster": "cluster",
}
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/.]")
LONG = Record(
    {
        "type": Text(TYPES),
        "source": Text(),
        "target": Text(),
        "read_only": Flag(),
        "consistency": Text(("consistent", "cached", "delegated", "default"), folded=True),
        "bind": Record(
            {
                "propagation": Text(PROPAGATIONS, folded=True),
                "create_host_path": Ignored("a bind's source must be there on the host"),
                "recursive": unsent(),
                "selinux": Ignored(""),
            },
        ),
        "volume": Record({"nocopy": Flag(), "subpath": Text(), "labels": unsent("label the volume itself")}),
        "tmpfs": Record({"size": Quantity(size, number=True), "mode": unsent()}),
        "cluster": Record({}, empty=True),
        "image": Refused("it mounts no images"),
    },
    required=("type",),
)


@dataclass
class Mounts(Kind):
    """A list of mounts, each a mapping in the end. ``folder`` is what relative binds start from, ``home`` is ``~``."""

    keyed = True
    folder: str = "/"
    home: str | None = None

    def read(self, entry: Entry, at: At) -> list[Fields] | Nothing:
        if not isinstance(entry.content, list):
            return at.wrong(entry, "must be a list of mounts")
        found: list[Fields] = []
        for number, item in enumerate(entry.content):
            mount = self._one(item, at / number)
            if isinstance(mount, Fields):
                found.append(mount)
        return found

    def _one(self, item: Entry, at: At) -> Fields | Nothing:
        if not is_text(item):
            mount = LONG.read(item, at)
            if isinstance(mount, Fields) and not ("type" in mount and _fits(mount, item, at)):
                return Nothing.NOTHING
        else:
            text = Text().read(item, at)
            if isinstance(text, Nothing):
                return text
            try:
                mount, ignored = short(text, item.place)
            except ValueError as problem:
                for reason in problem.args:
                    at.wrong(item, reason)
                return Nothing.NOTHING
            for option in ignored:
                at.warn(MOUNT_OPTION_IGNORED, item.place, f"the option {at.findings.value(option)} is ignored by Swarm")
        if isinstance(mount, Fields) and mount.get("type") == "bind":
            mount["source"] = self._absolute(mount["source"], item, at)
        return mount

    def _absolute(self, source: str, item: Entry, at: At) -> str:
        if source.startswith("~"):
            if self.home is None:
                at.error(item.place, "'~' cannot be resolved: there is no HOME among the variables")
                return source
            source = source.replace("~", self.home, 1)
        if source.startswith("/") or _WINDOWS.match(source):
            return source
        path = posixpath.normpath(posixpath.join(self.folder, source))
        at.warn(
            BIND_ON_EVERY_NODE,
            item.place,
            f"is the folder {at.findings.value(path)}, which must be there on every node",
        )
        return path

    def merge(self, base: list[Fields], over: list[Fields], at: At, place: Place) -> list[Fields]:
        """By target, sorted by it."""
        both: dict[str, Fields] = {}
        for mount in (*base, *over):
            both[mount.get("target", "")] = mount
        return [both[target] for target in sorted(both)]

    def dump(self, value: list[Fields]) -> list[dict[str, object]]:
        return [LONG.dump(mount) for mount in value]


def is_absolute(path: str) -> bool:
    """Whether a path is one from the root, of Linux or Windows, or a template that a task may make one of."""
    return path.startswith(("/", "{{")) or bool(_WINDOWS.match(path))


def _fits(mount: Fields, item: Entry, at: At) -> bool:
    """Whether the keys fit the type; says why not."""
    kind = mount["type"]
    for options in dict.fromkeys(_OPTIONS.values()):
        if options in mount and options != _OPTIONS[kind]:
            (at / options).error(mount.where(options), f"cannot be set for type {kind}")
    if kind == "tmpfs" and mount.get("source"):
        (at / "source").error(mount.where("source"), "cannot be set for type tmpfs")
    lacks_source = kind in ("bind", "npipe", "cluster") and not mount.get("source")
    if lacks_source and not at.findings.is_broken((*at.path, "source")):
        (at / "source").error(item.place, f"is missing: type {kind} needs one")
    lacks_target = not mount.get("target")
    if lacks_target and not at.findings.is_broken((*at.path, "target")):
        (at / "target").error(item.place, "is missing")
    return not (lacks_source or lacks_target)


def short(text: str, place: Place) -> tuple[Fields, list[str]]:
    """The mount of a short form, and options that mean nothing; ``ValueError`` with every reason if it is none.

    Source: ``volumespec`` of docker/cli.
    """
    if not text:
        raise ValueError("must be a mount such as data:/data")
    if len(text.encode()) <= 2:
        return Fields(place, [("type", "volume"), ("target", text)]), []
    parts = _parts(text)
    reasons = [] if all(parts) else ["must have no empty part between its colons"]
    reasons += ["must have at most two colons"] if len(parts) > 3 else []
    if reasons:
        raise ValueError(*reasons)
    mount = Fields(place, [("type", "volume")])
    if len(parts) == 1:
        mount["target"] = parts[0]
        return mount, []
    ignored: list[str] = []
    mount["source"], mount["target"] = parts[:2]
    mount["type"] = "bind" if _is_path(parts[0]) else "volume"
    options = parts[2].split(",") if len(parts) == 3 else []
    for option in options:
        if option in ("ro", "rw"):
            mount["read_only"] = option == "ro"
        elif option == "nocopy":
            mount["volume"] = Fields(place, [("nocopy", True)])
        elif option in PROPAGATIONS:
            mount["bind"] = Fields(place, [("propagation", option)])
        else:
            ignored.append(option)
    kind = mount["type"]
    others = {"volume": PROPAGATIONS, "bind": ("nocopy",)}[kind]
    misplaced = [option for option in dict.fromkeys(options) if option in others]
    if misplaced:
        raise ValueError(
            *(f"must not have the option '{option}', which does not go with a {kind}" for option in misplaced)
        )
    return mount, ignored


def _parts(text: str) -> list[str]:
    """Split at colons, but not behind a drive's letter."""
    parts: list[str] = []
    begin = 0
    for match in re.finditer(":", text):
        at = match.start()
        if not (at - begin == 1 and text[begin].isalpha()):
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]


def _is_path(source: str) -> bool:
    return (
        source[0] in "./~"
        or source.startswith("\\\\")
        or (len(source) > 1 and source[0].isalpha() and source[1] == ":")
    )
