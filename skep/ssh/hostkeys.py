"""Whether a host's key is trusted: what OpenSSH would refuse is refused, what it knows is known. An unknown key goes as
the inventory says, a changed or revoked one is refused always."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import paramiko

from skep.errors import ConnectError, HostKeyError
from skep.model import Access
from skep.shell import quoted
from skep.ssh.certificates import Certificate, certificate
from skep.ssh.known_hosts import Entry, Verdict, about, is_certified, judge, ordered, parse
from skep.ssh.programs import ask, unusable
from skep.ssh.ssh_config import Settings
from skep.ssh.transport import Transport

_writing = threading.Lock()


class Trust(paramiko.MissingHostKeyPolicy):
    """Judges the key of the host that settings lead to. ``of`` names the gateway it is, if it is one.

    It is Paramiko's policy for keys that Paramiko itself does not know: all of them.
    """

    def __init__(self, settings: Settings, access: Access, of: str = "") -> None:
        self._settings = settings
        self._of = of
        self._accepts_new = access.host_keys == "accept-new"
        self._files = [access.known_hosts] if access.known_hosts else [Path(file) for file in settings.user_known_hosts]
        self._entries = [
            entry for file in (*self._files, *map(Path, settings.global_known_hosts)) for entry in _load(file)
        ]
        self.bare = settings.host_key_alias or settings.host.lower()
        """The name that a certificate must be for."""
        standard = settings.host_key_alias or settings.port == 22
        self.name = self.bare if standard else f"[{self.bare}]:{settings.port}"
        """The name in known_hosts."""

    def transport(self, sock: Any, **more: Any) -> paramiko.Transport:
        """A transport that asks for the keys that are known, before it asks for others."""
        made = Transport(sock, **more)
        self._entries += self._commanded("ORDER", self.name)
        offered = made.preferred_keys
        asked = self._settings.host_key_algorithms or sorted(offered, key=lambda name: not is_certified(name))
        made.in_order = tuple(ordered([name for name in asked if name in offered], about(self._entries, self.name)))
        return made

    def missing_host_key(self, client: Any, _hostname: str, key: paramiko.PKey) -> None:
        """Raise ``HostKeyError`` for a key that is not trusted. Under ``accept-new`` an unknown one is noted."""
        try:
            signed = certificate(key)
        except ValueError as error:
            raise self._refused(f"the host key{self._of} cannot be checked", key, str(error)) from None
        self._refuse_revoked(key)
        self._entries += self._commanded("HOSTNAME", self.name, key)
        verdict, entry, problem = self._judge(self.name, key, signed)
        if verdict is Verdict.REVOKED:
            raise self._refused(
                f"the host key{self._of} is revoked",
                key,
                f"{entry.place} revokes it" if entry else None,
                "do not log in there until it is known why: whoever has that key can pass for this host",
            )
        if verdict is Verdict.CHANGED and entry:
            raise self._changed(key, entry, self.name)
        self._refuse_other_address(client, key, signed)
        if verdict is Verdict.NEW:
            self._meet(key, problem)

    def _judge(
        self, name: str, key: paramiko.PKey, signed: Certificate | None
    ) -> tuple[Verdict, Entry | None, str | None]:
        """Judge a key by its certificate first, then as a plain key; each time for the host with its port, then for
        any port."""
        entries = about(self._entries, name)
        problem: str | None = None
        if signed:
            verdict, entry = judge(entries, key.asbytes(), signed.authority)
            problem = signed.problem(self.bare)
            if verdict is Verdict.REVOKED or (verdict is Verdict.KNOWN and not problem):
                return verdict, entry, problem
            if verdict is Verdict.NEW:
                problem = f"nobody trusted has signed its certificate for {name}"
        if name != self.bare and judge(entries, key.asbytes())[0] is Verdict.NEW:
            verdict, entry, _ = self._judge(self.bare, key, signed)
            if verdict is Verdict.KNOWN:
                return verdict, entry, None
        return *judge(entries, key.asbytes()), problem

    def _commanded(self, why: str, name: str, key: paramiko.PKey | None = None) -> list[Entry]:
        """What ``KnownHostsCommand`` prints, asked for that reason (``%I``)."""
        command = self._settings.known_hosts_command
        if not command:
            return []
        of_key = (
            {"t": key.get_name(), "K": key.get_base64(), "f": key.fingerprint} if key else dict.fromkeys("tKf", "NONE")
        )
        tokens = {**dict(self._settings.tokens), "H": name, "I": why, **of_key}
        words = [re.sub("%(.)", lambda found: tokens.get(found[1], ""), word) for word in shlex.split(command)]
        done = ask(words, "KnownHostsCommand")
        if done.returncode:
            raise unusable(None, f"KnownHostsCommand {words[0]} ended with status {done.returncode}")
        return list(parse(done.stdout.decode(errors="replace"), "KnownHostsCommand"))

    def _refuse_revoked(self, key: paramiko.PKey) -> None:
        """As the files of ``RevokedHostKeys`` say, which ssh-keygen reads."""
        for file in self._settings.revoked_host_keys:
            blob = key.public_blob.key_blob if key.public_blob else key.asbytes()
            with tempfile.NamedTemporaryFile("w", prefix="skep-", suffix=".pub") as public:
                public.write(f"{paramiko.Message(blob).get_text()} {base64.b64encode(blob).decode()}\n")
                public.flush()
                asked = ask(["ssh-keygen", "-Q", "-f", str(file), public.name], "RevokedHostKeys")
            if asked.returncode:
                said = (asked.stderr or asked.stdout).decode(errors="replace").strip().replace(public.name, "its key")
                raise self._refused(
                    f"the host key{self._of} is revoked, or that cannot be checked",
                    key,
                    f"RevokedHostKeys {file}: {said}",
                    "do not log in there until it is known why",
                )

    def _refuse_other_address(self, client: paramiko.SSHClient, key: paramiko.PKey, signed: Certificate | None) -> None:
        """Apply ``CheckHostIP``: the key that is known for the address must be the same."""
        transport = client.get_transport()
        if not self._settings.check_host_ip or signed or self._settings.way or transport is None:
            return
        peer = str(transport.getpeername()[0])
        if peer.startswith("127.") or peer in ("::1", self._settings.host):
            return
        name = peer if self._settings.port == 22 else f"[{peer}]:{self._settings.port}"
        verdict, entry = judge(about(self._entries, name), key.asbytes())
        if verdict is Verdict.CHANGED and entry:
            raise self._changed(key, entry, name)

    def _meet(self, key: paramiko.PKey, problem: str | None) -> None:
        """Deal with a key that no file knows: refuse or note it, as the inventory says."""
        files = [str(file) for number, file in enumerate(self._files) if number == 0 or file.exists()]
        files += [file for file in self._settings.global_known_hosts if Path(file).exists()]
        why = f"no entry for {self.name} in {' or '.join(files) or 'any file'}"
        if not (self._accepts_new and self._files):
            raise HostKeyError(
                f"unknown host key{self._of} {key.get_name()} {key.fingerprint}",
                cause=f"{why}; {problem}" if problem else why,
                next_action="compare the fingerprint at the host's console, then add the key to"
                f" {files[0] if files else 'a known_hosts file'}, or set ssh.host-keys: accept-new",
            )
        path = self._files[0]
        with _writing, _usable(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            cut = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
            with path.open("a") as file:
                file.write("\n" * cut + f"{self.name} {key.get_name()} {key.get_base64()}\n")
        _load.cache_clear()

    def _changed(self, key: paramiko.PKey, entry: Entry, name: str) -> HostKeyError:
        file, _, number = entry.place.rpartition(":")
        by_name = entry.names.startswith("|") or name in entry.names.split(",")
        removal = f"ssh-keygen -R {_quoted(name)} -f {quoted(file)}"
        return self._refused(
            f"the host key{self._of} has changed, so this may be another machine",
            key,
            f"{entry.place} holds {entry.kind} {_fingerprint(entry.key)} for {name}",
            f"if the host was reinstalled, remove the old key: {removal if by_name else f'line {number} of {file}'}",
        )

    def _refused(
        self, message: str, key: paramiko.PKey, why: str | None, next_action: str | None = None
    ) -> HostKeyError:
        got = f"got {key.get_name()} {key.fingerprint}"
        return HostKeyError(
            message,
            step="connect",
            cause=f"{got}; {why}" if why else got,
            next_action=next_action or "look at the certificate on the host: ssh-keygen -L -f FILE-cert.pub",
        )


@lru_cache(maxsize=32)
def _load(path: Path) -> tuple[Entry, ...]:
    """The entries of the file; none where there is none."""
    with _usable(path):
        return tuple(parse(path.read_text(errors="replace"), str(path))) if path.exists() else ()


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConnectError(
            "the known host keys cannot be read or written",
            step="connect",
            cause=f"{path}: {error.strerror}",
            next_action="fix it, or name another file as ssh.known-hosts in the inventory",
        ) from None


def _quoted(name: str) -> str:
    return f"'{name}'" if name.startswith("[") else quoted(name)


def _fingerprint(key: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
