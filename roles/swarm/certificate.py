"""The subject of a node's certificate. Read here, since a library for all of X.509 takes a tenth of a whole look at a
cluster to load; ``verify.py`` reads the same with that library."""

from __future__ import annotations

import base64
from collections.abc import Mapping

COMMON_NAME, ORGANIZATION, UNIT = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x04\x0b"
"""CN, O and OU, as the encoding names them (X.520)."""

_VERSION = 0xA0
_SUBJECT = 4
"""Its place in what is signed: behind serial number, algorithm, issuer and validity (RFC 5280, 4.1)."""


def subject(pem: str) -> Mapping[bytes, str]:
    """The attributes of the first certificate in a text. Raises ``ValueError``, ``LookupError`` for what is none."""
    _, _, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    whole = base64.b64decode(rest.partition("-----END CERTIFICATE-----")[0])
    signed = _parts(_parts(_parts(whole)[0][1])[0][1])
    fields = [content for tag, content in signed if tag != _VERSION]
    found = {}
    for _, names in _parts(fields[_SUBJECT]):
        for _, attribute in _parts(names):
            (_, kind), (_, value) = _parts(attribute)
            found[kind] = value.decode()
    return found


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each value in DER, one behind the other (X.690, 8.1)."""
    found, at = [], 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            longer = size & 0x7F
            size, at = int.from_bytes(der[at : at + longer]), at + longer
        if at + size > len(der):
            raise ValueError("a certificate that is cut short")
        found.append((tag, der[at : at + size]))
        at += size
    return found
