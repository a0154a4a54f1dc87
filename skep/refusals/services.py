"""What managers refuse of a service's settings: amounts, modes, ports, targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from skep.refusals.document import Healthcheck, Reference, Service, Thing, place_of
from skep.refusals.names import made
from skep.refusals.rule import Check, Context, Path, Said
from skep.swarm.labels import PREDEFINED

LEAST_MEMORY = 4 * 1024 * 1024
LEAST_CPUS = "1/1000"
LEAST_SPAN = 10**6
"""Nanoseconds, where any are given."""
SPANS: tuple[Literal["interval", "timeout", "start_period", "start_interval"], ...] = (
    "interval",
    "timeout",
    "start_period",
    "start_interval",
)
SOURCES = ("driver", "file", "environment", "content", "x-skep")
"""Keys that say what a config or secret holds; a driver makes it up for each task."""
MAX_CONFIG = 1000 * 1024
MAX_SECRET = 500 * 1024
"""Bytes; as much is too much."""
_INT32 = 2**32
_LEAST = "0.01"
"""CPUs: a kernel limits to 1 ms of each 100 ms, or to more."""


def memory(amount: int, context: Context) -> str | None:
    """Less than a manager takes."""
    return "must be 4M or more" if 0 < amount < LEAST_MEMORY else None


def cpus(amount: object, context: Context) -> str | None:
    """Less than a manager takes."""
    if not amount:
        return None
    from fractions import Fraction

    return "must be 0.001 or more" if 0 < Fraction(str(amount).rstrip(".")) < Fraction(LEAST_CPUS) else None


def least_cpus(amount: object, context: Context) -> str | None:
    """Less than a node's kernel takes as a limit, though a manager does."""
    if not amount or cpus(amount, context):
        return None
    from fractions import Fraction

    return (
        "must be 0.01 or more: no node starts a task with less"
        if Fraction(str(amount).rstrip(".")) < Fraction(_LEAST)
        else None
    )


def healthcheck(health: Healthcheck, context: Context, path: Path) -> Iterator[Said]:
    """Times and retries. A check that is switched off sends none of them."""
    if health.get("disable"):
        return
    for key in SPANS:
        if 0 < health.get(key, 0) < LEAST_SPAN:
            yield (key,), "must be 1ms or more"
    if int(health.get("retries") or 0) % _INT32 >= _INT32 // 2:
        yield ("retries",), "must be less than 2147483648"


def job(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Updates of what runs once."""
    if mode_of(service).endswith("job") and "update_config" in (service.get("deploy") or {}):
        yield ("deploy", "update_config"), f"cannot be set for mode {mode_of(service)}"


def mode(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Settings that mean nothing in a mode: managers pass over them."""
    deploy, mode = service.get("deploy") or {}, mode_of(service)
    if mode.startswith("global") and "replicas" in deploy:
        yield ("deploy", "replicas"), f"cannot be set for mode {mode}"
    if mode.endswith("job") and (deploy.get("restart_policy") or {}).get("condition") == "any":
        yield ("deploy", "restart_policy", "condition"), f"cannot be any for mode {mode}"


def mode_of(service: Mapping[str, object]) -> str:
    """The mode of a service; a hook is a job without saying so."""
    deploy = service.get("deploy")
    default = "replicated-job" if "x-skep" in service else "replicated"
    return str(deploy.get("mode", default)) if isinstance(deploy, Mapping) else default


def dnsrr(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Ports of the routing mesh, which needs a virtual address."""
    if (service.get("deploy") or {}).get("endpoint_mode") == "dnsrr":
        for number, port in enumerate(service.get("ports", ())):
            if (port.get("mode") or "ingress") == "ingress":
                yield ("ports", number), "endpoint_mode dnsrr takes ports in mode host only"


def ports(services: Mapping[str, Service], context: Context, path: Path) -> Iterator[Said]:
    """Ports that are published twice: only host ports of two services may be the same. Those of a range are
    one finding."""
    first: dict[tuple[str, int], tuple[str, bool, str]] = {}
    twice: dict[tuple[str, str, str, str], list[tuple[int, int]]] = {}
    for name, service in services.items():
        own: dict[tuple[str, int], str] = {}
        for number, port in enumerate(service.get("ports", ())):
            protocol, published = port.get("protocol") or "tcp", port.get("published", 0)
            key = (protocol, published)
            if not published:
                continue
            host = port.get("mode") == "host"
            other, beside, place = first.setdefault(key, (name, host, place_of(port)))
            taken = f"in {own[key]}" if key in own else ""
            if other != name and not (host and beside):
                taken = f"by {context.quote(other)} in {place}"
            if taken:
                twice.setdefault((place_of(port), name, protocol, taken), []).append((published, number))
            own[key] = place_of(port)
    for (_, name, protocol, taken), found in twice.items():
        numbers = sorted({port for port, _ in found})
        several = f"{len(numbers)} ports, {numbers[0]}/{protocol} to {numbers[-1]}/{protocol}, are published {taken}"
        one = f"port {numbers[0]}/{protocol} is published {taken}"
        yield (name, "ports", min(number for _, number in found)), several if len(numbers) > 1 else one


def targets(things: list[Reference], context: Context, path: Path) -> Iterator[Said]:
    """Configs or secrets of one service that come to one file."""
    what = str(path[-1]).removesuffix("s")
    seen: set[str] = set()
    for number, one in enumerate(things):
        target = one.get("target") or one["source"]
        if target in seen:
            yield (number,), f"the target {context.quote(target)} is taken by another {what}"
        seen.add(target)


def predefined_label(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """The label by which managers know their own networks."""
    for key, one in made(networks, context):
        if PREDEFINED in (one.get("labels") or {}):
            yield (key, "labels", PREDEFINED), "is Swarm's own label, and refused by it"


def predefined_label_there(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """The same of the inventory's networks, which are all made."""
    for key, one in networks.items():
        if PREDEFINED in (one.get("labels") or {}):
            yield (key, "labels", PREDEFINED), "is Swarm's own label, and refused by it"


def content(limit: int) -> Check:
    """What a config or secret holds: something, and less than the limit in bytes."""

    def checked(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
        for key, one in things.items():
            held = context.contents.get((str(path[-1]), key))
            source = next((name for name in SOURCES if name in one), None)
            if held is None or source is None or source == "driver":
                continue
            if len(held) >= limit:
                yield (key, source), f"must be smaller than {limit // 1024} KiB"
            elif not held:
                yield (key, source), "holds nothing, which Swarm refuses"

    return checked
