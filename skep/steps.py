"""Steps as data: what names one, what it waits for, and the kinds there are. Nothing here acts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, ClassVar

from skep.dataclass import dataclass
from skep.secret import Secret, revealed

STACKS = "stacks"
"""The role whose steps are about stacks: runs, maintenance windows and pages look at each stack by itself."""


class StepId(str):
    """The name of a step: which role does what, about which object, on or about which host.

    It is its text, ``role/action:object@host``, as plans and histories show it. ``object`` may be a part of another:
    ``web/web_app``.
    """

    __slots__ = ("action", "host", "object", "role")

    role: str
    action: str
    host: str | None
    object: str | None

    def __new__(cls, role: str, action: str, host: str | None = None, object: str | None = None) -> StepId:
        """A name; hosts and objects are left out where a step is about none."""
        text = f"{role}/{action}" + (f":{object}" if object else "") + (f"@{host}" if host else "")
        made = super().__new__(cls, text)
        made.role, made.action, made.host, made.object = role, action, host, object
        return made

    def __getnewargs__(self) -> tuple[str, str, str | None, str | None]:  # type: ignore[override]
        return self.role, self.action, self.host, self.object

    @property
    def whole(self) -> str | None:
        """The object that its own is a part of, or that itself."""
        return self.object and self.object.partition("/")[0]

    @property
    def stack(self) -> str | None:
        """The stack that it is about, or about a part of."""
        return self.whole if self.role == STACKS else None

    @property
    def without_host(self) -> str:
        """Its text for where the host stands beside it."""
        return StepId(self.role, self.action, None, self.object)


@dataclass(frozen=True, slots=True)
class Milestone:
    """What steps of any role bring about, and others wait for without knowing whose steps these are.

    It is reached once every step in the plan that provides it is done; where none does, it is so already. ``of`` is the
    host, or the object, that it is about; one without is provided by the steps of all of them.

    ``in_turn``: several roles bring it about, each in its turn, in the order of the roles. Then it is waited for as far
    as the roles before the one that waits bring it about.
    """

    name: str
    of: str | None = None
    in_turn: bool = False

    def __str__(self) -> str:
        return self.name + (f"@{self.of}" if self.of else "")

    def about(self, what: str | None) -> Milestone:
        """The same of one host or object."""
        return replace(self, of=what)

    def is_met_by(self, provided: Milestone) -> bool:
        """Whether a step that provides that one is to be waited for."""
        return self.name == provided.name and (self.of is None or provided.of in (None, self.of))


Edge = StepId | Milestone

EARLIER = Milestone("earlier_roles", in_turn=True)
"""All steps of the roles before: whatever has to come last, or takes hosts out of service, waits for it. Each step
provides it."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A value known only at the step: shown as ``<name>``, resolved by the executor, never stored.

    Names: ``manager-token``, ``worker-token``, ``unlock-key``, ``manager-addresses`` (list of ``address:2377``),
    ``node-id@HOST``, ``result@STEP`` (what that step gave back), ``registry-logins``, ``author``, ``commit``.
    """

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One change. ``id`` names what it is about; ``host`` is where it runs; ``None`` means any reachable manager, but
    not ``avoid`` while there is another.

    ``needs`` is what must have succeeded before: steps by their ids, or milestones. ``gates`` are needs that order a
    roll-out over hosts: ``--limit`` may leave them out. ``after`` only orders. What no step of the plan brings about is
    so already. ``only_with`` leaves the step out of a plan where nothing brings that about, and with it what needs this
    one. ``provides`` are the milestones that are reached once it is done.
    ``writes`` are paths on its host and how many bytes they take at most: preflight looks for room there.
    ``timeout`` in seconds. ``detail`` holds further lines, old → new. ``otherwise`` is what the user can do when a
    script fails, or what is waited for does not come true in time. ``leaves`` says how the node stands that the step is
    about once it is done, and until another step says otherwise; empty: as before.
    """

    kind: ClassVar[str] = "step"

    id: StepId
    title: str
    cause: str
    host: str | None = None
    avoid: str | None = None
    needs: tuple[Edge, ...] = ()
    gates: tuple[Edge, ...] = ()
    after: tuple[Edge, ...] = ()
    only_with: Edge | None = None
    provides: tuple[Milestone, ...] = ()
    timeout: float = 120.0
    writes: Mapping[str, int] = field(default_factory=dict)
    detail: tuple[str, ...] = ()
    otherwise: str | None = None
    leaves: str | None = None

    @property
    def role(self) -> str:
        """The role that planned it."""
        return self.id.role

    @property
    def concerns(self) -> str | None:
        """The host it is about: where it runs, or the node a cluster-wide step changes."""
        return self.host or self.id.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Run(Step):
    """A POSIX sh script, as root. ``files`` are laid under ``$FILES`` for its time and removed after.

    A file is bytes, or data that becomes JSON and may hold a ``Secret`` at any depth: nothing else has to be said
    for it to be kept out of errors. Bytes that hold a secret need it in ``hides``.
    """

    kind: ClassVar[str] = "run"
    script: str
    files: Mapping[str, bytes | Mapping[str, Any]] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str | int | Secret] = field(default_factory=dict)
    """Exported to the script; they travel over stdin, never in argv. What is secret is a ``Secret``."""
    hides: tuple[Secret, ...] = ()
    """Further values that no output of it may show; not sent."""
    restarts: bool = False
    """Whether it ends the engine that runs there, if only for a moment."""
    patience: float = 0.0
    """Seconds for which a script that ends with ``BUSY`` is tried again; what it says is the step's progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Put(Step):
    """A file, written in one move, owned by root; through a link, whose target it replaces. A folder in its place is a
    failure."""

    kind: ClassVar[str] = "put"
    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True, slots=True)
class Send(Step):
    """A file of this machine, of any size, put on the host in one move once all of it has arrived; owned by root. What
    arrived before a connection or a run ended is not sent again, be it by this run or by another.
    """

    kind: ClassVar[str] = "send"
    source: str
    path: str
    size: int
    sha256: str
    """Of the whole file, in hex: what has to arrive."""
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch(Step):
    """A file of the host, of any size, put on this machine in one move once all of it has arrived. As with ``Send``, it
    continues where it was cut off, as long as the file there is the same.
    """

    kind: ClassVar[str] = "fetch"
    path: str
    target: str
    sha256: str = ""
    """Of the whole file, in hex; empty where it is the host that knows it."""
    mode: int = 0o600


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Step):
    """One operation on the Engine API, named as in ``skep.engine.operations``."""

    kind: ClassVar[str] = "call"
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait(Step):
    """A condition on the Engine API that must become true, named as in ``skep.engine.conditions``."""

    kind: ClassVar[str] = "wait"
    condition: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def file_bytes(content: bytes | Mapping[str, Any]) -> bytes:
    """A file of a ``Run`` as it is sent: secrets in it are revealed here."""
    if isinstance(content, bytes):
        return content
    return (json.dumps(revealed(content), indent=2, sort_keys=True) + "\n").encode()
