"""What a stack is to be: what each request gives, be it by the compose files, a revision, or what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from roles.stacks.state import Found, SwarmObjects
from skep.compose import ComposeError, Document, Specs, document_of
from skep.dataclass import dataclass
from skep.model import Stack
from skep.plan import Finding
from skep.swarm.objects import Network, ObjectSpec
from skep.swarm.references import named
from skep.swarm.spec import ServiceSpec

KEEP = 5
"""Revisions that can be gone back to, where nobody says another number."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Services by full name, their specs with names in place of identifiers; bodies of what they use.

    ``hooks`` maps services to ``before`` or ``after``; ``waves`` are services in the order they are to come. ``keep``
    revisions stay within reach, all of them where nobody here knows how many. ``spared`` are services that stay as they
    are, whatever else goes. ``pinned``: images are digests already,
    and nothing is asked of a registry. ``hidden`` are texts not to show.
    """

    services: Mapping[str, ServiceSpec] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    configs: Mapping[str, ObjectSpec] = field(default_factory=dict)
    secrets: Mapping[str, ObjectSpec] = field(default_factory=dict)
    outside: Outside = field(default_factory=lambda: Outside())
    hooks: Mapping[str, str] = field(default_factory=dict)
    waves: tuple[tuple[str, ...], ...] = ()
    pinned: bool = False
    prune: bool = False
    spared: frozenset[str] = frozenset()
    number: int | None = None
    """The revision, where it is one."""
    keep: int | None = None
    hidden: frozenset[str] = frozenset()
    document: Document | None = None
    specs: Specs | None = None
    findings: tuple[Finding, ...] = ()
    cause: str = ""
    """Why a service is written, where it is not edits by hand that are taken back."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Names of what the stack uses and does not own."""

    networks: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Unplannable(Exception):
    """A request that cannot be planned, and why: ``findings`` of level ``error``."""

    def __init__(self, text: str, next_action: str) -> None:
        super().__init__(text)
        self.findings = [Finding("error", text, role="stacks", next_action=next_action)]


def known(swarm: SwarmObjects | None) -> SwarmObjects:
    """What the swarm holds, for a request that cannot do without. Raises ``Unplannable``."""
    if swarm is None:
        raise Unplannable(
            "nobody can tell what runs: no manager of a swarm is among those that answered",
            "look at its managers: invoke cluster.plan",
        )
    return swarm


def as_found(stack: Stack, swarm: SwarmObjects) -> Desired:
    """What runs now, as if it were asked for; hooks as the last revision has them."""
    found = swarm.of(stack.name)
    services = {name: named(raw["Spec"], swarm.names) for name, raw in found.services.items()}
    hooks = {name: when for name, when in hooks_of(found).items() if name in services}
    return Desired(services=services, hooks=hooks, pinned=True, keep=kept(stack))


def refuse_unknown(stack: Stack, asked: Mapping[str, object] | frozenset[str], services: Mapping[str, object]) -> None:
    """Raises ``Unplannable`` where a request names services that the stack does not have."""
    unknown = sorted(set(asked) - set(services))
    if unknown:
        names = ", ".join(sorted(services)) or "none"
        meant = sorted(full for name in unknown if (full := f"{stack.name}_{name}") in services)
        action = f"write in full: {', '.join(meant)}" if meant else f"its services are: {names}"
        raise Unplannable(f"stack {stack.name} has no service {', '.join(unknown)}", action)


def hooks_of(found: Found) -> Mapping[str, str]:
    """The hooks as the last revision has them."""
    return (found.revisions[-1].content.get("hooks") or {}) if found.revisions else {}


def kept(stack: Stack) -> int | None:
    """How many revisions stay, as the inventory says, else the compose files; ``None`` where neither can be read."""
    if stack.keep:
        return stack.keep
    try:
        return (document_of(stack).options.keep or KEEP) if stack.compose else None
    except ComposeError:
        return None
