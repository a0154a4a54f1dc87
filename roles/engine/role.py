"""The Docker Engine on a host: installed from the distribution, in the version asked, enabled and running."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from skep import places
from skep.dataclass import dataclass
from skep.milestones import ENGINE_UP, SWARM_SETTINGS, configured, engine_up
from skep.model import Cluster, Host
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.role import HostRole
from skep.rolling import ACTIONS, MILESTONES, rolling
from skep.seen import Platform, Seen
from skep.shell import script
from skep.steps import Milestone, StepId

PACKAGES = ("docker-ce", "docker.io", "moby-engine")
INTERRUPTED = ("half-installed", "unpacked", "half-configured")
"""What dpkg calls a package whose installation was cut short, as by a reboot."""
MIB = 1 << 20
FETCHING = {"/tmp": MIB, "/var/lib/apt/lists": 64 * MIB, "/var/cache/apt/archives": 192 * MIB}
INSTALLING = {**FETCHING, "/usr": 512 * MIB, "/var/lib/dpkg": 32 * MIB, "/etc/systemd/system": MIB}
"""What an installation takes at most, measured with the packages of Debian 12 to forky, and some room."""
STARTING = 16 * MIB
"""What an engine writes into its data root when it starts."""
APPARMOR = "name=apparmor"
"""What an engine tells in ``/info`` that confines containers with AppArmor. Later ones than 20.10 tell it only where
they can load its profiles, and else go without."""
PATIENCE = 600.0
"""Seconds to wait for another apt, as on the first boot of a host that upgrades itself."""


@dataclass(frozen=True, slots=True)
class State:
    """The engine of a host. ``version`` is what is installed, or the desired prefix; ``None`` means any."""

    version: str | None
    enabled: bool = True
    running: bool = True
    package: str | None = None
    installed: bool = True
    masked: bool = False
    """Whether systemd is forbidden to start it; observed only."""
    in_the_way: tuple[str, ...] = ()
    """Packages that apt would remove to install it; observed only."""
    lacks_parser: bool = False
    """Whether containers cannot start since the kernel confines with AppArmor and nothing loads its profiles; observed
    only."""


class Engine(HostRole[State]):
    """Installs, upgrades and starts the engine."""

    name = "engine"
    actions: tuple[str, ...] = ("fetch", "install", "start", "apparmor", *ACTIONS)
    milestones: tuple[Milestone, ...] = (ENGINE_UP, *MILESTONES)
    questions: tuple[str, ...] = ("/info",)
    probe = places.probe("roles/engine/probe.sh", PACKAGES=" ".join(PACKAGES))

    def desired(self, cluster: Cluster, host: Host) -> State:
        """Installed in the asked version, enabled, running."""
        return State(version=host.engine.version)

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the package database and systemd; ``None`` without a ``dockerd``, or with one half installed, where
        nothing is in the way of installing it."""
        facts = [line.split() for line in text.splitlines() if line.strip()]
        halfway = any(f[0] in PACKAGES and f[1:2] and f[1] in INTERRUPTED for f in facts)
        packages = {f[0]: f[2] for f in facts if f[0] in PACKAGES and f[1:2] == ["installed"]}
        values = {f[0]: f[1:] for f in facts if f[0] not in PACKAGES}
        unit = values.get("unit", [])
        masked = any(word in ("masked", "masked-runtime") for word in unit[:1])
        if halfway or not (packages or values.get("binary")):
            in_the_way = tuple(f[1] for f in facts if f[0] == "removes")
            if not (masked or in_the_way or "lacks" in values):
                return None
            return State(
                None,
                False,
                False,
                installed=False,
                masked=masked,
                in_the_way=in_the_way,
                lacks_parser="lacks" in values,
            )
        package, version = next(iter(packages.items()), (None, None))
        return State(
            version=upstream(version) if version else None,
            enabled="enabled" in unit[:1],
            running="active" in unit[1:],
            package=package,
            masked=masked,
            lacks_parser="lacks" in values and APPARMOR in (answers.get("/info", {}).get("SecurityOptions") or ()),
        )

    def plan(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Install where absent, start where stopped, change the version host by host where it differs."""
        steps: list[Step | Finding] = []
        upgrades: dict[str, Step] = {}
        for name, want in self.desired_on(cluster, seen).items():
            have = seen.states[name]
            if have and (have.masked or have.in_the_way):
                steps.append(_masked(name) if have.masked else _in_the_way(name, have))
            elif have is None or not have.installed:
                parser = bool(have and have.lacks_parser)
                unsupported = _unsupported(name, seen.platforms.get(name, Platform()))
                steps.append(unsupported or self._install(name, want, "not installed", parser=parser))
            elif want.version and not fits(have.version, want.version):
                if have.package != "docker.io":
                    steps.append(_foreign(name, have, want))
                    continue
                cause = f"version {have.version}, desired {want.version}"
                step = self._install(name, want, cause, restarts=have.running)
                if seen.members.get(name) and have.running:
                    steps.append(_fetch(name, want, step.cause))
                    upgrades[name] = replace(step, needs=(SWARM_SETTINGS, StepId("engine", "fetch", name)))
                else:
                    steps.append(step)
            elif not (have.running and have.enabled):
                cause = "not running" if not have.running else "not started at boot"
                steps.append(
                    Run(
                        id=StepId("engine", "start", name),
                        host=name,
                        title="enable and start docker",
                        cause=cause,
                        script=script("roles/engine/start.sh"),
                        otherwise="fix what docker's log says; a daemon.json that was replaced is kept as"
                        " /etc/docker/daemon.json.before-skep",
                        after=(configured(name),),
                        provides=(engine_up(name),),
                        writes={cluster.host(name).data_root: STARTING, "/etc/systemd/system": MIB},
                    )
                )
            if have and have.installed and have.lacks_parser:
                steps.append(_parser(name))
        fetched = tuple(StepId("engine", "fetch", name) for name in upgrades)
        upgrades = {name: replace(step, gates=fetched) for name, step in upgrades.items()}
        return [*steps, *rolling(cluster, upgrades, seen.members)]

    def _install(self, host: str, want: State, cause: str, *, restarts: bool = False, parser: bool = False) -> Step:
        title = "install docker.io" + (f" {want.version}" if want.version else "")
        return Run(
            id=StepId("engine", "install", host),
            host=host,
            title=title,
            cause=cause,
            script=script("roles/engine/install.sh"),
            variables={"WANTED": want.version or "", "MORE": "apparmor" if parser else ""},
            detail=(f"with apparmor: {CONFINES}",) if parser else (),
            after=(configured(host),),
            provides=(engine_up(host),),
            timeout=900,
            writes=INSTALLING,
            patience=PATIENCE,
            restarts=restarts,
        )


def _unsupported(host: str, platform: Platform) -> Finding | None:
    from roles.engine.families import BY_HAND, Unsupported, family_of  # only here: reads files

    if not platform.distribution:
        return None
    try:
        its = family_of(platform)
    except Unsupported as error:
        return Finding("error", str(error), host=host, role="engine", next_action=error.next_action)
    if its.manager == "apt":
        return None
    return Finding(
        "error", f"runs {platform}, where no engine is installed yet", host=host, role="engine", next_action=BY_HAND
    )


def _masked(host: str) -> Finding:
    return Finding(
        "error",
        "docker.service is masked: systemd is told never to start it",
        host=host,
        role="engine",
        next_action=f"if nobody needs it so, on {host}: systemctl unmask docker.service",
    )


def _in_the_way(host: str, have: State) -> Finding:
    names = " ".join(have.in_the_way)
    return Finding(
        "error",
        f"docker.io cannot be installed beside {', '.join(have.in_the_way)}, which apt would remove",
        host=host,
        role="engine",
        next_action=f"if nobody needs them, on {host}: apt-get remove {names}",
    )


CONFINES = "this kernel confines containers with it, and there is no apparmor_parser"


def _parser(host: str) -> Step:
    return Run(
        id=StepId("engine", "apparmor", host),
        host=host,
        title="install apparmor",
        cause="no container can start: the kernel confines them with AppArmor, and there is no apparmor_parser",
        script=script("roles/engine/apparmor.sh"),
        provides=(engine_up(host),),
        timeout=900,
        writes={**FETCHING, "/usr": 16 * MIB, "/var/lib/dpkg": 32 * MIB, "/etc": MIB},
        patience=PATIENCE,
    )


def _fetch(host: str, want: State, cause: str) -> Step:
    """Before any node is drained: every host has found and downloaded what it is to install."""
    return Run(
        id=StepId("engine", "fetch", host),
        host=host,
        title=f"download docker.io {want.version}",
        cause=cause,
        script=script("roles/engine/fetch.sh"),
        variables={"WANTED": want.version or ""},
        otherwise="do what the cause says, or change engine.version or the host's package sources, then run the same"
        " command again; no node was drained yet",
        only_with=StepId("engine", "install", host),
        timeout=600,
        writes=FETCHING,
        patience=PATIENCE,
    )


def upstream(version: str) -> str:
    """``26.1.5`` from a package version such as ``5:26.1.5+dfsg1-9+b1``."""
    return re.sub(r"^\d+:", "", version).split("+")[0].split("-")[0].split("~")[0]


def fits(version: str | None, desired: str) -> bool:
    """Whether a version is the desired one or begins with its parts: 26.1 fits 26.1.5 and not 26.10."""
    return version is not None and (version == desired or version.startswith(f"{desired}."))


def _foreign(host: str, have: State, want: State) -> Finding:
    return Finding(
        "error",
        f"has {f'{have.package} {have.version}' if have.package else 'an engine without a package'}, the inventory"
        f" asks for docker.io {want.version}",
        host=host,
        role="engine",
        next_action="take engine.version out of the inventory for this host, or replace the package by hand",
    )


role = Engine()
