"""The way to a host that ssh_config says: ``ProxyJump`` and ``ProxyCommand``, and files that cannot be used."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from skep.errors import AccessError, ConnectError, HostKeyError, SkepError
from skep.model import Access, Host
from skep.ssh import Pool, Session
from skep.ssh.connection import UNREACHED, build
from skep.ssh.gateways import Hop, route
from skep.ssh.ssh_config import address
from tests.timing import having_begun
from tests.unit.ssh.servers import Server, alive, gone

Serve = Callable[..., Server]
Login = Callable[..., Session]
Configure = Callable[..., None]

PIPE = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).with_name('pipe.py')))}"


@pytest.fixture
def key(tmp_path: Path) -> paramiko.PKey:
    """The key in the file ``key``, which a jump host's ``IdentityFile`` names."""
    made = paramiko.ECDSAKey.generate()
    made.write_private_key_file(str(tmp_path / "key"))
    return made


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Writes ssh_config: ``way`` for the target, and a section for each jump host by name."""

    def write(way: str, **jumps: Server) -> None:
        text = f"Host 127.0.0.1\n  {way}\n"
        for name, server in jumps.items():
            text += f"Host {name}\n  HostName 127.0.0.1\n  Port {server.port}\n  User at-{name}\n"
            text += f"  IdentityFile {tmp_path / 'key'}\n"
        (tmp_path / "ssh_config").write_text(text)

    return write


def known(folder: Path, *servers: Server, key: paramiko.PKey | None = None) -> None:
    with (folder / "known_hosts").open("a") as file:
        for server in servers:
            one = key or server.key
            file.write(f"[127.0.0.1]:{server.port} {one.get_name()} {one.get_base64()}\n")


def test_a_proxy_jump_is_a_gateway_with_the_settings_that_ssh_config_has_for_it(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey, tmp_path: Path
) -> None:
    target, jump = serve(), serve(authorized=[key])
    configure("ProxyJump g1", g1=jump)
    here = login(target)
    known(tmp_path, target, jump)
    here = login(target, host_keys="strict")
    assert here.run("echo out").out == "out\n"
    assert (jump.users, target.users) == (["at-g1"], ["root"])


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_the_key_of_a_proxy_jump_is_checked(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey, tmp_path: Path, policy: str
) -> None:
    target, jump = serve(), serve(authorized=[key])
    configure("ProxyJump g1", g1=jump)
    known(tmp_path, target)
    if policy == "strict":
        with pytest.raises(HostKeyError) as failure:
            login(target, host_keys=policy).run("true")
        assert failure.value.cause == f"no entry for [127.0.0.1]:{jump.port} in {tmp_path / 'known_hosts'}"
        assert jump.logins == 0
    else:
        login(target, host_keys=policy).run("true")
        assert f"[127.0.0.1]:{jump.port} " in (tmp_path / "known_hosts").read_text()


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_a_proxy_jump_whose_key_changed_is_refused(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey, tmp_path: Path, policy: str
) -> None:
    target, jump = serve(), serve(authorized=[key])
    configure("ProxyJump g1", g1=jump)
    known(tmp_path, jump, key=paramiko.ECDSAKey.generate())
    with pytest.raises(HostKeyError, match=r"the host key of the gateway 127\.0\.0\.1 has changed"):
        login(target, host_keys=policy).run("true")
    assert jump.logins == target.logins == 0


def test_the_first_of_two_jumps_comes_first(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey
) -> None:
    target, first, second = serve(), serve(authorized=[key]), serve(authorized=[key])
    configure("ProxyJump g1,g2", g1=first, g2=second)
    here = login(target)
    assert here.run("echo out").out == "out\n"
    inner = here._logins._connection.gateway
    assert [inner.port, inner.gateway.port, bool(inner.gateway.gateway)] == [second.port, first.port, False]


def test_the_first_jump_has_a_jump_of_its_own(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey, tmp_path: Path
) -> None:
    target, first, second = serve(), serve(authorized=[key]), serve(authorized=[key])
    configure("ProxyJump g2", g1=first, g2=second)
    with (tmp_path / "ssh_config").open("a") as file:
        file.write("Host g2\n  ProxyJump g1\n")
    login(target).run("true")
    assert (first.users, second.users, target.users) == (["at-g1"], ["at-g2"], ["root"])


def test_the_inventorys_gateway_wins(serve: Serve, login: Login, configure: Configure, key: paramiko.PKey) -> None:
    target, gateway, jump = serve(), serve(), serve(authorized=[key])
    configure("ProxyJump g1", g1=jump)
    here = login(target, gateway)
    here.hops = [Hop("localhost", hop.access) for hop in here.hops]  # an address of which ssh_config says nothing
    here.run("true")
    assert (gateway.logins, jump.logins) == (1, 0)


@pytest.mark.parametrize("way", ["ProxyJump none", "ProxyCommand none", "ProxyJump NONE\n  ProxyJump g1"])
def test_none_is_no_way(serve: Serve, login: Login, configure: Configure, way: str) -> None:
    jump = serve()
    configure(way, g1=jump)
    login(serve()).run("true")
    assert jump.logins == 0


def test_a_jump_that_is_down_is_named(serve: Serve, login: Login, configure: Configure) -> None:
    target, jump = serve(), serve()
    configure("ProxyJump g1", g1=jump)
    jump.close()
    with pytest.raises(ConnectError) as failure:
        login(target).run("true")
    assert failure.value.lines()[:2] == [
        f"m1: connect: its gateway 127.0.0.1 {UNREACHED}",
        f"  cause: 127.0.0.1 port {jump.port}: Connection refused",
    ]


def test_no_password_of_the_inventory_goes_to_a_proxy_jump(serve: Serve, login: Login, configure: Configure) -> None:
    target, jump = serve(), serve()  # where that password would be good
    configure("ProxyJump g1", g1=jump)
    with pytest.raises(ConnectError, match=r"login as at-g1 of the gateway 127\.0\.0\.1 was refused"):
        login(target).run("true")
    assert jump.logins == 0


@pytest.mark.parametrize("value", ["@g1", "g1:0", "g1,,g2", "::1", "[::1", "http://g1", "ssh://g1/x", "%x"])
def test_a_malformed_proxy_jump_is_reported_with_file_and_value(
    serve: Serve, login: Login, configure: Configure, tmp_path: Path, value: str
) -> None:
    configure(f"ProxyJump {value}")
    with pytest.raises(AccessError) as failure:
        login(serve()).run("true")
    assert (failure.value.host, failure.value.message) == ("m1", "ssh_config cannot be used")
    cause = str(failure.value.cause)
    assert cause.startswith(f"{tmp_path / 'ssh_config'}")
    assert ("ProxyJump holds %x" if value == "%x" else f'line 2: Invalid ProxyJump "{value}"') in cause


def test_what_a_proxy_command_holds_is_not_reported(serve: Serve, login: Login, configure: Configure) -> None:
    configure("ProxyCommand connect --password s3cret -X %d %h %p")
    with pytest.raises(ConnectError) as failure:
        login(serve()).run("true")
    assert "ProxyCommand holds %d" in str(failure.value.cause) and "s3cret" not in "".join(failure.value.lines())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("g1", (None, "g1", None)),
        ("ops@g1:2222", ("ops", "g1", 2222)),
        ("ops@corp@g1", ("ops@corp", "g1", None)),
        ("[2001:db8::1]:22", (None, "2001:db8::1", 22)),
        ("ops@[fe80::1%eth0]", ("ops", "fe80::1%eth0", None)),
        ("ssh://g1", (None, "g1", None)),
        ("ssh://o%40ps@[::1]:2222/", ("o@ps", "::1", 2222)),
    ],
)
def test_where_a_jump_leads(text: str, found: tuple[str | None, str, int | None]) -> None:
    assert address(text) == found


def places(text: str, to: str, folder: Path) -> list[str]:
    (folder / "ssh_config").write_text(text)
    access = Access(config=folder / "ssh_config", user="me", port=2200)
    return [f"{hop.access.user}@{hop.address}:{hop.access.port}" for hop in route(Hop(to, access), [])]


@pytest.mark.parametrize(
    ("to", "expected"),
    [("m1", ["None@g1:None", "None@g2:None"]), ("g2", ["None@g1:None"]), ("g1", [])],
)
def test_a_chain_for_all_ends_before_who_is_in_it(tmp_path: Path, to: str, expected: list[str]) -> None:
    text = "Host g1\n  Port 2200\nHost g2\n  Port 2200\nHost *\n  ProxyJump g1,g2\n"
    assert places(text, to, tmp_path) == expected


def test_tokens_of_a_way_hold_what_is_in_force(tmp_path: Path) -> None:
    text = "Host m1\n  HostName m1.example.com\n  User you\n  Port 22\n  ProxyJump %r-%n@gate-%h\n"
    assert places(text, "m1", tmp_path) == ["me-m1@gate-m1.example.com:None"]


@pytest.mark.parametrize("text", ["Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n", "Host *\n  ProxyJump x%n\n"])
def test_jumps_in_a_circle_or_without_end(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConnectError) as failure:
        places(text, "m1" if "*" in text else "a", tmp_path)
    assert "goes round in a circle, or over more than 16" in str(failure.value.cause)


def test_a_proxy_command_leads_to_the_host_and_ends_with_the_session(
    serve: Serve, login: Login, configure: Configure, tmp_path: Path
) -> None:
    server = serve()
    configure(f"ProxyCommand {PIPE} {tmp_path}/pid %h %p")
    here = login(server)
    assert here.run("echo out").out == "out\n"
    pid = int((tmp_path / "pid").read_text())
    assert alive(pid)
    assert os.getsid(pid) != os.getsid(0)  # Ctrl-C in the terminal does not reach it
    here.close()
    assert gone(pid)


def test_a_proxy_command_that_breaks_is_a_broken_connection_and_is_started_again(
    serve: Serve, login: Login, configure: Configure, tmp_path: Path
) -> None:
    configure(f"ProxyCommand {PIPE} {tmp_path}/pid %h %p")
    here = login(serve())
    here.run("true")
    first = int((tmp_path / "pid").read_text())
    os.kill(first, 9)
    while here._logins._connection.is_connected:
        time.sleep(0.01)
    assert here.run("echo again").out == "again\n"
    assert int((tmp_path / "pid").read_text()) != first


def test_a_proxy_command_that_fails_is_reported_with_its_last_word(
    serve: Serve, login: Login, configure: Configure
) -> None:
    configure("ProxyCommand sh -c 'echo first >&2; echo no way >&2; exit 3'")
    with pytest.raises(ConnectError) as failure:
        login(serve()).run("true")
    assert failure.value.lines() == [
        f"m1: connect: {UNREACHED}",
        "  cause: its ProxyCommand ended with status 3: no way",
        "  next:  check the ProxyCommand that ssh_config has for it",
    ]


def test_a_proxy_command_that_says_nothing_costs_the_timeout_and_is_ended(
    serve: Serve, login: Login, configure: Configure, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    configure(f"ProxyCommand sh -c 'echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 600'")

    def ask(seconds: float) -> None:
        with pytest.raises(ConnectError, match=UNREACHED):
            login(serve(), connect_timeout=seconds).run("true")

    having_begun(pid.exists, ask)
    assert gone(int(pid.read_text()))


def test_a_proxy_command_leads_to_a_jump(
    serve: Serve, login: Login, configure: Configure, key: paramiko.PKey, tmp_path: Path
) -> None:
    target, jump = serve(), serve(authorized=[key])
    configure("ProxyJump g1\n  ProxyCommand false", g1=jump)
    with (tmp_path / "ssh_config").open("a") as file:
        file.write(f"Host g1\n  ProxyCommand {PIPE} {tmp_path}/pid %h %p\n")
    login(target).run("true")
    assert (tmp_path / "pid").exists()
    assert (jump.users, target.users) == (["at-g1"], ["root"])


BAD: list[tuple[bytes | None, str]] = [
    (None, "{file}: No such file or directory"),
    (b"Host *\n\nwrong\n", "{file} line 3: "),
    (b'User me\nHost "a\n', "{file} line 2: "),
    (b"Port many\n", "{file} line 1: Bad "),
    (b"Match strange x\n", "{file}: Unsupported Match attribute strange"),
]


@pytest.mark.parametrize(("content", "cause"), BAD)
def test_an_ssh_config_that_cannot_be_used_is_the_failure_of_its_hosts(
    serve: Serve, access: Callable[..., Access], tmp_path: Path, content: bytes | None, cause: str
) -> None:
    well, bad = serve(), serve()
    file = tmp_path / "bad"
    if content is not None:
        file.write_bytes(content)
    logins = {"well": access(well), "bad": access(bad, config=file, port=None)}
    with Pool([Host(name, "127.0.0.1", "worker") for name in logins], logins) as pool:
        found: dict[str, Any] = pool.map(lambda session: session.run("echo out").out, pool.hosts)
    assert found["well"] == "out\n"
    assert isinstance(found["bad"], AccessError)
    said = found["bad"].lines()
    assert said[0] == "bad: connect: ssh_config cannot be used"
    assert said[1].startswith(f"  cause: {cause.format(file=file)}")


def test_an_ssh_config_need_not_be_text(serve: Serve, login: Login, tmp_path: Path) -> None:
    (tmp_path / "ssh_config").write_bytes(b"# caf\xe9\nForwardAgent ask\nUser me\n")
    server = serve()
    login(server, user=None, sudo=False).run("true")
    assert server.users == ["me"]


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_known_hosts_that_is_a_folder(serve: Serve, login: Login, tmp_path: Path, policy: str) -> None:
    with pytest.raises(ConnectError) as failure:
        login(serve(), known_hosts=tmp_path, host_keys=policy).run("true")
    assert failure.value.lines() == [
        "m1: connect: the known host keys cannot be read or written",
        f"  cause: {tmp_path}: Is a directory",
        "  next:  fix it, or name another file as ssh.known-hosts in the inventory",
    ]


def test_what_nobody_foresaw_fails_one_host_and_shows_its_cause(
    serve: Serve, access: Callable[..., Access], monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = {"h0": serve(), "h1": serve()}

    def broken(address: str, access: Access, *gateway: object) -> object:
        if access.port == servers["h1"].port:
            raise ZeroDivisionError("oops")
        return build(address, access, *gateway)  # type: ignore[arg-type]

    monkeypatch.setattr("skep.ssh.connection.build", broken)
    logins = {name: access(server) for name, server in servers.items()}
    with Pool([Host(name, "127.0.0.1", "worker") for name in servers], logins) as pool:
        found = pool.map(lambda session: session.run("echo out").out, pool.hosts)
    error = found["h1"]
    assert found["h0"] == "out\n"
    assert isinstance(error, SkepError)
    assert error.lines()[0] == "h1: connect: the login failed unexpectedly"
    assert str(error.cause).startswith("ZeroDivisionError: oops (test_ssh_config.py:")


def test_each_connection_keeps_to_the_settings_of_its_own_address() -> None:
    one, other = (build(address, Access(user="ada")) for address in ("10.0.0.1", "10.0.0.2"))
    assert (one.settings.address, other.settings.address) == ("10.0.0.1", "10.0.0.2")
