"""What is to be said of a host whose engine cannot be brought to what the inventory says."""

from __future__ import annotations

from collections.abc import Sequence

from roles.engine.kinds import CGROUP_V1, ENCRYPTED_CUT, ENGINE_GOES_BACK
from roles.engine.state import CONFINES, State
from skep.model import Host, PackageSet, Tarball
from skep.plan import Finding
from skep.refusals.engines import (
    CGROUP_V1_DEPRECATED,
    ENCRYPTED,
    cuts_encrypted,
    fits,
    is_from,
    is_older,
    refused_settings,
)
from skep.seen import Member, Platform
from skep.shell import quoted

_WITHOUT_PARSER = "23"
"""The first engine that starts containers without AppArmor where nothing loads its profiles."""
_SNAP = "snap remove docker"


def unsupported(host: str, platform: Platform, *, needs_to_know: bool = False) -> Finding | None:
    """A system that no engine can be installed on; one that says nothing of itself only where it ``needs_to_know``."""
    from roles.engine.families import BY_HAND, Unsupported, family_of, release_of  # only here: reads files

    if not platform.distribution and not needs_to_know:
        return None
    try:
        its = family_of(platform)
        if needs_to_know:
            release_of(its, platform)
    except Unsupported as error:
        return not_on(host, str(error), error.next_action)
    if its.distribution or needs_to_know:
        return None
    return _error(
        host,
        f"runs {platform}; {its.name} has no engine of its own",
        f"take Docker's packages (engine.source: vendor), or {BY_HAND}",
    )


def not_on(host: str, what: str, action: str) -> Finding:
    """A system that nothing can be installed on, as ``Unsupported`` has it."""
    return _error(host, what, action)


def masked(host: str) -> Finding:
    """systemd must not start it."""
    return _error(
        host,
        "docker.service is masked: systemd never starts it",
        f"if nobody needs it so, on {host}: systemctl unmask docker.service",
    )


def started_elsewhere(host: str, by: str) -> Finding:
    """An engine runs that docker.service did not start: a second one would not start beside it."""
    stop = f"systemctl disable --now {quoted(by)}" if by.endswith(".service") else "kill $(cat /var/run/docker.pid)"
    return _error(
        host,
        f"its engine was started by {by}, not by docker.service: no other starts beside it",
        f"write what it is started with, such as its data root, into daemon of that host (on {host}:"
        f" tr '\\0' ' ' </proc/$(cat /var/run/docker.pid)/cmdline); then on {host}: {stop}; and run the same"
        " command again",
    )


def unitless(host: str, program: str) -> Finding:
    """Somebody put a program there, and nothing that starts it."""
    return _error(
        host,
        f"has {program}, of no package, and no docker.service that starts it",
        f"give it a docker.service there; or, for an engine to be installed, on {host}: mv {program} {program}.before;"
        " and run the same command again",
    )


def in_the_way(host: str, names: Sequence[str]) -> Finding:
    """apt would remove other packages, unasked."""
    return _error(
        host,
        f"docker.io cannot be installed beside {', '.join(names)}, which apt would remove",
        f"if nobody needs them, on {host}: apt-get remove {' '.join(names)}",
    )


def foreign(host: Host, have: State, engine: str) -> Finding:
    """Another package than the distribution's in another version than asked, and no word on the source."""
    return _error(
        host.name,
        f"has {_called(have)}, the inventory asks for {engine or 'version'} {host.engine.version}",
        "set engine.source for this host, or take engine.version out of the inventory for it, or replace the package by"
        " hand",
    )


def by_hand(host: Host, have: State) -> Finding:
    """An engine that no package manager knows, where packages are desired."""
    return _error(
        host.name,
        f"has {_called(have)}, the inventory asks for another (engine.source: {host.engine.source})",
        f"take engine.source out of the inventory for this host, and its engine is used as it is; or, on {host.name}:"
        f" systemctl stop docker, remove what was installed by hand and keep {host.data_root}, then run this again",
    )


def snap(host: str) -> Finding:
    """An engine in a snap: it keeps its data elsewhere, and cannot join a swarm with all that daemon.json may say."""
    return _error(
        host,
        "has Docker as a snap, whose data in /var/snap/docker no other engine takes over",
        f"if what runs in it may go, on {host}: {_SNAP}; then run this again",
    )


def shared(host: str, files: Sequence[str], manager: str) -> Finding:
    """A file that names the vendor's repository among others: not ours to rewrite."""
    why, part = "apt stops where one repository has two keys", "paragraph"
    if manager != "apt":
        why, part = "dnf would take packages from both, whatever key is desired", "section"
    return _error(
        host,
        f"{', '.join(files)} names Docker's repository among others: {why}",
        f"on {host}, take the {part} with Docker's repository out of it, then run this again",
    )


def older(host: Host, have: State) -> Finding:
    """A downgrade that nobody allowed."""
    return _error(
        host.name,
        f"has {_called(have)}, desired is the older {host.engine.version}: it may not read what the newer"
        " one wrote (images, networks, volumes' settings), and a manager may not start with the swarm's log",
        f"desire {have.version} or newer; or, for a manager first role: worker and a run, and then allow it:"
        " engine.downgrade: true",
    )


def goes_back(host: Host, member: Member | None, what: str) -> list[Finding]:
    """A downgrade that was allowed, or what may be one."""
    if not (member and member.manager):
        return []
    text = f"a manager that {what} may not start again"
    action = "safer: role: worker and a run first, and back afterwards"
    return [Finding("warning", text, host=host.name, role="engine", next_action=action, kind=ENGINE_GOES_BACK)]


def of_version(host: Host, have: State, encrypted: Sequence[str]) -> list[Finding]:
    """What the version of an engine that stays does not go together with; the inventory is checked for the others."""
    version = have.version or ""
    found = [
        _error(
            host.name, f"daemon: {key} {problem}", f"take {key} out of daemon in the inventory, or set engine.version"
        )
        for key, problem in refused_settings(host.daemon, version)
    ]
    if encrypted and cuts_encrypted(version):
        found.append(_cut(host, f"has {_called(have)}", encrypted))
    if have.cgroup == "1" and is_from(version, CGROUP_V1_DEPRECATED):
        text = f"has {_called(have)} and cgroup v1, which that version deprecates"
        action = CGROUP_V1.fix
        found.append(Finding("warning", text, host.name, "engine", action, standing=True, kind=CGROUP_V1))
    return found


def to_be_cut(host: Host, have: State | None, encrypted: Sequence[str]) -> list[Finding]:
    """A version that is yet to come, beside encrypted networks. Those of the inventory are errors of it."""
    version = host.engine.version or ""
    there = bool(have and have.installed and fits(have.version or "", version))
    cuts = bool(encrypted) and cuts_encrypted(version) and not there
    return [_cut(host, f"is to have the engine {version}", encrypted)] if cuts else []


def _cut(host: Host, what: str, encrypted: Sequence[str]) -> Finding:
    text = f"{what}, and {encrypted[0]} is encrypted: {ENCRYPTED}"
    return Finding("warning", text, host.name, "engine", "set engine.version: 29.3", kind=ENCRYPTED_CUT)


def of_another_machine(host: str, own: str, supply: Tarball | PackageSet) -> Finding:
    """Files with programs that cannot run there."""
    keys = "engine.tarball, engine.sha256" if isinstance(supply, Tarball) else "engine.packages"
    return _error(
        host,
        f"is {own}, and {supply.path} holds programs for {supply.architecture}",
        f"name files for its architecture for this host or a group of such hosts ({keys})",
    )


def strange(host: str, files: Sequence[str]) -> Finding:
    """Units and programs that are not skep's, where those of a tarball belong."""
    units = [path for path in files if path.endswith((".service", ".socket"))]
    away = "; ".join(f"mv {path} {path}.old" for path in files)
    keep = f"keep what {', '.join(units)} sets as a drop-in in {units[0]}.d, without ExecStart; " if units else ""
    return _error(
        host,
        f"has {', '.join(files)}, not skep's, and an engine from a tarball needs that place",
        f"{keep}if nothing needs {'it' if len(files) == 1 else 'them'}, on {host}: {away}; then run this again",
    )


def rooted(host: str) -> Finding:
    """An engine of packages that has its data root where the units of a tarball do not say it."""
    return _error(
        host,
        "the engine has its data root from its command line, and one from a tarball would begin with an empty one",
        f"on {host}, write it as data-root into /etc/docker/daemon.json, take the option out of docker.service, then:"
        " systemctl daemon-reload; systemctl restart docker; then run this again",
    )


def of_another_system(host: str, platform: Platform, packages: PackageSet) -> Finding:
    """Package files that are not for its package manager."""
    return _error(
        host,
        f"runs {platform}, and {packages.path} holds .{packages.kind} packages",
        "name a folder with packages of its distribution for this host or a group of such hosts (engine.packages)",
    )


def lacking(host: str, package: str, why: str, folder: str = "") -> Finding:
    """Something of the distribution's that the operator's files do not bring along; where they are packages of a
    ``folder``, it can be put there."""
    there = (
        f"put the distribution's package {package} into {folder} and its SHA256SUMS"
        if folder
        else (f"install the distribution's package {package} on {host}, such as from its installation medium")
    )
    return _error(host, f"has no {package}: {why}", f"{there}; then run this again")


def lacks_parser(host: str, have: State | None, version: str, folder: str = "") -> Finding | None:
    """The same of what loads AppArmor's profiles, which engines of that version may do without."""
    if not (have and have.lacks_parser and is_older(version, _WITHOUT_PARSER)):
        return None
    return lacking(host, "apparmor", f"{CONFINES}, without which no container starts", folder)


def _called(have: State) -> str:
    if have.tarball:
        return f"docker {have.version} from a tarball"
    return f"{have.package} {have.version}" if have.package else "an engine without a package"


def _error(host: str, text: str, action: str) -> Finding:
    return Finding("error", text, host=host, role="engine", next_action=action)
