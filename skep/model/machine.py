"""What a host is to have: its engine, and around it the way out, certificates that are trusted, kernel settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from skep.dataclass import dataclass
from skep.secret import Secret

DOCKER = "https://download.docker.com"
"""Where Docker's own repositories of packages are."""

Source = Literal["distribution", "vendor", "static", "offline"]


@dataclass(frozen=True, slots=True)
class Tarball:
    """An archive of this machine with an engine's binaries, in the layout of Docker's ``docker-VERSION.tgz``."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    version: str
    architecture: str
    """By Docker's name for it, such as ``amd64``."""
    names: tuple[str, ...]
    """Of the binaries in it."""
    unpacked: int
    """Bytes that they take."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A package file of this machine. ``version`` is as the hosts' package manager has it; of an rpm, without its
    epoch. ``size`` in bytes."""

    name: str
    version: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackageSet:
    """A folder of this machine with the package files of an engine and of what it needs."""

    path: str
    kind: Literal["deb", "rpm"]
    architecture: str
    """By Docker's name for it, such as ``amd64``."""
    version: str
    """Of the engine, without what packages add to it."""
    engine: str
    """The package that is the engine."""
    client: str
    """The one with its client; empty where that is the engine's."""
    files: tuple[PackageFile, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """The Docker Engine desired on a host. ``version`` is whole, a prefix such as ``26.1``, or has a ``*`` at its end;
    ``None`` accepts any."""

    source: Source | None = None
    """Where it comes from; ``None`` leaves an engine that is there where it came from, and takes the distribution's
    packages where there is none."""
    tarball: Tarball | None = None
    """Of ``static``; ``version`` is its own then."""
    packages: PackageSet | None = None
    """Of ``offline``, likewise."""
    version: str | None = None
    repository: str = DOCKER
    """Base URL of the vendor's repositories or of a mirror of them; ``linux/debian`` and the like are below it."""
    fingerprint: str | None = None
    """Of the key that the repository is signed with; ``None``: Docker's own."""
    channel: Literal["stable", "test"] = "stable"
    hold: bool | None = None
    """Whether nothing but skep may upgrade its packages; ``None``: the vendor's and those sent to the host are held,
    the distribution's are left as they are."""
    downgrade: bool = False
    """Whether an older version may replace a newer one."""
    plugins: tuple[str, ...] = ()
    """Plugins of Docker's CLI that are desired beside it: ``buildx``, ``compose``."""
    canary: str | None = None
    """An image of Docker Hub that is pulled through each registry mirror when they change."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy for engine and package manager; a ``Secret`` where the URL came from a reference. ``none`` are hosts,
    domains and ranges that are reached without it, beside those that the inventory names itself."""

    http: str | Secret | None = None
    https: str | Secret | None = None
    none: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.http or self.https)


@dataclass(frozen=True, slots=True)
class RegistryCertificates:
    """What ``certs.d`` holds for a registry: PEM texts, ``None`` for a file that is not to be there."""

    ca: str | None = None
    client: str | None = None
    key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Certificates:
    """``registries`` by ``HOST:PORT``; ``trust`` are certificate authorities that the whole host trusts, PEM by the
    name of their file."""

    registries: Mapping[str, RegistryCertificates] = field(default_factory=dict)
    trust: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kernel:
    """Modules that are loaded, and sysctls, now and after each boot."""

    modules: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
