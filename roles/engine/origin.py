"""Where the packages of an engine come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from roles.engine.package_managers import APT, DNF, Manager
from roles.engine.state import PLUGINS, VENDOR, State
from skep.dataclass import dataclass
from skep.model import Engine
from skep.seen import Platform


@dataclass(frozen=True, slots=True)
class Origin:
    """Packages of an engine, and the repository they come from where that is not the distribution's."""

    engine: str
    client: str
    beside: tuple[str, ...] = ()
    """What is installed together with them."""
    against: tuple[str, ...] = ()
    """What cannot stay beside them."""
    source: str = ""
    """The file that names the repository."""
    key: str = ""
    """Where the repository has its key."""
    fingerprint: str = ""
    held: bool | None = None
    """Whether they are not to be upgraded by anything else; ``None`` leaves that as it is."""
    avoid: tuple[str, ...] = ()
    """Versions, or beginnings of them, that are not to be taken."""
    manager: Manager = APT
    exact: Mapping[str, str] = field(default_factory=dict)
    """Versions of packages whose files are sent to the host, by name; empty where they come from a repository."""

    files: tuple[str, ...] = ()
    """Where these files are on the host."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Further files, by the package's name: what these need, where the host lacks it."""

    @property
    def of_distribution(self) -> bool:
        """Whether they come from the distribution's repositories."""
        return not self.source and not self.exact

    def script(self, name: str) -> str:
        """The script of that name that installs them, or prepares that."""
        return self.manager.script(f"offline/{name}" if self.exact else name)

    def going(self, have: State | None) -> tuple[str, ...]:
        """What has to be removed before they can be installed."""
        return tuple(name for name in self.against if have and name in have.packages)

    def unlike(self, have: State | None) -> str | None:
        """In what the host's package source differs; ``None`` where it does not."""
        here = have or State(None)
        if here.source != self.source:
            return "differs" if here.source else "missing"
        if self.source and here.keys != (self.fingerprint,):
            return "its key is missing, has expired, or is another one"
        return "other files name it, too" if here.stale and self.source else None

    def apart(self, have: State) -> str | None:
        """How the engine's client, containerd or plugins differ from the engine; ``None`` where they do not."""
        if self.exact:
            return "; ".join(self.differing(have).values()) or None
        version, client = have.packages.get(self.engine), have.packages.get(self.client)
        if version and self.source and client != version:
            return f"{self.client} is {client or 'not installed'}, {self.engine} is {version}"
        return None

    def differing(self, have: State) -> Mapping[str, str]:
        """Packages that are not those of the files, by name: how each differs."""
        return {
            name: f"{name} is {have.packages.get(name) or 'not installed'}, desired {version}"
            for name, version in self.exact.items()
            if have.packages.get(name) != version
        }

    def interrupts(self, have: State) -> bool:
        """Whether their installation may stop the engine that runs: that of mere plugins of the client does not."""
        return not self.exact or not set(self.differing(have)) <= {*PLUGINS, self.client}

    def missing(self, have: State) -> tuple[str, ...]:
        """What is to be installed beside the engine, and is not, from a repository."""
        return () if self.exact else tuple(name for name in self.beside if name not in have.packages)

    def to_hold(self, have: State) -> tuple[str, ...]:
        """Packages whose hold is to be set or taken off."""
        names = [name for name in (self.engine, self.client, *self.beside) if name in have.packages]
        return tuple(name for name in names if self.held is not None and (name in have.held) != self.held)


def distribution(engine: Engine, platform: Platform) -> Origin:
    """The distribution's own; its ``engine`` is empty where there is none."""
    if platform.packages not in ("dnf", "dnf5", "yum"):
        return Origin("docker.io", "docker-cli", against=VENDOR, held=engine.hold)
    from roles.engine.families import Unsupported, family_of  # only here: reads files

    try:
        own = family_of(platform).distribution
    except Unsupported:
        own = ()
    names = (*own, "", "")
    return Origin(names[0], names[1], against=VENDOR, held=engine.hold, manager=DNF)


def vendor(engine: Engine, platform: Platform, *, direct: bool = False) -> Origin:
    """Docker's packages, from its own repository or a mirror, which is ``direct`` where it is reached without the proxy
    that the host has; ``Unsupported`` where it has none for that host."""
    from roles.engine.families import family_of, release_of  # only here: reads files

    its = family_of(platform)
    release = release_of(its, platform)
    base = f"{engine.repository.rstrip('/')}/{its.vendor.path_of(release)}"
    manager = APT if its.manager == "apt" else DNF
    return Origin(
        "docker-ce",
        "docker-ce-cli",
        beside=("containerd.io", *(f"docker-{name}-plugin" for name in engine.plugins)),
        against=its.vendor.conflicts,
        source=manager.source(base, release, engine.channel, direct),
        key=f"{base}/gpg",
        fingerprint=engine.fingerprint or its.vendor.fingerprint,
        held=engine.hold is not False,
        manager=manager,
    )


def removals(stale: Sequence[str]) -> list[str]:
    """What becomes of other files that name the repository, for the plan."""
    lists = [path for path in stale if path.endswith((".list", ".sources"))]
    return [
        f"takes Docker's lines out of {path}, and removes it if nothing else is in it" if path in lists
        else f"removes {path}"
        for path in stale
    ]  # fmt: skip
