"""A certificate's subject, read as the library for X.509 reads it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from roles.swarm.certificate import COMMON_NAME, ORGANIZATION, UNIT, subject

KINDS = {
    NameOID.ORGANIZATION_NAME: ORGANIZATION,
    NameOID.ORGANIZATIONAL_UNIT_NAME: UNIT,
    NameOID.COMMON_NAME: COMMON_NAME,
}


def made(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *values: str) -> x509.Certificate:
    """One with these values for O, OU and CN, of another issuer."""
    now = datetime(2025, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "swarm-ca")]))
        .subject_name(x509.Name([x509.NameAttribute(kind, one) for kind, one in zip(KINDS, values, strict=True)]))
        .public_key(key.public_key())
        .serial_number(2**150 + 1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )


EC = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("key", [EC, rsa.generate_private_key(65537, 2048)], ids=["ec", "rsa"])
@pytest.mark.parametrize("values", [("k7f6vr0m3g0z", "swarm-worker", "w1n8zb8v"), ("ä" * 32, "o" * 64, "€")])
def test_it_reads_what_the_library_reads(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, values: tuple[str, ...]
) -> None:
    pem = made(key, *values).public_bytes(serialization.Encoding.PEM).decode()
    name = x509.load_pem_x509_certificate(pem.encode()).subject
    read = {KINDS[attribute.oid]: str(attribute.value) for attribute in name}
    assert subject(pem) == read == dict(zip(KINDS.values(), values, strict=True))
    assert subject(f"{pem}{made(EC, 'a', 'b', 'c').public_bytes(serialization.Encoding.PEM).decode()}") == read


def test_what_is_cut_short_or_no_certificate_raises_what_observing_expects() -> None:
    whole = made(EC, "cluster", "swarm-manager", "node").public_bytes(serialization.Encoding.DER)
    for size in range(len(whole)):
        text = base64.b64encode(whole[:size]).decode()
        with pytest.raises((ValueError, LookupError)):
            subject(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    for text in ("", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"):
        with pytest.raises((ValueError, LookupError)):
            subject(text)
