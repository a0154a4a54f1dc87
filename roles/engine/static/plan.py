"""An engine from a tarball on a host: sent, unpacked beside what runs, put in its place while the node is drained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roles.engine import findings, steps
from roles.engine.origin import Origin
from roles.engine.package_managers import APT, DNF, MIB, Manager
from roles.engine.state import ENGINES, VENDOR, State
from roles.engine.static.unit_files import SUMS, UNITS
from skep.milestones import configured, engine_up
from skep.model import Host, Tarball
from skep.plan import Finding, Run, Send, Step
from skep.refusals.engines import is_older
from skep.seen import Member, Platform
from skep.shell import quoted, script
from skep.steps import StepId

AGAINST = (
    *ENGINES,
    *VENDOR[1:],
    "docker-cli",
    "docker",
    "docker-client",
    "docker-engine",
    "podman-docker",
    "containerd",
)
"""Packages that would have an engine or Docker's command beside it."""


def on_host(
    host: Host, tarball: Tarball, have: State | None, platform: Platform, member: Member | None
) -> tuple[list[Step | Finding], Step | None]:
    """What is to be said and done of a host; apart from that, the step that interrupts an engine in a swarm."""
    refused = _refused(host, tarball, have, platform)
    if refused:
        return [refused], None
    here = have if have and have.installed else None
    items: list[Step | Finding] = []
    manager = APT if platform.packages == "apt-get" else DNF
    if have and have.source:
        items.append(steps.source(host, Origin("", "", manager=manager), have, ""))
    cause = _cause(tarball, here) if here else steps.absent(have)
    if cause is None and here:
        if here.outlived and member:
            return items, steps.in_turn(steps.restart(host, here))
        items += [steps.restart(host, here)] if here.outlived else []
        if not (here.running and here.enabled):
            items.append(steps.start(host, "not started at boot" if here.running else "not running"))
        return items, None
    going = tuple(name for name in AGAINST if have and name in have.packages)
    sent = not (here and here.tarball == tarball.sha256 and not here.damaged)
    if sent:
        items += [_send(host, tarball, cause or ""), _unpack(host, tarball, cause or "", going, manager)]
    install = _install(host, tarball, have, cause or "", going, manager, sent=sent)
    if here and is_older(tarball.version, here.version):
        items += findings.goes_back(host, member, f"goes back from {here.version} to {tarball.version}")
    if member:
        return items, steps.in_turn(install)
    return [*items, install], None


def _refused(host: Host, tarball: Tarball, have: State | None, platform: Platform) -> Finding | None:
    """Why nothing can be done there."""
    own = platform.architecture
    if own and own != tarball.architecture and not (tarball.architecture == "arm" and own.startswith("armv")):
        return findings.of_another_machine(host.name, own, tarball)
    if have is None:
        return None
    if have.snap and not (have.package or have.tarball):
        return findings.snap(host.name)
    if have.installed and not (have.package or have.tarball):
        return findings.by_hand(host, have)
    if have.strange:
        return findings.strange(host.name, have.strange)
    if have.rooted and have.package:
        return findings.rooted(host.name)
    if have.lacks_iptables:
        return findings.lacking(host.name, "iptables", "the engine does not start without it")
    confined = findings.lacks_parser(host.name, have, tarball.version)
    if confined:
        return confined
    if have.installed and is_older(tarball.version, have.version) and not host.engine.downgrade:
        return findings.older(host, have)
    return None


def _cause(tarball: Tarball, here: State) -> str | None:
    """Why it is to be put in place; ``None`` where it is as desired."""
    if not here.tarball:
        return f"{here.package} {here.version}, desired {tarball.version} from a tarball"
    if here.version != tarball.version:
        return f"version {here.version}, desired {tarball.version}"
    if here.tarball != tarball.sha256:
        return f"is from another tarball of {tarball.version}"
    unlike = [*here.damaged, *here.unlinked, *(name for name, sum in SUMS.items() if here.units.get(name) != sum)]
    return f"{', '.join(unlike)} missing or altered" if unlike else None


def _sent(tarball: Tarball) -> str:
    return f"/var/lib/skep/engine/docker-{tarball.version}-{tarball.sha256[:12]}.tgz"


def _place(tarball: Tarball) -> str:
    return f"/opt/skep/docker-{tarball.version}-{tarball.sha256[:12]}"


def _send(host: Host, tarball: Tarball, cause: str) -> Step:
    name = tarball.path.rpartition("/")[2]
    return Send(
        id=StepId("engine", "send", host.name),
        host=host.name,
        title=f"send {name}, {-(-tarball.size // MIB)} MiB",
        cause=cause,
        source=tarball.path,
        path=_sent(tarball),
        size=tarball.size,
        sha256=tarball.sha256,
        mode=0o600,
        timeout=3600,
    )


def _unpack(host: Host, tarball: Tarball, cause: str, going: Sequence[str], manager: Manager) -> Step:
    return Run(
        id=StepId("engine", "unpack", host.name),
        host=host.name,
        title=f"unpack docker {tarball.version}",
        cause=cause,
        detail=(f"into {_place(tarball)}, beside what runs",),
        script=(f"{manager.script('remove')}may_remove\n" if going else "") + script("roles/engine/static/unpack.sh"),
        variables={
            **_names(tarball),
            "FROM": _sent(tarball),
            "SENT": quoted(tarball.path),
            "SHA256": tarball.sha256,
            "VERSION": tarball.version,
            "GOING": " ".join(going),
        },
        otherwise="do what the cause says, then run the same command again; no engine was touched yet",
        needs=(StepId("engine", "send", host.name),),
        timeout=600,
        writes={"/opt/skep": tarball.unpacked + MIB},
        patience=steps.PATIENCE if going else 0.0,
    )


def _install(
    host: Host,
    tarball: Tarball,
    have: State | None,
    cause: str,
    going: tuple[str, ...],
    manager: Manager,
    *,
    sent: bool,
) -> Run:
    detail = ["links in /usr/local/bin; units docker.service, docker.socket, containerd.service in /etc/systemd/system"]
    if going and have:
        names = ", ".join(f"{name} {have.packages[name]}" for name in going)
        detail.append(f"removes {names}; {host.data_root} stays as it is")
    return Run(
        id=StepId("engine", "install", host.name),
        host=host.name,
        title=f"put docker {tarball.version} in place",
        cause=cause,
        detail=tuple(detail),
        script=(manager.script("remove") if going else "") + script("roles/engine/static/install.sh"),
        files={name: text.encode() for name, text in UNITS.items()},
        variables={**_names(tarball), "GOING": " ".join(going)},
        otherwise="fix what the cause says, then run the same command again",
        needs=(StepId("engine", "unpack", host.name),) if sent else (),
        after=(configured(host.name),),
        provides=(engine_up(host.name),),
        timeout=900,
        writes={host.data_root: steps.STARTING, "/etc/systemd/system": MIB, "/usr/local/bin": MIB},
        patience=steps.PATIENCE if going else 0.0,
        restarts=bool(have and have.installed and have.running),
    )


def _names(tarball: Tarball) -> Mapping[str, str]:
    return {"PLACE": _place(tarball), "NAMES": " ".join(tarball.names)}
