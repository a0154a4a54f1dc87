"""Revisions of a stack: what each roll-out asked for, kept in the swarm itself as a config."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import field
from typing import TypedDict

from skep.dataclass import dataclass
from skep.swarm.labels import (
    REVISION,
    REVISION_CAUSE,
    REVISION_COMMIT,
    REVISION_ERROR,
    REVISION_OF,
    REVISION_STATE,
    REVISION_WHO,
    labels_of,
)
from skep.swarm.objects import Network, Object
from skep.swarm.spec import ServiceSpec

BEGUN, DONE = "begun", "done"


class Content(TypedDict, total=False):
    """What a revision holds: specs with names in place of identifiers and pinned images, networks, names of configs
    and secrets, hooks by service, the plan's lines, and ``sealed``, the configs that hold something hidden."""

    services: dict[str, ServiceSpec]
    networks: dict[str, Network]
    configs: list[str]
    secrets: list[str]
    hooks: dict[str, str]
    changes: list[str]
    sealed: list[str]


@dataclass(frozen=True, slots=True)
class Revision:
    """One roll-out. ``time`` is the manager's (RFC 3339); ``done`` whether the stack was seen to run like this,
    ``error`` what kept it from that.

    ``services`` are specs with names in place of identifiers and pinned images; ``changes`` the plan's lines.
    """

    stack: str
    number: int
    done: bool = True
    id: str = ""
    time: str = ""
    who: str = ""
    commit: str = ""
    cause: str = ""
    error: str = ""
    packed: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The config that holds it."""
        return name_of(self.stack, self.number)

    @property
    def content(self) -> Content:
        """What it asked for."""
        found: Content = json.loads(zlib.decompress(base64.b64decode(self.packed)))
        return found


def name_of(stack: str, number: int) -> str:
    """The name of the config that holds a revision."""
    return f"skep.{stack}.{number}"


class Record(TypedDict):
    """A revision that is to be written down: the config that holds it, before its content is packed."""

    Name: str
    Labels: dict[str, str]
    content: Content


def pack(content: Content) -> str:
    """A revision's content as the ``Data`` of its config; the same content gives the same text."""
    return base64.b64encode(zlib.compress(json.dumps(content, sort_keys=True).encode(), 9)).decode()


def read_revision(config: Object) -> Revision | None:
    """The revision a config of the Engine API holds; ``None`` for any other config."""
    labels = labels_of(config["Spec"])
    if not str(labels.get(REVISION, "")).isdigit() or REVISION_OF not in labels:
        return None
    return Revision(
        stack=labels[REVISION_OF],
        number=int(labels[REVISION]),
        done=labels.get(REVISION_STATE) == DONE,
        id=config["ID"],
        time=config.get("CreatedAt", ""),
        who=labels.get(REVISION_WHO, ""),
        commit=labels.get(REVISION_COMMIT, ""),
        cause=labels.get(REVISION_CAUSE, ""),
        error=labels.get(REVISION_ERROR, ""),
        packed=config["Spec"].get("Data", ""),
    )


def last_done(revisions: Sequence[Revision]) -> Revision | None:
    """The newest that was seen to run."""
    return next((revision for revision in reversed(revisions) if revision.done), None)
