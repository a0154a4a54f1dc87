"""``stack.deploy``, and what ``cluster.up`` does with a stack: what its compose files say."""

from __future__ import annotations

from dataclasses import replace

from roles.stacks.desired import KEEP, Desired, Outside
from roles.stacks.naming import Naming
from roles.stacks.state import SwarmObjects
from skep.compose import convert, document_of
from skep.request import RequestedCluster, RequestedStack
from skep.swarm.archived import by_content
from skep.swarm.references import renamed, used


def deployed(
    cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects | None, *, containerd: bool = False
) -> Desired:
    """What the compose files ask for; configs and secrets named by what they hold, and so are images from files, by
    what the engines or ``containerd`` call them. Raises ``ComposeError``."""
    found = (swarm or SwarmObjects()).of(stack.name)
    document = document_of(stack, swarm.facts if swarm else None)
    options = document.options
    specs = convert(document, stack.name)
    if cluster.archives:
        named = {
            name: by_content(spec, cluster.archives, containerd=containerd) for name, spec in specs.services.items()
        }
        specs = replace(specs, services=named)
    naming = Naming(stack, found, swarm, (swarm.key if swarm else None) or cluster.nonce)
    configs = naming.configs(specs.configs)
    secrets = naming.secrets(specs.secrets, specs.services)
    services = {name: renamed(spec, naming.names) for name, spec in specs.services.items()}
    return Desired(
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
        cause="differs from the compose files",
    )
