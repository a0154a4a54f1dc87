"""Package files on a host: sent, and found to be all that it needs, before any engine is touched."""

from __future__ import annotations

from collections.abc import Sequence

from roles.engine import findings, steps
from roles.engine.families import Unsupported, family_of, release_of
from roles.engine.origin import Origin
from roles.engine.package_managers import APT, DNF, MIB
from roles.engine.state import OF_ENGINE, VENDOR, State
from skep.milestones import configured
from skep.model import Host, PackageFile, PackageSet
from skep.plan import Finding, Run, Send, Step
from skep.seen import Platform
from skep.steps import StepId

_KINDS = {"apt": "deb", "dnf": "rpm"}


def origin(host: Host, packages: PackageSet, have: State | None, platform: Platform) -> Origin | Finding:
    """The packages of these files, or why they cannot be installed there."""
    try:
        its = family_of(platform)
        if platform.packages == "yum":
            release_of(its, platform)  # that of version 7 is another program than dnf
    except Unsupported as error:
        return findings.not_on(host.name, str(error), error.next_action)
    if _KINDS[its.manager] != packages.kind:
        return findings.of_another_system(host.name, platform, packages)
    machine, built = platform.architecture, packages.architecture
    if machine and built not in ("", machine) and not (built == "arm" and machine.startswith("arm")):
        return findings.of_another_machine(host.name, machine, packages)
    own = [file for file in packages.files if file.name in OF_ENGINE]
    others = {file.name: _sent(file, packages) for file in packages.files if file not in own}
    confined = findings.lacks_parser(host.name, have, packages.version, packages.path)
    if confined and "apparmor" not in others:
        return confined
    beside = tuple(file.name for file in own if file.name not in (packages.engine, packages.client))
    against = its.vendor.conflicts if packages.engine == VENDOR[0] else VENDOR
    return Origin(
        packages.engine,
        packages.client,
        beside=beside,
        against=tuple(name for name in against if all(name != file.name for file in packages.files)),
        held=host.engine.hold is not False,
        manager=APT if its.manager == "apt" else DNF,
        exact={file.name: file.version for file in own},
        files=tuple(_sent(file, packages) for file in own),
        others=others,
    )


def prepared(host: Host, packages: PackageSet, origin: Origin, have: State | None, cause: str) -> Sequence[Step]:
    """All files, and a look whether they are all that it takes: neither touches an engine."""
    sends = [
        Send(
            id=StepId("engine", "send", host.name, file.name),
            host=host.name,
            title=f"send {file.path.rpartition('/')[2]}, {-(-file.size // MIB)} MiB",
            cause=cause,
            source=file.path,
            path=_sent(file, packages),
            size=file.size,
            sha256=file.sha256,
            mode=0o600,
            timeout=3600,
        )
        for file in packages.files
    ]
    check = Run(
        id=StepId("engine", "check", host.name),
        host=host.name,
        title=f"check that nothing is missing for {packages.engine} {packages.version}",
        cause=cause,
        script=origin.script("check"),
        variables=steps.choice(host, origin, have),
        otherwise=f"do what the cause says; a package that is missing belongs into {packages.path} and its SHA256SUMS."
        " Then run the same command again; no engine was touched yet",
        needs=tuple(step.id for step in sends),
        after=(configured(host.name),),
        timeout=600,
        patience=steps.PATIENCE,
    )
    return [*sends, check]


def _sent(file: PackageFile, packages: PackageSet) -> str:
    """Where it is on a host until it is installed."""
    return f"/var/lib/skep/engine/{file.name}-{file.sha256[:12]}.{packages.kind}"
