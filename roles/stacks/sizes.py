"""Services, and the record of a roll-out, that are larger than what managers hand to each other."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from roles.stacks.drift import Drift
from roles.stacks.records import records
from skep.plan import Finding
from skep.refusals.services import MAX_CONFIG
from skep.swarm.revision import pack

LARGEST_CHANGE = 1536 * 1024
"""Bytes of one change, which has the service as it was beside what it becomes. Source: swarmkit
manager/state/raft/raft.go: ErrRequestTooLarge."""
_KIB = 1024
_REMEDY = "put what is long in environment and labels into configs or secrets"


def too_large(drift: Drift) -> Iterator[Finding]:
    """Errors for what the managers would refuse half way."""
    for one in drift.differing:
        size, before = weight(one.spec), weight(one.have)
        if size + before > LARGEST_CHANGE:
            beside = f", with the {before // _KIB} KiB that it has now" if before else ""
            text = f"{_where(drift, one.name)}: has {size // _KIB} KiB{beside}"
            text += f": managers take changes up to {LARGEST_CHANGE // _KIB} KiB"
            yield Finding("error", text, role="stacks", next_action=_REMEDY)
    if drift.differing and sum(map(weight, drift.desired.services.values())) >= MAX_CONFIG:
        size = max(len(base64.b64decode(pack(one["content"]))) for one in records(drift))
        if size >= MAX_CONFIG:
            text = f"stack {drift.name}: the record of its services has {size // _KIB} KiB, packed"
            text += f", and a config holds less than {MAX_CONFIG // _KIB} KiB"
            yield Finding("error", text, role="stacks", next_action=f"{_REMEDY}, or make it two stacks")


def weight(value: object) -> int:
    """Bytes of all texts in a value, which is less than what managers keep of it. Names of fields are none to them, and
    those of labels are left out with them."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    if isinstance(value, Mapping):
        return sum(map(weight, value.values()))
    return sum(map(weight, value)) if isinstance(value, list | tuple) else 0


def _where(drift: Drift, service: str) -> str:
    document, short = drift.desired.document, service.removeprefix(f"{drift.name}_")
    return f"{document.where('services', short)}: services.{short}" if document else f"service {service}"
