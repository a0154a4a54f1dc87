"""Names of services, networks, configs, secrets and volumes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from skep.gotemplate import TemplateError, expand
from skep.refusals.document import Thing, services_of, things_of
from skep.refusals.rule import Check, Context, Path, Said

_DNS = re.compile(r"[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*")
_OBJECT = re.compile(r"[a-zA-Z0-9]+(?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_ENDING = re.compile(r"[a-zA-Z0-9_-]*[a-zA-Z0-9]")
_OBJECT_ENDING = re.compile(r"[a-zA-Z0-9._-]*[a-zA-Z0-9]")
LONGEST = {"services": 63, "networks": 63, "configs": 64, "secrets": 64}
"""Characters of a whole name."""
ENDING = "a name of letters, digits, '_' and '-' that ends in a letter or digit"
OBJECT_ENDING = "a name of letters, digits, '.', '_' and '-' that ends in a letter or digit"
_NAME = "letters, digits, '-' and '_', with a letter or digit at both ends"
_OBJECT_NAME = "letters, digits, '-', '_' and '.', with a letter or digit at both ends"
_SCOPED = ("services", "networks")
"""Sections whose names are long as soon as the stack's name is: of others skep can make shorter ones."""
PREDEFINED = ("bridge", "host", "none", "default")
"""Networks that every engine has by itself."""
EXISTING = ("ingress", "docker_gwbridge")
"""Networks that every node of a swarm has."""
RESERVED = frozenset({*PREDEFINED, *EXISTING})
"""Names that no network of the swarm's own can have."""
USABLE = ("bridge", "host")
"""Networks of every engine that services can be in."""


def is_external(one: Mapping[str, object]) -> bool:
    """Whether a network, volume, config or secret is not the stack's own."""
    external = one.get("external")
    return isinstance(external, Mapping) and bool(external.get("external"))


def own_name(one: Mapping[str, object]) -> str | None:
    """The name it says it has, in the new or the old form."""
    external = one.get("external")
    name = (external.get("name") if isinstance(external, Mapping) else None) or one.get("name")
    return str(name) if name else None


def full_name(key: str, one: Mapping[str, object] | None, stack: str) -> str:
    """What the swarm calls it; without the stack's name where nobody knows that yet."""
    scoped = f"{stack}_{key}" if stack else key
    if one is None:
        return scoped
    return own_name(one) or (key if is_external(one) else scoped)


def _made(data: Mapping[str, object], section: str) -> Iterator[tuple[str, Thing]]:
    """Those of a section that the stack makes."""
    for key, one in things_of(data, section).items():
        if section == "services" or not is_external(one):
            yield key, one


def used(data: Mapping[str, object]) -> set[str]:
    """Networks that services are in."""
    return {name for service in services_of(data).values() for name in service.get("networks") or ("default",)}


def made(networks: Mapping[str, Thing], context: Context) -> list[tuple[str, Thing]]:
    """Networks that are to be made: the stack's own, used, and not there yet."""
    names, there = used(context.data), context.swarm.networks
    own = [(key, one) for key, one in networks.items() if key in names and not is_external(one)]
    return [(key, one) for key, one in own if full_name(key, one, context.stack) not in there]


def keys(services: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Keys that become the end of a name, behind the stack's."""
    section = str(path[-1])
    pattern, must = (_ENDING, ENDING) if section in ("services", "networks") else (_OBJECT_ENDING, OBJECT_ENDING)
    for key, one in _made(context.data, section):
        named = section != "services" and own_name(one)  # a service has no other
        if not named and not pattern.fullmatch(key):
            yield (key,), f"must have {must}"


def network(name: str, context: Context) -> str | None:
    """A network's name of its own."""
    if name in PREDEFINED:
        return f"{context.quote(name)} is a network that every engine has: to use it, say 'external: true'"
    if not _DNS.fullmatch(name):
        return f"{context.quote(name)} cannot be a name in a swarm: {_NAME}"
    return None


def inventory_networks(networks: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Names of the inventory's networks."""
    seen: dict[str, str] = {}
    for name in networks:
        other = seen.setdefault(name.lower(), name)
        if name.lower() in RESERVED:
            yield (name,), f"{context.quote(name)} is a network of Docker's own: choose another name"
        elif not _DNS.fullmatch(name):
            yield (name,), f"not a network name: {_NAME}"
        elif len(name.encode()) > LONGEST["networks"]:
            yield (name,), f"is longer than {LONGEST['networks']} characters"
        elif other != name:
            yield (name,), f"has the name of {context.quote(other)}: upper and lower case are the same to Swarm"


def ingress(name: str, context: Context) -> str | None:
    """The routing mesh's own network, which every swarm has."""
    return f"{context.quote(name)} is a network that every swarm has" if name.lower() == "ingress" else None


def gwbridge(name: str, context: Context) -> str | None:
    """The bridge that every node of a swarm has."""
    return f"{context.quote(name)} is a network that every node has" if name == "docker_gwbridge" else None


def config_or_secret(name: str, context: Context) -> str | None:
    """The name of its own of a config or secret."""
    return None if _OBJECT.fullmatch(name) else f"{context.quote(name)} cannot be a name in a swarm: {_OBJECT_NAME}"


def own(check: Callable[[str, Context], str | None]) -> Check:
    """The check of the names that things of a section say they have; of networks those that are used."""

    def checked(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
        section = str(path[-1])
        for key, one in made(things, context) if section == "networks" else _made(context.data, section):
            name = own_name(one)
            message = check(name, context) if name else None
            if message:
                yield (key, "name"), message

    return checked


def lengths(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Whole names that are too long."""
    section = str(path[-1])
    longest = LONGEST[section]
    for key, one in made(things, context) if section == "networks" else _made(context.data, section):
        name = own_name(one) if section != "services" else None
        if name and len(name.encode()) > longest:
            yield (key, "name"), f"is longer than {longest} characters"
        elif section in _SCOPED and not name and len(full_name(key, one, context.stack).encode()) > longest:
            yield (key,), f"with the stack's name it is longer than {longest} characters"


def alike(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Names that differ in upper and lower case at most: one name to the swarm."""
    section = str(path[-1])
    seen: dict[str, str] = {}
    for key, one in made(things, context) if section == "networks" else _made(context.data, section):
        name = full_name(key, one if section != "services" else None, context.stack or "")
        other = seen.setdefault(name.lower(), key)
        if other != key:
            yield (key,), f"has the name of {context.quote(other)}: upper and lower case are the same to Swarm"


def attachments(networks: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Networks of a service that it cannot be in."""
    defined = things_of(context.data, "networks")
    for key in networks:
        one = defined.get(key)
        name = full_name(key, one, context.stack or "stack")
        if one is None or not is_external(one):
            continue
        if name == "ingress":
            yield (key,), "services cannot be in the network 'ingress': publish ports, and they are reached through it"
        elif name in (*PREDEFINED, *EXISTING) and name not in USABLE:
            yield (key,), f"services cannot be in the network {context.quote(name)}"


def mounted(data: Mapping[str, object]) -> set[str]:
    """Volumes that services mount, by their keys."""
    mounts = (mount for service in services_of(data).values() for mount in service.get("volumes") or ())
    return {str(mount.get("source")) for mount in mounts if mount["type"] == "volume"}


def volumes(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Whole names of volumes: the local driver's rule. Other drivers have their own."""
    desired = mounted(context.data)
    for key, one in things.items():
        if key not in desired or is_external(one) or one.get("driver") not in (None, "", "local"):
            continue
        try:
            name = expand(full_name(key, one, context.stack or "stack"))
        except TemplateError:
            continue
        if not _VOLUME.fullmatch(name):
            where: Path = (key, "name") if own_name(one) else (key,)
            yield where, f"{context.quote(name)} is no volume's name: letters, digits, '_', '.' and '-', at least two"
