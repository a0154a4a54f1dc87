"""What an operator's own tests look like: Testinfra's modules on any Debian host. Run by skep and by stock pytest.

One of them finds something on every host, so that it shows whether both look.
"""

from __future__ import annotations

import pytest
from testinfra.host import Host


@pytest.mark.parametrize("name", ["ssh", "dbus", "systemd-journald"])
def test_service(host: Host, name: str) -> None:
    """a service runs"""
    assert host.service(name).is_running


def test_service_starts_at_boot(host: Host) -> None:
    """sshd starts at boot"""
    assert host.service("ssh").is_enabled


def test_unit(host: Host) -> None:
    """the unit of sshd is the distribution's"""
    assert host.service("ssh.service").systemd_properties["FragmentPath"].startswith("/lib/systemd/")


@pytest.mark.parametrize("name", ["openssh-server", "sudo", "iproute2", "ca-certificates"])
def test_package(host: Host, name: str) -> None:
    """a package is installed"""
    package = host.package(name)
    assert package.is_installed
    assert package.version


def test_no_package(host: Host) -> None:
    """there is no telnet server"""
    assert not host.package("telnetd").is_installed


@pytest.mark.parametrize(
    ("path", "mode"), [("/etc/passwd", 0o644), ("/etc/shadow", 0o640), ("/etc/group", 0o644), ("/root", 0o700)]
)
def test_file(host: Host, path: str, mode: int) -> None:
    """a file has its owner and mode"""
    file = host.file(path)
    assert (file.exists, file.user, file.mode) == (True, "root", mode)


def test_content(host: Host) -> None:
    """the sudoers include their folder"""
    file = host.file("/etc/sudoers")
    assert file.is_file
    assert file.contains("sudoers.d")
    assert len(file.sha256sum) == 64


@pytest.mark.parametrize("key", ["kernel.pid_max", "net.ipv4.ip_forward", "vm.swappiness"])
def test_parameter(host: Host, key: str) -> None:
    """a kernel parameter can be read"""
    assert host.sysctl(key) >= 0


def test_socket(host: Host) -> None:
    """sshd listens"""
    assert host.socket("tcp://0.0.0.0:22").is_listening


def test_no_socket(host: Host) -> None:
    """nothing listens for telnet"""
    assert not host.socket("tcp://0.0.0.0:23").is_listening


def test_mount(host: Host) -> None:
    """/proc is what it should be"""
    mount = host.mount_point("/proc")
    assert mount.exists
    assert mount.filesystem == "proc"


def test_user(host: Host) -> None:
    """root is root"""
    user = host.user("root")
    assert (user.uid, user.home) == (0, "/root")


def test_command(host: Host) -> None:
    """the kernel is Linux"""
    assert host.check_output("uname -s") == "Linux"
    assert host.exists("systemctl")


def test_finds_something(host: Host) -> None:
    """a file is there that nobody has"""
    assert host.file("/etc/nobody-has-this").exists
