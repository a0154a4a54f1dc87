"""The Docker Engine on a host: from the distribution or the vendor, in the version asked, enabled and running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from roles.engine import findings, steps
from roles.engine.kinds import KINDS
from roles.engine.origin import Origin, distribution, vendor
from roles.engine.state import OF_ENGINE, State, read
from skep import places
from skep.bypass import is_direct
from skep.milestones import ENGINE_UP
from skep.model import Cluster, Host
from skep.plan import Finding, Step
from skep.questions import Answers
from skep.refusals.engines import AVOIDED, fits, is_older
from skep.request import RequestedCluster
from skep.role import HostRole
from skep.rolling import ACTIONS, MILESTONES, rolling
from skep.seen import Member, Platform, Seen
from skep.steps import Milestone, StepId
from skep.swarm.encryption import encrypted

PACKAGES = (*OF_ENGINE, "podman-docker")
"""What the package database of a host with apt is asked for."""
RPMS = (
    *OF_ENGINE, "docker", "docker-client", "docker-client-latest", "docker-common", "docker-latest",
    "docker-latest-logrotate", "docker-logrotate", "docker-selinux", "docker-engine-selinux", "docker-engine", "podman",
    "podman-docker",
)  # fmt: skip
"""The same of one with dnf."""

READY = ("fetch", "unpack", "check")
"""Steps after which a host has all that its installation takes."""


def _probe(*programs: str, distribution: bool = True) -> str:
    return places.probe(
        "roles/engine/probe.sh",
        PACKAGES=" ".join(PACKAGES),
        RPMS=" ".join(RPMS),
        DISTRIBUTION="yes" if distribution else "",
        NAMES=" ".join(programs),
    )


class Engine(HostRole[State]):
    """Installs, upgrades and starts the engine."""

    name = "engine"
    kinds = KINDS
    actions: tuple[str, ...] = (
        "source", "send", "unpack", "check", "fetch", "install", "plugins", "hold", "start", "restart", "apparmor",
        "tidy", *ACTIONS,
    )  # fmt: skip
    milestones: tuple[Milestone, ...] = (ENGINE_UP, *MILESTONES)
    questions: tuple[str, ...] = ("/info",)
    probe = _probe()

    def probe_of(self, cluster: Cluster) -> str:
        """What apt would remove for the distribution's engine is asked only where a host is to have that: it takes a
        bare host most of a second. So is what is in the place of a tarball's programs."""
        names = {name: None for host in cluster.hosts if host.engine.tarball for name in host.engine.tarball.names}
        distributions = any(host.engine.source in (None, "distribution") for host in cluster.hosts)
        return self.probe if distributions and not names else _probe(*names, distribution=distributions)

    def desired(self, cluster: Cluster, host: Host) -> State:
        """Installed in the asked version, enabled, running."""
        return State(version=host.engine.version)

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the package database and systemd; ``None`` where there is nothing of an engine."""
        return read(text, answers)

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Install where absent, start where stopped, change source and version host by host where they differ."""
        items: list[Step | Finding] = []
        upgrades: dict[str, Step] = {}
        for name in self.desired_on(cluster, seen):
            host, have = cluster.host(name), seen.states[name]
            more, upgrade = _on_host(cluster, host, have, seen.platforms.get(name, Platform()), seen.members.get(name))
            items += [
                *more,
                *_tidied(host, have, [*more, upgrade]),
                *findings.to_be_cut(host, have, encrypted(cluster)),
            ]
            upgrades |= {name: upgrade} if upgrade else {}
        fetched = [item.id for item in items if isinstance(item, Step) and item.id.action in READY]
        items = [_gated(cluster, item, fetched) for item in items]
        broken = [name for name, have in seen.states.items() if have and have.cut_short]
        made = _ids(items)
        fixed = [StepId("engine", "install", name) for name in broken if StepId("engine", "install", name) in made]
        upgrades = {name: replace(step, gates=(*fetched, *fixed)) for name, step in upgrades.items()}
        return [*items, *rolling(cluster, upgrades, seen.members, upgrade=True, first=broken)]


def _on_host(
    cluster: Cluster, host: Host, have: State | None, platform: Platform, member: Member | None
) -> tuple[list[Step | Finding], Step | None]:
    """What is to be said and done of a host; apart from that, the step that interrupts an engine in a swarm."""
    if have and (unstartable := _unstartable(host, have)):
        return [unstartable], None
    if host.engine.tarball:
        from roles.engine.static.plan import on_host  # only here: few hosts have one

        return on_host(host, host.engine.tarball, have, platform, member)
    direct = bool(host.proxy) and is_direct(cluster, host, host.engine.repository)
    origin = _origin(host, have, platform, direct=direct)
    if isinstance(origin, Finding):
        return [origin], None
    if refused := _refused(host, have, origin, platform):
        return [refused], None
    origin = replace(origin, avoid=AVOIDED) if encrypted(cluster) else origin
    items: list[Step | Finding] = []
    unlike = origin.unlike(have) if host.engine.source else None
    if unlike:
        items.append(steps.source(host, origin, have, unlike))
    here = have if have and have.installed else None
    cause = _cause(host, have, origin)
    if here and cause and cause == origin.apart(here):
        host = _as_it_is(host, here, origin)
    if cause:
        fetched = bool(member and here and origin.interrupts(here) and not origin.exact)
        install = steps.install(host, origin, have, cause, sourced=bool(unlike and origin.source), fetched=fetched)
        items += _back(host, here, origin, member) if here else []
        if host.engine.packages:
            from roles.engine.offline.plan import prepared  # only here: few hosts have one

            items += prepared(host, host.engine.packages, origin, have, cause)
        if member and have and have.cut_short:
            return items, steps.in_turn(install)
        if member and here and origin.interrupts(here):
            if fetched:
                items.append(steps.fetch(host, origin, have, cause, sourced=bool(unlike)))
            return [*items, *_parser(here, origin, host)], steps.in_turn(install)
        items.append(install)
    elif here:
        items += findings.of_version(host, here, encrypted(cluster))
        items += steps.beside(host, origin, here)
        restart = steps.restart(host, here) if here.outlived else None
        if restart and member:
            return [*items, *_parser(here, origin, host)], steps.in_turn(restart)
        items += [restart] if restart else []
        items += _start(host, here)
    return [*items, *_parser(here, origin, host)], None


def _unstartable(host: Host, have: State) -> Finding | None:
    """What keeps docker.service from starting an engine there."""
    if have.masked and not (host.engine.tarball and not have.installed):
        return findings.masked(host.name)
    if have.started_by:
        return findings.started_elsewhere(host.name, have.started_by)
    if have.unitless and not host.engine.source:
        return findings.unitless(host.name, have.unitless)
    return None


def _tidied(host: Host, have: State | None, made: Sequence[Step | Finding | None]) -> list[Step]:
    """Files that were sent before something else was desired, as after a check that failed."""
    if not (have and have.sent):
        return []
    taken = host.engine.tarball or host.engine.packages
    return [] if taken and StepId("engine", "install", host.name) in _ids(made) else [steps.tidy(host)]


def _ids(items: Sequence[Step | Finding | None]) -> set[StepId]:
    return {item.id for item in items if isinstance(item, Step)}


def _back(host: Host, here: State, origin: Origin, member: Member | None) -> Sequence[Finding]:
    """What there is to say where an older engine comes, or may come."""
    if _goes_back(host, here):
        return findings.goes_back(host, member, f"goes back from {here.version} to {host.engine.version}")
    if _may_go_back(host, here, origin):
        text = f"takes {origin.engine}, which may be older than its {here.package} {here.version},"
        return findings.goes_back(host, member, text)
    return ()


def _start(host: Host, here: State) -> list[Step]:
    if here.running and here.enabled:
        return []
    return [steps.start(host, "not started at boot" if here.running else "not running")]


def _origin(host: Host, have: State | None, platform: Platform, *, direct: bool) -> Origin | Finding:
    """Where its packages come from. An engine that the inventory says nothing of is left where it came from."""
    if host.engine.packages:
        from roles.engine.offline import plan as offline  # only here: few hosts have one

        return offline.origin(host, host.engine.packages, have, platform)
    if host.engine.source == "vendor":
        return findings.unsupported(host.name, platform, needs_to_know=True) or vendor(
            host.engine, platform, direct=direct
        )
    origin = distribution(host.engine, platform)
    if not origin.engine and host.engine.source:
        return findings.unsupported(host.name, platform) or origin
    return origin if host.engine.source else replace(origin, against=(), held=None)


def _refused(host: Host, have: State | None, origin: Origin, platform: Platform) -> Finding | None:
    """Why nothing can be done there."""
    engine, asked = host.engine, host.engine.version
    if have is None or not have.installed:
        rest = [name for name in (have.in_the_way if have else ()) if name not in origin.against]
        if rest and origin.of_distribution:
            return findings.in_the_way(host.name, rest)
        if have and have.snap:
            return findings.snap(host.name)
        if have and have.shared and origin.source:
            return findings.shared(host.name, have.shared, origin.manager.name)
        return findings.unsupported(host.name, platform) if origin.of_distribution else None
    if engine.source and not (have.package or have.tarball):
        return findings.snap(host.name) if have.snap else findings.by_hand(host, have)
    if have.shared and origin.source:
        return findings.shared(host.name, have.shared, origin.manager.name)
    if not asked or fits(have.version, asked):
        return None
    if engine.source is None and have.package != origin.engine:
        return findings.foreign(host, have, origin.engine)
    if _goes_back(host, have) and not engine.downgrade:
        return findings.older(host, have)
    return None


def _gated(cluster: Cluster, item: Step | Finding, ready: Sequence[StepId]) -> Step | Finding:
    """An installation from files of the operator's: once all hosts have theirs, and each was found to fit its host."""
    engine = cluster.host(item.host).engine if isinstance(item, Step) and item.host else None
    if isinstance(item, Step) and engine and item.id.action == "install" and (engine.tarball or engine.packages):
        return replace(item, gates=tuple(ready))
    return item


def _as_it_is(host: Host, here: State, origin: Origin) -> Host:
    """An engine in the version that it has, where only what goes with it differs: nobody asked for an upgrade."""
    if host.engine.version or any(fits(here.version, one) for one in origin.avoid):
        return host
    return replace(host, engine=replace(host.engine, version=here.version))


def _goes_back(host: Host, have: State) -> bool:
    return bool(host.engine.version and is_older(host.engine.version, have.version))


def _may_go_back(host: Host, have: State, origin: Origin) -> bool:
    """Whether a change of source may bring an older engine, as far as can be seen before its packages are looked at."""
    newer = bool(host.engine.version and is_older(have.version or "0", host.engine.version))
    return host.engine.downgrade and bool(host.engine.source) and have.package != origin.engine and not newer


def _cause(host: Host, here: State | None, origin: Origin) -> str | None:
    """Why packages of the engine are to be installed; ``None`` where they are as desired."""
    asked = host.engine.version
    if here is None or not here.installed:
        return steps.absent(here)
    if host.engine.source and here.package != origin.engine:
        there = f"{here.package} {here.version}" if here.package else f"{here.version} from a tarball"
        return f"{there}, desired {origin.engine}" + (f" {asked}" if asked else "")
    if asked and not fits(here.version, asked):
        return f"version {here.version}, desired {asked}"
    return origin.apart(here)


def _parser(here: State | None, origin: Origin, host: Host) -> list[Step]:
    return [steps.parser(host.name)] if here and here.lacks_parser and not origin.exact else []


role = Engine()
