"""Which files a host is to have around its engine, and what stands in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import field

from skep.bypass import bypass, hosts_of, taken_apart
from skep.dataclass import dataclass
from skep.model import Certificates, Cluster, Host
from skep.secret import Secret, reveal, revealed, secrets_in
from skep.seen import Platform

APT = "/etc/apt/apt.conf.d/95skep-proxy"
DNF = "/etc/dnf/dnf.conf"
"""Not ours but for a few lines, from ``BEGIN`` to ``END``: before dnf5 there is no folder for more files."""
MODULES = "/etc/modules-load.d/skep.conf"
SYSCTLS = "/etc/sysctl.d/98-skep.conf"
CERTS = "/etc/docker/certs.d"
READ, KEY = 0o444, 0o400
"""Modes of certificates and keys of registries: the most that CIS's benchmark leaves them (3.8)."""
TEXTS = (APT, DNF, MODULES, SYSCTLS)
"""Files whose lines are shown, old and new."""
DIRECT = "DIRECT"
_HEAD = "written by skep: change the inventory instead"
BEGIN, END = f"# {_HEAD}", "# end of what skep wrote"
WITH_DNF = ("dnf", "dnf5")


@dataclass(frozen=True, slots=True)
class File:
    """``settings`` is what it says, for the plan; of a certificate ``content`` alone counts. Of ``DNF`` the content is
    our lines."""

    path: str
    content: bytes = field(repr=False)
    settings: Mapping[str, object] | None = None
    mode: int = 0o644
    hides: tuple[Secret, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        return hashlib.sha256(self.content).hexdigest()


Topics = Mapping[str, tuple[File, ...]]
"""Files by what they are about; topics without any are missing."""


def files(cluster: Cluster, host: Host, platform: Platform) -> Topics:
    """All files of a host."""
    made = {
        "packages": tuple(_packages(cluster, host, platform)),
        "certificates": tuple(_registries(host.certificates)),
        "trust": tuple(_trust(host.certificates, platform)),
        "modules": (_modules(host),) if host.kernel.modules else (),
        "sysctls": (_sysctls(host),) if host.kernel.sysctls else (),
    }
    return {topic: found for topic, found in made.items() if found}


def _packages(cluster: Cluster, host: Host, platform: Platform) -> Iterator[File]:
    if platform.packages == "apt-get":
        yield from _apt(cluster, host)
    elif platform.packages in WITH_DNF:
        yield from _dnf(host)


def _apt(cluster: Cluster, host: Host) -> Iterator[File]:
    proxies = {"http": host.proxy.http, "https": host.proxy.https}
    urls = {f"Acquire::{kind}::Proxy": url for kind, url in proxies.items() if url}
    names = (*bypass(cluster, host), *hosts_of(cluster))
    plain = sorted({name for name in names if "/" not in name and ":" not in name and name[0] != "."})
    secret = tuple(secrets_in(urls))
    lines = [f'{key} "{revealed(value)}";' for key, value in urls.items()]
    lines += [f'{key}::{name} "{DIRECT}";' for key in urls for name in plain]
    if host.proxy:
        yield File(APT, _text([f"// {_HEAD}", *lines]), {**urls, DIRECT: plain}, 0o600 if secret else 0o644, secret)


def _dnf(host: Host) -> Iterator[File]:
    """dnf knows one proxy, for all repositories: that for HTTPS, if there is one, since most of them are there."""
    given = host.proxy.https or host.proxy.http
    if not given:
        return
    url, user, password = taken_apart(reveal(given))
    pairs = {"proxy": url} | ({"proxy_username": user, "proxy_password": password} if user else {})
    secret = isinstance(given, Secret)
    hides = (given, *map(Secret, pairs.values())) if isinstance(given, Secret) else ()
    settings = {key: Secret(value) for key, value in pairs.items()} if secret else pairs
    text = _text([BEGIN, *(f"{key}={value}" for key, value in pairs.items()), END])
    yield File(DNF, text, settings, 0o600 if secret else 0o644, hides)


def _registries(certificates: Certificates) -> Iterator[File]:
    for registry, given in certificates.registries.items():
        folder = f"{CERTS}/{registry}"
        if given.ca is not None:
            yield File(f"{folder}/ca.crt", given.ca.encode(), mode=READ)
        if given.client is not None:
            yield File(f"{folder}/client.cert", given.client.encode(), mode=READ)
        if given.key is not None:
            yield File(f"{folder}/client.key", given.key.reveal().encode(), mode=KEY, hides=(given.key,))


def _trust(certificates: Certificates, platform: Platform) -> Iterator[File]:
    for stem, text in certificates.trust.items():
        if platform.packages == "apt-get":
            yield File(f"/usr/local/share/ca-certificates/skep-{stem}.crt", text.encode())
        else:
            yield File(f"/etc/pki/ca-trust/source/anchors/skep-{stem}.pem", text.encode())


def _modules(host: Host) -> File:
    modules = host.kernel.modules
    return File(MODULES, _text([f"# {_HEAD}", *modules]), {"modules": list(modules)})


def _sysctls(host: Host) -> File:
    settings = host.kernel.sysctls
    return File(SYSCTLS, _text([f"# {_HEAD}", *(f"{key} = {value}" for key, value in settings.items())]), settings)


def _text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def parsed(path: str, lines: list[str]) -> dict[str, object]:
    """The settings that the lines of such a file hold."""
    kept = [line for line in lines if line and not line.startswith(("#", "//"))]
    if path == MODULES:
        return {"modules": kept} if kept else {}
    if path == DNF:
        return dict(line.partition("=")[::2] for line in kept)
    parting = " = " if path == SYSCTLS else " "
    pairs = {key: value.strip('"') for key, _, value in (line.rstrip(";").partition(parting) for line in kept)}
    direct = sorted({key.split("::", 3)[-1] for key, value in pairs.items() if value == DIRECT})
    found: dict[str, object] = {key: value for key, value in pairs.items() if value != DIRECT}
    return {**found, **({DIRECT: direct} if direct else {})}


def described(file: File) -> object:
    """A certificate for the plan: whose it is and how long it holds; a key is a secret."""
    if file.hides:
        return file.hides[0]
    from cryptography import x509

    one = x509.load_pem_x509_certificates(file.content)[0]
    subject = "".join(char for char in one.subject.rfc4514_string() if char.isprintable())
    return f"{subject}, until {one.not_valid_after_utc:%Y-%m-%d}, sha256 {file.digest[:12]}"
