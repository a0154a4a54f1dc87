"""What a stack is to be: specs from its compose files, a revision, or what runs with something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from roles.stacks.naming import Naming
from roles.stacks.state import Found, Told
from skep.compose import ComposeError, Document, Specs, convert, document_of
from skep.model import Cluster, Stack
from skep.plan import Finding
from skep.swarm.objects import Network, ObjectSpec
from skep.swarm.references import named, renamed, used
from skep.swarm.revision import Revision
from skep.swarm.service import image_of, same_image, with_image
from skep.swarm.spec import ServiceSpec

KEEP = 5
"""Revisions that can be gone back to, where nobody says another number."""


@dataclass(frozen=True, slots=True)
class Wanted:
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


@dataclass(frozen=True, slots=True)
class Outside:
    """Names of what the stack uses and does not own."""

    networks: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def from_compose(cluster: Cluster, stack: Stack, found: Found, told: Told | None) -> Wanted:
    """From the compose files; configs and secrets named by what they hold. Raises ``ComposeError``."""
    document = document_of(stack, told.facts if told else None)
    options = document.options
    specs = convert(document, stack.name)
    naming = Naming(stack, found, told, (told.key if told else None) or cluster.nonce)
    configs = naming.configs(specs.configs)
    secrets = naming.secrets(specs.secrets, specs.services)
    services = {name: renamed(spec, naming.names) for name, spec in specs.services.items()}
    return Wanted(
        services=services,
        networks=specs.networks,
        configs=configs,
        secrets=secrets,
        outside=Outside(
            specs.external_networks,
            tuple(sorted(used("config", *services.values()) - set(configs))),
            tuple(sorted(used("secret", *services.values()) - set(secrets))),
        ),
        hooks={f"{stack.name}_{name}": when for name, when in options.hooks.items()},
        waves=tuple(
            tuple(f"{stack.name}_{name}" for name in wave if name not in options.hooks) for wave in options.order
        ),
        prune=stack.rollout.prune or bool(options.prune),
        keep=stack.keep or options.keep or KEEP,
        hidden=document.hidden,
        document=document,
        specs=specs,
        findings=tuple(naming.findings),
    )


def from_revision(stack: Stack, revision: Revision, found: Found) -> Wanted:
    """A recorded revision: everything as it was, services that came later go. Hooks stay as they are and do not run:
    what they did to data is not undone by doing it again."""
    content = revision.content
    hooks = {**hooks_of(found), **(content.get("hooks") or {})}
    return Wanted(
        services={name: spec for name, spec in content["services"].items() if name not in hooks},
        networks=content["networks"],
        hooks=hooks,
        spared=frozenset(hooks),
        number=revision.number,
        outside=Outside(configs=tuple(content["configs"]), secrets=tuple(content["secrets"])),
        pinned=True,
        prune=True,
        keep=_kept(stack),
    )


def from_found(stack: Stack, found: Found, told: Told) -> Wanted:
    """What runs now, as if it were asked for; hooks as the last revision has them."""
    names = told.names
    services = {name: named(raw["Spec"], names) for name, raw in found.services.items()}
    hooks = {name: when for name, when in hooks_of(found).items() if name in services}
    return Wanted(services=services, hooks=hooks, pinned=True, keep=_kept(stack))


def refreshed(stack: Stack, found: Found, told: Told, files: Wanted) -> Wanted:
    """What runs now with its images by the tags that the compose files name, so that they are looked up again."""
    now = from_found(stack, found, told)
    services = {
        name: with_image(spec, image_of(files.services[name]))
        for name, spec in now.services.items()
        if name in files.services and same_image(files.services[name], spec)
    }
    hooks = {name: when for name, when in files.hooks.items() if name in now.services}
    return replace(
        now,
        services=services,
        spared=frozenset(now.services) - frozenset(services),
        hooks=hooks,
        waves=files.waves,
        pinned=False,
        hidden=files.hidden,
    )


def hooks_of(found: Found) -> Mapping[str, str]:
    """The hooks as the last revision has them."""
    return (found.revisions[-1].content.get("hooks") or {}) if found.revisions else {}


def _kept(stack: Stack) -> int | None:
    """How many revisions stay, as the inventory says, else the compose files; ``None`` where neither can be read."""
    if stack.keep:
        return stack.keep
    try:
        return (document_of(stack).options.keep or KEEP) if stack.compose else None
    except ComposeError:
        return None
