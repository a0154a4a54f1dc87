"""The Docker Engine, as the host's packages, service manager and kernel know it."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host as Remote

from roles.engine.state import ENGINES, OF_ENGINE
from skep.model import Host, PackageSet, Tarball
from skep.verify.ask import Ask, engine_info


def test_installed(host: Remote, desired: Host) -> None:
    """the Docker Engine is installed"""
    assert host.exists("dockerd"), f"there is no dockerd on {desired.name}"


def test_enabled(host: Remote, desired: Host) -> None:
    """the docker service starts at boot"""
    service = host.service("docker.service")
    assert service.is_enabled, f"docker.service is not enabled: after a reboot {desired.name} has no engine"


def test_running(host: Remote, desired: Host) -> None:
    """the docker service is running"""
    unit = host.service("docker.service").systemd_properties
    state = f"{unit.get('ActiveState')}, {unit.get('SubState')}"
    assert unit.get("ActiveState") == "active", f"docker.service is not running on {desired.name}: it is {state}"
    process = host.run("cat %s", f"/proc/{unit.get('MainPID')}/comm").stdout.strip()
    assert process == "dockerd", f"docker.service on {desired.name} runs {process!r}, not dockerd"


def test_answers(host: Remote, ask: Ask) -> None:
    """the engine answers"""
    assert engine_info(host, ask)["ServerVersion"]


def test_apparmor(host: Remote, desired: Host, ask: Ask) -> None:
    """what confines containers can be loaded"""
    options = engine_info(host, ask).get("SecurityOptions") or []
    if any(option.startswith("name=apparmor") for option in options):
        found = host.run("command -v /usr/sbin/apparmor_parser || command -v /sbin/apparmor_parser").rc == 0
        assert found, f"the engine on {desired.name} confines with AppArmor and has no apparmor_parser: none can start"


def test_version(host: Remote, desired: Host, ask: Ask) -> None:
    """the engine has the version asked for, on disk and in memory"""
    asked = desired.engine.version
    if asked is None:
        pytest.skip("the inventory takes any version")
    found = {"the engine that runs": engine_info(host, ask)["ServerVersion"]}
    installed = [name for name in ENGINES if host.package(name).is_installed]
    for name in installed:
        found[f"the package {name}"] = host.package(name).version
    if not installed:
        found["dockerd on disk"] = host.run("dockerd --version").stdout.removeprefix("Docker version ").split(",")[0]
    wrong = [f"{what} is {version}" for what, version in found.items() if not _begins(version, asked)]
    assert not wrong, f"{'; '.join(wrong)}; asked for {asked}"


def test_source(host: Remote, desired: Host) -> None:
    """the engine comes from where the inventory says"""
    engine = desired.engine
    if engine.source is None:
        pytest.skip("the inventory takes an engine from anywhere")
    if engine.tarball:
        _must_be_of(host, engine.tarball)
        return
    if engine.packages:
        _must_be_those(host, engine.packages)
        return
    own = "docker.io" if host.exists("apt-get") else "moby-engine"
    package, other = ("docker-ce", own) if engine.source == "vendor" else (own, "docker-ce")
    assert host.package(package).is_installed, f"{package} is not installed on {desired.name}"
    assert not host.package(other).is_installed, f"{other} is installed on {desired.name}, beside {package}"
    if engine.source == "vendor":
        version = host.package(package).version
        offered = _offered(host, package)
        base = f"{engine.repository.rstrip('/')}/linux/"
        found = any(version in line and base in line for line in offered.splitlines())
        assert found, f"{desired.name} does not know {package} {version} from {base}:\n{offered}"
        client = host.package("docker-ce-cli").version
        assert client == version, f"docker-ce-cli is {client}, docker-ce is {version}"
        for name in engine.plugins:
            plugin = f"docker-{name}-plugin"
            assert host.package(plugin).is_installed, f"{plugin} is not installed on {desired.name}"


def test_held(host: Remote, desired: Host) -> None:
    """nothing but skep upgrades the engine's packages"""
    engine = desired.engine
    hold = engine.source in ("vendor", "offline") if engine.hold is None else engine.hold
    if not (hold and engine.source) or engine.tarball:
        pytest.skip("the inventory does not hold them")
    own = "docker.io" if host.exists("apt-get") else "moby-engine"
    names = ["docker-ce", "docker-ce-cli", "containerd.io"] if engine.source == "vendor" else [own]
    if engine.packages:
        names = [file.name for file in engine.packages.files if file.name in OF_ENGINE]
    free = [name for name in names if not _is_held(host, name)]
    assert not free, f"{', '.join(free)} can be upgraded on {desired.name}, which restarts the engine"


def _must_be_those(host: Remote, packages: PackageSet) -> None:
    """The engine's packages are those of the files."""
    wrong = []
    for file in (file for file in packages.files if file.name in OF_ENGINE):
        package = host.package(file.name)
        found = package.version if package.is_installed else "not installed"
        if package.is_installed and packages.kind == "rpm":
            found += f"-{package.release}"
        if found != file.version:
            wrong.append(f"{file.name} is {found}, desired {file.version}")
    assert not wrong, f"{'; '.join(wrong)} ({packages.path})"


def _must_be_of(host: Remote, tarball: Tarball) -> None:
    """The running engine and all programs are those of the tarball, as they were unpacked."""
    process = host.service("docker.service").systemd_properties.get("MainPID")
    runs = host.run("readlink /proc/%s/exe", str(process)).stdout.strip()
    place = runs.removesuffix("/dockerd")
    assert tarball.sha256[:12] in place, f"docker.service runs {runs}, not the engine of {tarball.path}"
    note = host.file(f"{place}/.skep").content_string.split()
    assert note == [tarball.version, tarball.sha256], f"{place} is of {' '.join(note)}, desired is {tarball.sha256}"
    bad = host.run("(cd %s && sha256sum --quiet -c SHA256SUMS)", place)
    assert bad.rc == 0, f"{place} is not as it was unpacked: {bad.stdout.strip()}"
    for name in tarball.names:
        where = host.run("readlink -f /usr/local/bin/%s", name).stdout.strip()
        assert where == f"{place}/{name}", f"/usr/local/bin/{name} leads to {where or 'nothing'}, not to {place}"


def _offered(host: Remote, package: str) -> str:
    """A line with version and address for each that the package manager knows."""
    if host.exists("apt-get"):
        return str(host.run("apt-cache madison %s", package).stdout)
    return str(host.run("dnf -q repoquery --location %s", package).stdout)


def _is_held(host: Remote, package: str) -> bool:
    if host.exists("apt-mark"):
        return package in host.run("apt-mark showhold").stdout.split()
    locked = host.run("dnf -q --disablerepo='*' versionlock list").stdout
    return bool(re.search(rf"^(Package name: )?{re.escape(package)}(-[0-9]+:|$)", locked, re.MULTILINE))


def _begins(version: str, asked: str) -> bool:
    """Part by part: 5:26.1.5+dfsg1-9 begins with 26.1, and 26.10.0 does not."""
    parts, first = (re.split(r"[.+~-]", text.rpartition(":")[2].removesuffix(".*")) for text in (version, asked))
    return parts[: len(first)] == first
