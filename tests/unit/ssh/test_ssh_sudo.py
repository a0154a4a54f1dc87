"""Becoming root: with and without a password, and every way in which sudo says no."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skep.errors import ConnectError, SudoError
from skep.model import Secret
from skep.ssh import Session, session
from tests.timing import having_begun
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]

HAND_OVER = 'while [ "$1" != sh ] && [ "$1" != timeout ]; do shift; done; exec "$@"\n'
ASKING = """#!/bin/sh
prompt=
case "$*" in *"-n "*) echo 'sudo: a password is required' >&2; exit 1 ;; esac
printf '%s' "$SAYS" >&2
for try in 1 2 3; do
  printf '%s' "$4" >&2
  IFS= read -r password || exit 1
  [ "$password" = "p'w $" ] && break
  echo 'Sorry, try again.' >&2
  [ $try = 3 ] && exit 1
done
"""
QUIET = "#!/bin/sh\n"


def sudo(server: Server, text: str) -> None:
    (server.path / "sudo").write_text(text)
    (server.path / "sudo").chmod(0o755)


def test_root_needs_none(serve: Serve, login: Login) -> None:
    server = serve()
    login(server).run("true")
    assert "sudo" not in server.commands[0]


def test_a_user_who_needs_none_either(serve: Serve, login: Login) -> None:
    server = serve()
    assert login(server, user="ops", sudo=False).run("echo out").out == "out\n"
    assert "sudo" not in server.commands[0]


def test_without_a_password(serve: Serve, login: Login) -> None:
    server = serve()
    sudo(server, QUIET + HAND_OVER)
    assert login(server, user="ops").run("echo out; exit 1").out == "out\n"
    assert ["exec sudo -n sh -c" in command for command in server.commands] == [True]


def test_the_password_goes_over_stdin_and_the_script_follows(serve: Serve, login: Login) -> None:
    server = serve()
    sudo(server, ASKING + HAND_OVER)
    here = login(server, user="ops", sudo_password=Secret("p'w $"))
    result = here.run("echo out; echo err >&2; cat; exit 3")
    assert (result.status, result.out, result.err) == (3, "out\n", "err\n")
    assert not [command for command in server.commands if "p'w" in command]


def test_a_password_that_nobody_asks_for_is_skipped(serve: Serve, login: Login) -> None:
    server = serve()
    sudo(server, QUIET + HAND_OVER)
    result = login(server, user="ops", sudo_password=Secret("p'w $")).run("echo out; cat")
    assert result.out == "out\n"


def test_a_sudo_that_reads_all_there_is_is_given_the_password_alone(serve: Serve, login: Login) -> None:
    server = serve()
    greedy = ASKING.replace("IFS= read -r password || exit 1", "password=$(dd bs=4096 count=1 2>/dev/null)")
    sudo(server, greedy.replace("'%s' \"$4\"", "'[sudo: %s] Password: ' \"$4\"") + HAND_OVER)
    here = login(server, user="ops", sudo_password=Secret("p'w $"))
    assert here.run("echo out; cat").out == "out\n"
    with pytest.raises(SudoError) as failure:
        login(server, user="ops", sudo_password=Secret("wrong")).run("true")
    assert failure.value.cause == "Sorry, try again."


def test_what_sudo_says_besides_is_no_refusal(serve: Serve, login: Login) -> None:
    server = serve()
    noise = "sudo: unable to resolve host m1: Name or service not known"
    sudo(server, ASKING.replace("$SAYS", f"{noise}\n\nWe trust you have received the usual lecture.\n") + HAND_OVER)
    here = login(server, user="ops", sudo_password=Secret("p'w $"))
    assert [here.run("echo out").out for _ in range(3)] == ["out\n"] * 3
    sudo(server, f"#!/bin/sh\necho '{noise}' >&2\n{HAND_OVER}")
    result = login(server, user="ops").run("exit 1")
    assert (result.status, result.err.strip()) in ((1, ""), (1, noise))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("sudo: a password is required", "set ssh.sudo-password"),
        ("sudo : il est nécessaire de saisir un mot de passe", "set ssh.sudo-password"),
        ("ops is not in the sudoers file.", "ops ALL=(ALL:ALL) NOPASSWD: ALL"),
        ("Sorry, user ops is not allowed to execute '/bin/sh' as root on m1.", "ops ALL=(ALL:ALL) NOPASSWD: ALL"),
        ("sudo: sorry, you must have a tty to run sudo", "Defaults:ops !requiretty"),
        ("sudo: Account or password is expired, reset your password and try again", "passwd ops"),
    ],
)
def test_a_refusal_in_any_words(serve: Serve, login: Login, text: str, advice: str) -> None:
    server = serve()
    sudo(server, f'#!/bin/sh\necho "{text}" >&2\nexit 1\n')
    with pytest.raises(SudoError) as failure:
        login(server, user="ops").run(f"# {'x' * 200_000}")
    assert failure.value.cause == text
    assert failure.value.lines()[0] == "m1: sudo: may not become root"
    assert advice in str(failure.value)
    with pytest.raises(SudoError) as failure:
        login(server, user="ops", sudo_password=Secret("p'w $")).run("true")
    assert advice.replace("NOPASSWD: ", "").replace("set ssh", "check ssh") in str(failure.value)


def test_a_host_without_sudo(serve: Serve, login: Login, tmp_path: Path) -> None:
    (tmp_path / "shell").write_text(f'#!/bin/sh\nPATH={tmp_path}/bin\neval "$1"\n')
    (tmp_path / "shell").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to(shutil.which("sh") or "")
    with pytest.raises(SudoError, match=r"sudo: not found(.|\n)*install sudo there"):
        login(serve(shell=(f"{tmp_path}/shell",)), user="ops").run("true")


def test_the_password_is_given_to_sudo_only(serve: Serve, login: Login, tmp_path: Path) -> None:
    (tmp_path / "shell").write_text(f"#!/bin/sh\nexec cat >{tmp_path}/taken\n")
    (tmp_path / "shell").chmod(0o755)
    server, taken = serve(shell=(f"{tmp_path}/shell",)), tmp_path / "taken"

    def ask(seconds: float) -> None:
        here = login(server, user="ops", sudo_password=Secret("p'w $"))
        here.open()
        here._logins.access = replace(here.access, connect_timeout=seconds)
        with pytest.raises(ConnectError, match="the login shell did not come to run a command"):
            here.run("echo join with a token")

    having_begun(taken.exists, ask)
    assert taken.read_text() == ""


def test_a_wrong_password_is_reported_at_the_second_asking(serve: Serve, login: Login) -> None:
    server = serve()
    sudo(server, ASKING + HAND_OVER)
    here = login(server, user="ops", sudo_password=Secret("wrong"))
    with pytest.raises(SudoError) as failure:
        here.run("true")
    assert failure.value.cause == "Sorry, try again."
    assert "wrong" not in str(failure.value)


def test_a_sudo_that_hangs_is_given_up(serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.3)
    server = serve()
    sudo(server, "#!/bin/sh\nexec cat >/dev/null\n")
    for password in (None, Secret("p'w $")):
        with pytest.raises(SudoError, match=r"sudo gave no answer within 0\.3 s"):
            login(server, user="ops", sudo_password=password).run("true")
