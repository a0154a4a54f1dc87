"""Certificates of the site, each read where it is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from skep.inventory.checks.sections import sections
from skep.inventory.checks.stacks import is_server
from skep.inventory.pem import BadPem, check_key, expiry, pem
from skep.inventory.value_references import Surroundings
from skep.kinds.files import CERTIFICATE_ENDS
from skep.reading.findings import Findings, KeyPath
from skep.reading.settings import Referenced
from skep.reading.values import Fields

SOON = timedelta(days=30)


def check_certificates(file: Fields, findings: Findings, surroundings: Surroundings) -> None:
    """Note what is no certificate or key, is expired, or does not belong together."""
    for path, given in sections(file, "certificates"):
        for registry, files in given.section("registries").items():
            _check_registry((*path, "registries", registry), files, findings, surroundings)
        stems: dict[str, str] = {}
        for index, value in enumerate(given.get("trust", ())):
            place = (*path, "trust", index)
            stem = PurePath(value).stem
            if "-----BEGIN" in value:
                findings.error(place, "must be a file: its name is the one it gets on the host")
            elif "\\" in stem or not stem.isprintable():
                findings.error(
                    place, "must have a name without backslashes and control characters: the host's file gets it"
                )
            elif stem in stems:
                findings.error(place, f"would have the same name on the host as {findings.written(place, stems[stem])}")
            else:
                _certificate(place, value, findings, surroundings)
            stems.setdefault(stem, value)


def _check_registry(path: KeyPath, given: Fields, findings: Findings, surroundings: Surroundings) -> None:
    registry = str(path[-1])
    if not is_server(registry):
        findings.error(path, "must be the registry as it stands before an image's name: host or host:port")
    if not given:
        findings.error(path, "names no file: write ca, or client-cert and client-key")
    for one, other in (("client-cert", "client-key"), ("client-key", "client-cert")):
        if one in given and other not in given:
            findings.error((*path, one), f"does nothing without {other} beside it")
    texts = {
        key: _certificate((*path, key), given[key], findings, surroundings)
        for key in ("ca", "client-cert")
        if key in given
    }
    if "client-key" in given:
        place, value = (*path, "client-key"), given["client-key"]
        if "-----BEGIN" in value and not isinstance(value, Referenced):
            findings.error(place, "must be a file or a reference, never the key itself")
            return
        try:
            check_key(pem(value, surroundings), texts.get("client-cert"))
        except BadPem as problem:
            findings.error(place, str(problem))


def _certificate(place: KeyPath, value: str, findings: Findings, surroundings: Surroundings) -> str | None:
    now = datetime.now(UTC)
    try:
        text = pem(value, surroundings)
        end = expiry(text, now)
    except BadPem as problem:
        findings.error(place, str(problem))
        return None
    if end - now < SOON:
        findings.warn(CERTIFICATE_ENDS, place, f"expires on {end:%Y-%m-%d}: renew it")
    return text
