"""Host certificates: who signed one, and whether it holds for a host (OpenSSH's PROTOCOL.certkeys)."""

from __future__ import annotations

import time

import paramiko
from paramiko.message import Message

from skep.dataclass import dataclass
from skep.ssh.known_hosts import matches

HOST = 2
FIELDS = {"ssh-ed25519": 1, "ssh-rsa": 2}
"""How many fields the public key has; those of ECDSA have two as well."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says, and by whose key. ``signed`` says whether the signature is good, by an algorithm that
    is not SHA-1's."""

    kind: int
    principals: tuple[str, ...]
    after: int
    before: int
    critical: bytes
    authority: bytes
    signed: bool

    def problem(self, host: str) -> str | None:
        """Why it does not hold for that host now; ``None`` where it does."""
        if not self.signed:
            return "its certificate has no good signature"
        if self.kind != HOST:
            return "its certificate is not a host's"
        if time.time() < self.after:
            return "its certificate is not valid yet"
        if time.time() >= self.before:
            return "its certificate has expired"
        if not any(matches(name, host) for name in self.principals):
            return f"its certificate is for {', '.join(self.principals) or 'nobody'}, not for {host}"
        return "its certificate has options that are not understood" if self.critical else None


def certificate(key: paramiko.PKey) -> Certificate | None:
    """The certificate that a host's key came with, if any. Raises ``ValueError`` for one that cannot be read."""
    if key.public_blob is None:
        return None
    blob: bytes = key.public_blob.key_blob
    try:
        return _read(blob)
    except (paramiko.SSHException, LookupError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError("its certificate cannot be read") from error


def _read(blob: bytes) -> Certificate:
    message = Message(blob)
    kind = message.get_text().partition("-cert-v0")[0]
    for _ in range(1 + FIELDS.get(kind, 2)):  # a nonce, and the public key
        message.get_binary()
    message.get_int64()  # serial number
    role = message.get_int()
    message.get_binary()  # key ID
    listed = Message(message.get_binary())
    after, before = message.get_int64(), message.get_int64()
    critical = message.get_binary()
    message.get_binary()  # extensions
    message.get_binary()  # reserved
    authority = message.get_binary()
    signature = message.get_binary()
    names = []
    while listed.get_remainder():
        names.append(listed.get_text())
    text = blob[: -len(signature) - 4]
    return Certificate(role, tuple(names), after, before, critical, authority, _signed(authority, text, signature))


def _signed(authority: bytes, text: bytes, signature: bytes) -> bool:
    if Message(signature).get_text() == "ssh-rsa":
        return False
    try:
        key = paramiko.PKey.from_type_string(Message(authority).get_text(), authority)
        return bool(key.verify_ssh_sig(text, Message(signature)))
    except (paramiko.SSHException, ValueError, TypeError):
        return False
