"""What stands around an engine, as the programs that read it know it."""

from __future__ import annotations

import configparser

import pytest
from testinfra.host import Host as Remote

from skep.bypass import taken_apart
from skep.model import Host
from skep.secret import reveal

CERTS = "/etc/docker/certs.d"
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


def test_proxy_of_packages(host: Remote, desired: Host) -> None:
    """the package manager has the proxy of the inventory"""
    if not desired.proxy:
        pytest.skip("the inventory names no proxy")
    dumped = host.run("apt-config dump")
    if dumped.rc != 0:
        _proxy_of_dnf(host, desired)
        return
    given = {"http": desired.proxy.http, "https": desired.proxy.https}
    wrong = [
        kind for kind, url in given.items() if url and f'Acquire::{kind}::Proxy "{reveal(url)}";' not in dumped.stdout
    ]
    assert not wrong, f"apt on {desired.name} has another proxy for {' and '.join(wrong)} than desired"


def _proxy_of_dnf(host: Remote, desired: Host) -> None:
    """What stands in the file that dnf reads."""
    file = host.run("cat /etc/dnf/dnf.conf")
    if file.rc != 0:
        pytest.skip("there is neither apt nor dnf")
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(file.stdout)
    url, user, _ = taken_apart(reveal(desired.proxy.https or desired.proxy.http or ""))
    found = [parser.get("main", key, fallback="") for key in ("proxy", "proxy_username")]
    assert found == [url, user], f"dnf on {desired.name} has another proxy, or another user there, than desired"


def test_registries(host: Remote, desired: Host) -> None:
    """certs.d holds the certificates of the inventory, and only root reads keys"""
    registries = desired.certificates.registries
    if not registries:
        pytest.skip("the inventory names no certificates of registries")
    for name, given in registries.items():
        for base, text in (("ca.crt", given.ca), ("client.cert", given.client), ("client.key", given.key)):
            if text is None:
                continue
            path = f"{CERTS}/{name}/{base}"
            file = host.file(path)
            assert file.exists, f"there is no {path} on {desired.name}"
            assert file.content == reveal(text).encode(), f"{path} on {desired.name} is another than desired"
            assert base != "client.key" or not file.mode & 0o377, f"{path} on {desired.name} has mode {file.mode:o}"


def test_trust(host: Remote, desired: Host) -> None:
    """what programs of the host trust holds the certificates of the inventory"""
    if not desired.certificates.trust:
        pytest.skip("the inventory names no certificates that hosts trust")
    bundle = "".join(host.run("cat %s", path).stdout for path in BUNDLES)
    missing = [name for name, text in desired.certificates.trust.items() if _body(text) not in bundle]
    assert not missing, f"{desired.name} does not trust {', '.join(missing)}"


def test_modules(host: Remote, desired: Host) -> None:
    """the kernel has loaded the modules of the inventory"""
    if not desired.kernel.modules:
        pytest.skip("the inventory names no kernel modules")
    if host.run("test -e /run/systemd/container").rc == 0:
        pytest.skip("it is a container: another machine loads modules")
    loaded = host.run("cut -d ' ' -f 1 /proc/modules; cat /lib/modules/$(uname -r)/modules.builtin").stdout
    names = {line.rpartition("/")[2].removesuffix(".ko").replace("-", "_") for line in loaded.splitlines()}
    missing = [module for module in desired.kernel.modules if module.replace("-", "_") not in names]
    assert not missing, f"not loaded on {desired.name}: {', '.join(missing)}"


def test_sysctls(host: Remote, desired: Host) -> None:
    """the kernel has the parameters of the inventory"""
    if not desired.kernel.sysctls:
        pytest.skip("the inventory names no kernel parameters")
    wrong = []
    for key, value in desired.kernel.sysctls.items():
        place = f"/proc/sys/{key.replace('.', '/')}"
        if host.run("test -w %s", place).rc != 0 and host.run("test -e /run/systemd/container").rc == 0:
            continue
        found = " ".join(host.run("sysctl -n %s", key).stdout.split()) or " ".join(
            host.run("cat %s", place).stdout.split()
        )
        if found != " ".join(value.split()):
            wrong.append(f"{key} is {found}, desired {value}")
    assert not wrong, f"{desired.name}: {'; '.join(wrong)}"


def _body(text: str) -> str:
    """The certificate's text without what stands around it."""
    return text.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0].strip()
