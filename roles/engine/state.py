"""The engine of a host as it is, and how versions are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.questions import Answers
from skep.refusals.engines import upstream

ENGINES = ("docker-ce", "docker.io", "moby-engine")
"""Packages that are an engine."""
VENDOR = (
    "docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin",
    "docker-ce-rootless-extras",
)  # fmt: skip
"""All packages of the vendor's that the distribution's own cannot stay beside."""
PLUGINS = (
    "docker-buildx-plugin", "docker-compose-plugin", "docker-buildx", "docker-compose", "docker-compose-v2",
    "docker-doc",
)  # fmt: skip
"""What goes with the client, and no engine notices."""
OF_ENGINE = (
    *dict.fromkeys((*ENGINES, *VENDOR[1:], *PLUGINS)), "docker-cli", "containerd", "runc",
)  # fmt: skip
"""Packages that are an engine, or belong to one and are of use with nothing else."""
INTERRUPTED = ("half-installed", "unpacked", "half-configured")
"""What dpkg calls a package whose installation was cut short, as by a reboot."""
BESIDE_IT = {*PLUGINS, "docker-ce-rootless-extras"}
"""Packages that may be half installed while the engine is whole."""
VERSIONLOCK = "python3-dnf-plugin-versionlock"
"""What dnf4 holds packages with; dnf5 does so by itself."""
APPARMOR = "name=apparmor"
"""What an engine reports in ``/info`` that confines containers with AppArmor. Later ones than 20.10 report it only
where they can load its profiles, and else go without."""
CONFINES = "this kernel confines containers with it, and there is no apparmor_parser"


@dataclass(frozen=True, slots=True)
class State:
    """The engine of a host. ``version`` is what is installed, or the desired prefix; ``None`` means any. All from
    ``masked`` on is observed only."""

    version: str | None
    enabled: bool = True
    running: bool = True
    package: str | None = None
    installed: bool = True
    masked: bool = False
    """Whether systemd is forbidden to start it."""
    in_the_way: tuple[str, ...] = ()
    """Packages that apt would remove to install the distribution's engine."""
    lacks_parser: bool = False
    """Whether containers cannot start since the kernel confines with AppArmor and nothing loads its profiles."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions, as the package manager writes them, of all that belongs to an engine or cannot stay beside one."""
    held: frozenset[str] = frozenset()
    """Those of them that are not upgraded by the package manager."""
    source: str = ""
    """The file that names the vendor's repository."""
    keys: tuple[str, ...] = ()
    """Fingerprints of the keys that this repository is trusted with, those that have expired left out."""
    stale: tuple[str, ...] = ()
    """Other files that name the vendor's repository, or hold its key."""
    shared: tuple[str, ...] = ()
    """Such files that hold something else, too."""
    snap: bool = False
    """Whether there is an engine that was installed as a snap."""
    serves: str | None = None
    """What the running engine says its version is, where it came from a package or a tarball."""
    tarball: str = ""
    """The sha256 of the tarball that the engine is from."""
    damaged: tuple[str, ...] = ()
    """Binaries of it that are missing or altered."""
    unlinked: tuple[str, ...] = ()
    """Links to them that are missing or lead elsewhere."""
    units: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of each of its units."""
    lacks_iptables: bool = False
    cgroup: str = ""
    """The version of cgroup that the running engine found."""
    cut_short: bool = False
    """Whether the installation of a package was cut short, so that it counts as not installed, though it may run."""
    strange: tuple[str, ...] = ()
    """Units and programs that are not skep's, in the place of those of a tarball that some host is to have."""
    rooted: bool = False
    """Whether the engine has its data root from its command line."""
    lacks_versionlock: bool = False
    """Whether it is dnf4 that manages its packages, without what that holds packages with."""
    unitless: str = ""
    """The program of an engine that is of no package, where there is no docker.service to start it."""
    started_by: str = ""
    """The unit, or else the control group, of an engine that runs and was not started by docker.service."""
    sent: bool = False
    """Whether files lie there that were sent for an installation."""

    @property
    def outlived(self) -> bool:
        """Whether the engine that runs is another than the installed one, as after an upgrade without a restart."""
        return bool(self.running and self.serves and self.version and self.serves != self.version)


def read(text: str, answers: Answers) -> State | None:
    """From what ``probe.sh`` prints; ``None`` where there is nothing of an engine, nor what keeps one away. An engine
    that is half installed counts as not installed, one from a tarball as installed: whatever is missing, it may run."""
    lines = [line for line in text.splitlines() if line.strip()]
    facts = [line.split() for line in lines if not line.startswith("source ")]
    dpkg = [f for f in facts if len(f) > 1 and f[1] in ("installed", *INTERRUPTED)]
    halfway = any(f[0] in {*ENGINES, *VENDOR} - BESIDE_IT and f[1] in INTERRUPTED for f in dpkg)
    packages = {f[0]: f[2] for f in dpkg if f[1] == "installed"}
    values = {f[0]: f[1:] for f in facts if f not in dpkg}
    engine = next((name for name in packages if name in ENGINES), None)
    unit = values.get("unit", [])
    lacks = {f[1] for f in facts if f[0] == "lacks"}
    parser = "apparmor_parser" in lacks
    halfway = halfway and "static" not in values
    installed = not halfway and bool(engine or values.get("binary") or "static" in values)
    version, tarball = ([*values.get("static", []), "", ""] if installed and not engine else ["", ""])[:2]
    state = State(
        version=upstream(packages[engine]) if installed and engine else version or None,
        enabled=installed and "enabled" in unit[:1],
        running=installed and "active" in unit[1:],
        package=engine if installed else None,
        installed=installed,
        masked=any(word in ("masked", "masked-runtime") for word in unit[:1]),
        in_the_way=() if installed else tuple(f[1] for f in facts if f[0] == "removes"),
        lacks_parser=parser and (not installed or APPARMOR in (answers.get("/info", {}).get("SecurityOptions") or ())),
        packages=packages,
        held=frozenset(f[0] for f in dpkg if f[3:4] == ["hold"]),
        source="".join(f"{line.removeprefix('source ')}\n" for line in lines if line.startswith("source ")),
        keys=tuple(f[1] for f in facts if f[0] == "key" and (f[2] == "0" or int(f[2]) > int(f[3]))),
        stale=tuple(line.partition(" ")[2] for line in lines if line.startswith("stale ")),
        shared=tuple(line.partition(" ")[2] for line in lines if line.startswith("shared ")),
        snap="snap" in values,
        serves=upstream(answers.get("/info", {}).get("ServerVersion") or "") or None if engine or tarball else None,
        tarball=tarball,
        damaged=tuple(dict.fromkeys(f[1] for f in facts if f[0] == "damaged")) if tarball else (),
        unlinked=tuple(f[1] for f in facts if f[0] == "unlinked") if tarball else (),
        units={f[1]: f[2] for f in facts if f[0] == "unitfile"} if tarball else {},
        lacks_iptables="iptables" in lacks,
        cgroup=str(answers.get("/info", {}).get("CgroupVersion") or ""),
        cut_short=halfway,
        strange=tuple(line.partition(" ")[2] for line in lines if line.startswith("strange ")),
        rooted="rooted" in values,
        lacks_versionlock="versionlock" in lacks,
        unitless=" ".join(values.get("binary", [])) if not (engine or tarball or _is_unit(unit)) else "",
        started_by=" ".join(values.get("started-by", [])),
        sent="sent" in values,
    )
    return None if state == State(None, False, False, installed=False) else state


def _is_unit(words: list[str]) -> bool:
    """From ``is-enabled`` and the state of docker.service: newer systemctl have a word for one that is not there, older
    ones print nothing."""
    return len(words) != 1 and words[:1] != ["not-found"]
