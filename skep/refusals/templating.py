"""Values that Swarm expands as Go templates for each task, and the mounts that come of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from skep.gotemplate import TemplateError, expand
from skep.refusals.document import Mount, Thing, place_of, things_of
from skep.refusals.names import full_name, is_external, mounted
from skep.refusals.rule import Context, Path, Said

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/.]")
_LONGEST_HOST = 64


def wrong(text: str, context: Context) -> str | None:
    """Why Swarm cannot expand a text."""
    try:
        expand(text)
    except TemplateError as problem:
        end = ": as plain text it is {{`" + text + "`}}" if "`" not in text and len(text) <= 60 else ""
        if context.hidden(text):
            return "is a template to Swarm, which cannot expand it"
        return f"is a template to Swarm, which cannot expand it: {problem}{end}"
    return None


def text(value: object, context: Context) -> str | None:
    """A value that is expanded as it stands."""
    return wrong(value, context) if isinstance(value, str) else None


def mounts(things: list[Mount], context: Context, path: Path) -> Iterator[Said]:
    """Sources and targets, as they are and as they become."""
    targets: dict[str, str] = {}
    for number, mount in enumerate(things):
        for key, given in (("source", _source(mount, context)), ("target", mount.get("target", ""))):
            message = wrong(given, context)
            if message:
                yield (number,), f"{key} {message}"
                break
        else:
            target = expand(mount["target"])
            if target in targets:
                taken = f"is taken in {targets[target]}"
                yield (number,), f"the target {context.quote(mount['target'])} {taken}"
            targets.setdefault(target, place_of(mount))


def _source(mount: Mount, context: Context) -> str:
    source = str(mount.get("source") or "")
    volumes = things_of(context.data, "volumes")
    named = mount["type"] in ("volume", "cluster") and source in volumes
    return full_name(source, volumes[source], context.stack or "stack") if named else source


def volumes(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Labels and options of volumes that services mount."""
    desired = mounted(context.data)
    for key, one in things.items():
        if key not in desired or is_external(one):
            continue
        for section, pairs in (("labels", one.get("labels")), ("driver_opts", one.get("driver_opts"))):
            for name, value in (pairs or {}).items():
                message = text(value, context)
                if message:
                    yield (key, section, name), message


def node_mounts(things: list[Mount], context: Context, path: Path) -> Iterator[Said]:
    """What nodes refuse of mounts: targets, and settings of volumes without a name."""
    targets: dict[str, str] = {}
    for number, mount in enumerate(things):
        kind, given = mount["type"], mount["target"]
        try:
            target = expand(given)
        except TemplateError:
            continue
        subpath = (mount.get("volume") or {}).get("subpath")
        letter, colon, rest = target.partition(":/")
        if colon and not mount.get("source") and letter in things_of(context.data, "volumes"):
            said = f"{context.quote(given)} is a drive of Windows to Docker: write the volume {context.quote(letter)}"
            yield (number,), f"{said} as a mapping (type: volume, source: {letter}, target: /{rest})"
            continue
        if kind == "npipe" or given.startswith("{{") or _WINDOWS.match(target):
            continue
        clean = "/" + posixpath.normpath(target).lstrip("/")
        if not target.startswith("/"):
            yield (number,), f"the target {context.quote(given)} must be an absolute path"
            continue
        if clean == "/":
            yield (number,), f"the target {context.quote(given)} is the root of the container"
        elif clean in targets:
            yield (number,), f"the target {context.quote(given)} is taken in {targets[clean]}: it is the same folder"
        elif kind == "volume" and not mount.get("source") and mount.get("read_only"):
            yield (number,), "a volume without a name cannot be read-only"
        elif kind == "volume" and subpath and not mount.get("source"):
            yield (number,), "a volume without a name has no subpath"
        elif kind == "volume" and subpath and not _is_local(subpath):
            yield (number, "volume", "subpath"), "must be a path inside the volume"
        targets.setdefault(clean, place_of(mount))


def _is_local(path: str) -> bool:
    """As Go's ``filepath.IsLocal``."""
    if not path or path.startswith("/"):
        return False
    clean = posixpath.normpath(path)
    return clean != ".." and not clean.startswith("../")


def hostname(name: str, context: Context) -> str | None:
    """Longer than the kernel takes."""
    long = "{{" not in name and len(name.encode()) > _LONGEST_HOST
    return f"is longer than {_LONGEST_HOST} characters, which no kernel takes" if long else None
