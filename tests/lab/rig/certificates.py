"""Certificates of a swarm that are older than they are."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

FOLDER = "/var/lib/docker/swarm/certificates"


def aged(pem: str, *, ago: int, left: int) -> str:
    """The same certificate, had it begun some days ago to end in some. No engine would start with it."""
    one, now = x509.load_pem_x509_certificates(pem.encode())[0], datetime.datetime.now(datetime.UTC)
    begin, end = now - datetime.timedelta(days=ago), now + datetime.timedelta(days=left)
    builder = x509.CertificateBuilder(one.issuer, one.subject, one.public_key(), one.serial_number, begin, end)
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()
