"""Certificates and keys that an inventory names: files of the site, or what a reference gives."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from skep.inventory.value_references import Surroundings, located
from skep.reading.settings import Referenced
from skep.shell import quoted

MOST = 1 << 20
"""Bytes of a file."""


class BadPem(Exception):
    """What is wrong with it; never shows what it holds."""


def pem(value: str, surroundings: Surroundings) -> str:
    """The text of the file, or what the reference gave. Raises ``BadPem``."""
    if "-----BEGIN " in value:
        return _ended(value)
    if isinstance(value, Referenced) and "\n" in value:
        raise BadPem("gives no PEM: -----BEGIN ... is missing")
    path = located(value, surroundings)
    try:
        if not path.is_file():
            raise BadPem(f"there is no file {_named(path, value)}")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise BadPem(f"cannot read {_named(path, value)}: {why}") from None
    if len(content) > MOST:
        raise BadPem(f"{_named(path, value)} is larger than {MOST // 1024} KiB")
    try:
        return _ended(content.decode("ascii"))
    except UnicodeDecodeError:
        files = "" if isinstance(value, Referenced) else f" -in {quoted(str(path))} -out {quoted(f'{path}.pem')}"
        made = f"of a certificate, one is made by: openssl x509 -inform der{files}"
        raise BadPem(f"{_named(path, value)} is no PEM file; {made}") from None


def expiry(text: str, now: datetime) -> datetime:
    """When the first of the certificates in it expires. Raises ``BadPem`` where one is expired, not valid yet, or where
    there is none."""
    from cryptography import x509

    if "PRIVATE KEY-----" in text:
        raise BadPem("holds a private key; that belongs into client-key only")
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise BadPem("holds no certificate in PEM that can be read") from None
    for one in found:
        if one.not_valid_after_utc < now:
            raise BadPem(f"expired on {one.not_valid_after_utc:%Y-%m-%d}: {name_of(one.subject.rfc4514_string())}")
        if one.not_valid_before_utc > now:
            raise BadPem(f"is not valid before {one.not_valid_before_utc:%Y-%m-%d}, by the clock of this machine")
    return min(one.not_valid_after_utc for one in found)


def check_key(text: str, certificate: str | None) -> None:
    """Raise ``BadPem`` where it is no key that the engine can use, or not that of the certificate."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise BadPem(
            "is encrypted, and the engine has no passphrase: name a key without one, as openssl pkey writes it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadPem("holds no private key in PEM that can be read") from None
    if certificate is None:
        return
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    try:
        desired = x509.load_pem_x509_certificate(certificate.encode()).public_key().public_bytes(*form)
    except ValueError:
        return
    if key.public_key().public_bytes(*form) != desired:
        raise BadPem("is not the key of client-cert")


def name_of(subject: str) -> str:
    """A subject for a message."""
    return "".join(char if char.isprintable() else "?" for char in subject[:120])


def _named(path: Path, value: str) -> str:
    return "the file that the reference names" if isinstance(value, Referenced) else str(path)


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"
