"""The steps that bring an engine to a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from roles.engine.origin import Origin, removals
from roles.engine.package_managers import APT, MIB
from roles.engine.state import CONFINES, VERSIONLOCK, State
from skep.milestones import SWARM_SETTINGS, configured, engine_up
from skep.model import Host
from skep.plan import Run, Step
from skep.refusals.engines import prefix
from skep.shell import script
from skep.steps import StepId

STARTING = 16 * MIB
"""What an engine writes into its data root when it starts."""
PATIENCE = 600.0
"""Seconds to wait for another apt or dnf, as on the first boot of a host that upgrades itself."""
_NOT_DOCKERS = {
    "distribution": "desired are the distribution's",
    "static": "desired is a tarball",
    "offline": "desired are package files",
}


def source(host: Host, origin: Origin, have: State | None, cause: str) -> Step:
    """Before any package is asked for: the repository is known, its key checked, and nothing else names it. Or, where
    packages are to come from the distribution, the vendor's repository is forgotten."""
    stale = have.stale if have and origin.source else ()
    title = f"take packages from {origin.key.removesuffix('/gpg')}" if origin.source else "forget Docker's packages"
    place = StepId("engine", "source", host.name)
    files = f"{origin.manager.list} and {origin.manager.key}"
    return Run(
        id=place,
        host=host.name,
        title=title,
        cause=cause if origin.source else _NOT_DOCKERS.get(host.engine.source or "", ""),
        detail=(
            (f"writes {files}, whose fingerprint must be {origin.fingerprint}", *removals(stale))
            if origin.source
            else (f"removes {files}",)
        ),
        script=origin.manager.script("source"),
        variables={
            "SOURCE": origin.source,
            "KEY": origin.key,
            "FINGERPRINT": origin.fingerprint,
            "DESIRED": prefix(host.engine.version or ""),
            "AVOID": " ".join(origin.avoid),
            "STALE": "\n".join(stale),
        },
        otherwise="do what the cause says, then run the same command again",
        needs=() if origin.source else (StepId("engine", "install", host.name),),
        after=(configured(host.name),),
        timeout=300,
        writes=origin.manager.sourcing,
        patience=PATIENCE,
    )


def choice(host: Host, origin: Origin, have: State | None) -> Mapping[str, str]:
    """What the scripts take that choose packages."""
    held = {True: "yes", False: "no", None: ""}[origin.held]
    return {
        "ENGINE": origin.engine,
        "CLIENT": origin.client,
        "BESIDE": " ".join(origin.beside),
        "GOING": " ".join(origin.going(have)),
        "DESIRED": prefix(host.engine.version or ""),
        "AVOID": " ".join(origin.avoid),
        "DOWNGRADE": "yes" if host.engine.downgrade else "",
        "HOLD": held,
        **({} if not origin.exact else _sent(origin)),
    }


def _sent(origin: Origin) -> Mapping[str, str]:
    """What the scripts take that install package files."""
    return {
        "EXACT": " ".join(f"{name}={version}" for name, version in origin.exact.items()),
        "OWN": " ".join(origin.files),
        "OTHERS": " ".join(origin.others.values()),
    }


def _holding(origin: Origin, have: State | None) -> tuple[str, ...]:
    """What is installed for packages to be held, for the plan."""
    if not (have and have.lacks_versionlock and origin.held) or origin.manager is APT:
        return ()
    return (
        (f"installs {VERSIONLOCK}, which holds packages",) if not origin.exact or VERSIONLOCK in origin.others else ()
    )


def _why(host: Host, origin: Origin, names: str) -> str:
    """What shows why packages were not installed: apt and dnf say little of it in the words that are kept."""
    look = "" if origin.exact else f"; on {host.name} these show what keeps it: {origin.manager.look.format(names)}"
    return f"do what the cause says{look}; then run the same command again"


def _named(host: Host, origin: Origin) -> str:
    return origin.engine + (f" {host.engine.version}" if host.engine.version else "")


def install(host: Host, origin: Origin, have: State | None, cause: str, *, sourced: bool, fetched: bool = False) -> Run:
    """Packages, service and all; ``sourced``: a step before names the repository; ``fetched``: one downloads them."""
    parser = bool(
        have and have.lacks_parser and not have.installed and (not origin.exact or "apparmor" in origin.others)
    )
    going = origin.going(have)
    tarball = bool(have and have.tarball)
    detail = [f"with apparmor: {CONFINES}"] if parser else []
    if origin.exact:
        detail.append(f"with {', '.join(name for name in origin.exact if name != origin.engine)}, from the files sent")
    elif origin.beside:
        detail.append(f"with {origin.client} of the same version, {', '.join(origin.beside)}")
    detail += () if fetched else _holding(origin, have)
    if going and have:
        names = ", ".join(f"{name} {have.packages[name]}" for name in going)
        detail.append(f"removes {names}; {host.data_root} stays as it is")
    if tarball and have:
        detail.append(f"removes docker {have.version} from /opt/skep and its units; {host.data_root} stays as it is")
    before = ("check", bool(origin.exact)), ("source", sourced and not origin.exact), ("fetch", fetched)
    return Run(
        id=StepId("engine", "install", host.name),
        host=host.name,
        title=f"install {_named(host, origin)}",
        cause=cause,
        script=origin.script("install"),
        variables={
            **choice(host, origin, have),
            "MORE": "apparmor" if parser else "",
            "TARBALL": "yes" if tarball else "",
        },
        detail=tuple(detail),
        otherwise=_why(host, origin, origin.engine),
        needs=tuple(StepId("engine", action, host.name) for action, is_there in before if is_there),
        after=(configured(host.name),),
        provides=(engine_up(host.name),),
        timeout=900,
        writes=origin.manager.installing,
        patience=PATIENCE,
        restarts=bool(have and have.installed and have.running and origin.interrupts(have)),
    )


def absent(have: State | None) -> str:
    """Why there is no engine to be relied on."""
    return "its installation was cut short" if have and have.cut_short else "not installed"


def in_turn(step: Run, *before: StepId) -> Run:
    """A step that interrupts an engine in a swarm, once these are done."""
    return replace(step, needs=(*step.needs, SWARM_SETTINGS, *before), restarts=True)


def fetch(host: Host, origin: Origin, have: State | None, cause: str, *, sourced: bool) -> Step:
    """Before any node is drained: every host has found and downloaded what it is to install."""
    return Run(
        id=StepId("engine", "fetch", host.name),
        host=host.name,
        title=f"download {_named(host, origin)}",
        cause=cause,
        detail=_holding(origin, have),
        script=origin.manager.script("fetch"),
        variables=choice(host, origin, have),
        otherwise="do what the cause says, or change engine.version or the host's package sources, then run the same"
        " command again; no node was drained yet",
        needs=(StepId("engine", "source", host.name),) if sourced and origin.source else (),
        after=(configured(host.name),),
        only_with=StepId("engine", "install", host.name),
        timeout=600,
        writes=origin.manager.fetching,
        patience=PATIENCE,
    )


def beside(host: Host, origin: Origin, have: State) -> list[Step]:
    """What can be changed while the engine runs: plugins of the client, and whether packages are held."""
    if host.engine.source is None or have.package != origin.engine:
        return []
    found: list[Step] = []
    missing, hold = origin.missing(have), origin.to_hold(have)
    if missing:
        found.append(
            Run(
                id=StepId("engine", "plugins", host.name),
                host=host.name,
                title=f"install {', '.join(missing)}",
                cause="not installed",
                detail=_holding(origin, have),
                script=origin.manager.script("plugins"),
                variables={"PACKAGES": " ".join(missing), "HOLD": "yes" if origin.held else ""},
                otherwise=_why(host, origin, " ".join(missing)),
                after=(StepId("engine", "source", host.name),),
                timeout=600,
                writes=origin.manager.installing,
                patience=PATIENCE,
            )
        )
    if hold:
        found.append(
            Run(
                id=StepId("engine", "hold", host.name),
                host=host.name,
                title=f"{'hold' if origin.held else 'no longer hold'} {', '.join(hold)}",
                cause="anything that upgrades packages would restart the engine"
                if origin.held
                else "desired is that the package manager may upgrade them",
                detail=() if missing else _holding(origin, have),
                script=origin.manager.script("hold"),
                variables={"PACKAGES": " ".join(hold), "HOLD": "yes" if origin.held else "no"},
                writes={origin.manager.database: 32 * MIB},
                patience=PATIENCE,
            )
        )
    return found


def start(host: Host, cause: str) -> Step:
    """Enable and start what is installed."""
    return Run(
        id=StepId("engine", "start", host.name),
        host=host.name,
        title="enable and start docker",
        cause=cause,
        script=script("roles/engine/start.sh"),
        otherwise="do what the cause says, or fix what docker's log says; a daemon.json that was replaced is kept as"
        " /etc/docker/daemon.json.before-skep",
        after=(configured(host.name),),
        provides=(engine_up(host.name),),
        writes={host.data_root: STARTING, "/etc/systemd/system": MIB},
    )


def tidy(host: Host) -> Step:
    """What was sent for an installation that is not to be any more."""
    return Run(
        id=StepId("engine", "tidy", host.name),
        host=host.name,
        title="remove files that were sent for an engine",
        cause="nothing installs them any more",
        detail=("removes /var/lib/skep/engine",),
        script=script("roles/engine/tidy.sh"),
    )


def restart(host: Host, have: State) -> Run:
    """The installed engine in place of an older one that still runs."""
    return Run(
        id=StepId("engine", "restart", host.name),
        host=host.name,
        title="restart docker",
        cause=f"runs {have.serves}, installed is {have.version}",
        script=script("roles/engine/restart.sh"),
        otherwise="fix what docker's log says, then run the same command again",
        after=(configured(host.name),),
        provides=(engine_up(host.name),),
        writes={host.data_root: STARTING},
        restarts=True,
    )


def parser(host: str) -> Step:
    """What loads AppArmor's profiles."""
    return Run(
        id=StepId("engine", "apparmor", host),
        host=host,
        title="install apparmor",
        cause="no container can start: the kernel confines them with AppArmor, and there is no apparmor_parser",
        script=script("roles/engine/apparmor.sh"),
        provides=(engine_up(host),),
        timeout=900,
        writes={**APT.fetching, "/usr": 16 * MIB, "/var/lib/dpkg": 32 * MIB, "/etc": MIB},
        patience=PATIENCE,
    )
