"""The first words on a channel: nothing is sent to a shell before it has said that it runs what it is given."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import replace

import paramiko

from skep.dataclass import dataclass
from skep.errors import ConnectError, LoginError, SudoError
from skep.secret import Secret

SETTLE = 2.0
"""Seconds in which the end of a command follows the end of its output."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said instead of a word: stdout and stderr, and the status it ended with; ``None`` while it runs."""

    out: str
    err: str
    status: int | None

    @property
    def text(self) -> str:
        """Both streams as one text, stderr last."""
        return "\n".join(part for part in (self.out.strip(), self.err.strip()) if part)


def hear(channel: paramiko.Channel, word: str, seconds: float, prompt: str = "") -> Said | None:
    """Read stdout up to a line that is the word, and no further; ``None`` once it came.

    Stderr is left to be read, unless there is a ``prompt``: who asks with that a second time has refused (status 1).
    Raises ``EOFError`` when the connection ends.
    """
    out, err, end = bytearray(), bytearray(), f"{word}\n".encode()
    until, before = time.monotonic() + seconds, channel.gettimeout()
    channel.settimeout(0.1)
    try:
        while not out.endswith(end):
            with suppress(TimeoutError):
                byte = channel.recv(1)
                out += byte
                if not byte:
                    return _ended(channel, out, err + unread(channel))
            err += unread(channel) if prompt else b""
            if prompt and err.count(prompt.encode()) > 1:
                return Said(_text(out), _text(err), 1)
            if time.monotonic() > until:
                return Said(_text(out), _text(err + unread(channel)), None)
    finally:
        channel.settimeout(before)
    return None


def unread(channel: paramiko.Channel) -> bytearray:
    """What has come on stderr so far."""
    err = bytearray()
    while channel.recv_stderr_ready():
        err += channel.recv_stderr(65536)
    return err


def give_password(channel: paramiko.Channel, password: Secret, word: str, prompt: str, seconds: float) -> Said | None:
    """Give sudo the password over stdin; ``None`` once the shell behind it says the word.

    Nothing more is sent before that: some sudos read all there is.
    """
    with suppress(OSError):  # it may have ended already
        channel.sendall(f"{password.reveal()}\n".encode())
    said = hear(channel, word, seconds, prompt)
    if said:
        return replace(said, err=re.sub(rf"(\[sudo: )?{prompt}(\] Password:)?", "\n", said.err))
    channel.sendall(f"{word}\n".encode())
    return None


def _ended(channel: paramiko.Channel, out: bytearray, err: bytearray) -> Said:
    ended = channel.status_event.wait(SETTLE)
    with suppress(TimeoutError):
        while more := channel.recv_stderr(4096):
            err += more
    if not ended or channel.recv_exit_status() == -1:
        raise EOFError("the connection closed before the shell said a word")
    return Said(_text(out), _text(err), channel.recv_exit_status())


def _text(data: bytearray) -> str:
    return data.decode(errors="replace")


def no_commands(user: str) -> LoginError:
    """The SSH server itself refuses to run commands."""
    return LoginError(
        f"logged in as {user}, but the SSH server there runs no commands",
        step="connect",
        cause="it refused the request to run one",
        next_action="see that this is the host's own sshd, and that it lets this user run commands",
    )


def no_shell(said: Said, user: str, seconds: float) -> ConnectError:
    """The login shell does not run what it is given. One that has said nothing at all may belong to a sick host."""
    look = (
        f"on the host see which shell that is (getent passwd {user}), what its start-up files run or ask, and whether"
        f" sshd forces a command (sshd -T -C user={user},host=,addr= | grep -i forcecommand, command= in"
        " authorized_keys)"
    )
    if said.status is None:
        kind = LoginError if said.text else ConnectError
        return kind(
            f"logged in, but the login shell did not come to run a command within {seconds:g} s",
            step="connect",
            cause=_last(said.text) or "it said nothing: something waits before the command",
            next_action=look,
        )
    return LoginError(
        "logged in, but the login shell runs no commands",
        step="connect",
        cause=_last(said.text) or f"it ended with status {said.status} and said nothing",
        next_action=_expired(said.text, user) or look,
    )


def no_sudo(said: Said, user: str, seconds: float, *, password: bool) -> SudoError:
    """The error where the login works and sudo refuses. Sudo has one status for everything: only its words show which
    advice helps."""
    last = said.err.strip().splitlines()[-1:] or said.out.strip().splitlines()[-1:]
    text = last[0] if last else ""
    if said.status is None:
        text = f"sudo gave no answer within {seconds:g} s" + (f": {text}" if text else "")
    return SudoError(
        "may not become root",
        step="sudo",
        cause=text or "sudo ended without a word",
        next_action=_sudo_advice(said, user, password=password),
    )


def _sudo_advice(said: Said, user: str, *, password: bool) -> str:
    words = said.text
    if said.status in (126, 127):
        return "install sudo there, or log in as root: ssh.user: root"
    if "must have a tty" in words or "requiretty" in words:
        return f"let it become root without a terminal: in the host's sudoers, Defaults:{user} !requiretty"
    if "not in the sudoers" in words or "not allowed to execute" in words or "afraid I can't do that" in words:
        return f"allow it in the host's sudoers: {user} ALL=(ALL:ALL) {'' if password else 'NOPASSWD: '}ALL"
    if password:
        advice = "check ssh.sudo-password in the inventory and the host's sudoers"
    else:
        advice = "set ssh.sudo-password in the inventory, or allow sudo without a password on the host"
    return _expired(words, user) or advice


def _expired(words: str, user: str) -> str | None:
    """What helps against an expired password; ``None`` where it has not. Sshd and sudo say so in words only."""
    if "expired" not in words and "Password change required" not in words:
        return None
    return f"set a new password at the host's console (passwd {user}), or let it not expire (chage -M -1 {user})"


def _last(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())[-300:]
