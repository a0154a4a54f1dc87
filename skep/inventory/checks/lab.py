"""``x-lab``: of the free keys, the one that ``lab.*`` reads."""

from __future__ import annotations

import ipaddress

from skep.reading.findings import Findings, KeyPath
from skep.reading.mapping_kinds import MAPPING
from skep.reading.values import Fields
from skep.reading.wording import quoted


def extensions(section: Fields) -> dict[str, object]:
    """The ``x-*`` keys of the file or a host, as written."""
    return {key: value for key, value in section.items() if key.startswith("x-")}


def check_lab(file: Fields, findings: Findings) -> None:
    """Note what does not have the right shape, at the top level and in hosts."""
    if _mapping(file.get("x-lab"), ("x-lab",), findings):
        _check_top(file["x-lab"], findings)
    for name, host in file.section("hosts").items():
        path = ("hosts", name, "x-lab")
        if _mapping(host.get("x-lab"), path, findings):
            _text(host["x-lab"], path, "suite", findings)


def _check_top(lab: dict[str, object], findings: Findings) -> None:
    for key in ("name", "suite", "backend"):
        _text(lab, ("x-lab",), key, findings)
    if "subnet" in lab:
        try:
            ipaddress.IPv4Network(str(lab["subnet"]))
        except ValueError:
            shown = quoted(str(lab["subnet"]))
            findings.error(("x-lab", "subnet"), f"must be an IPv4 network such as 10.83.0.0/24, not {shown}")
    port = lab.get("registry-port", 5000)
    if type(port) is not int or not 1 <= port <= 65535:
        findings.error(("x-lab", "registry-port"), f"must be a whole number from 1 to 65535, not {quoted(str(port))}")
    if not isinstance(lab.get("packages", False), bool):
        shown = quoted(str(lab["packages"]))
        findings.error(("x-lab", "packages"), f"must be true or false, not {shown}")


def _mapping(value: object, path: KeyPath, findings: Findings) -> bool:
    """Whether it is one; nothing at all is fine, too."""
    if value is not None and not isinstance(value, dict):
        findings.error(path, MAPPING)
    return isinstance(value, dict)


def _text(mapping: dict[str, object], path: KeyPath, key: str, findings: Findings) -> None:
    if key in mapping and not isinstance(mapping[key], str):
        findings.error((*path, key), f"must be text, not {quoted(str(mapping[key]))}")
