"""What a host has around its engine: the way out, the certificates it trusts, settings of its kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.secret import Secret


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
