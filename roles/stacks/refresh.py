"""``stack.refresh``: what runs, with the images that its tags are now."""

from __future__ import annotations

from dataclasses import replace

from roles.stacks.deploy import deployed
from roles.stacks.desired import Desired, Unplannable, as_found, known
from roles.stacks.drift import Drift
from roles.stacks.state import SwarmObjects
from skep.plan import Finding
from skep.request import RequestedCluster, RequestedStack, Rollout
from skep.swarm.service import image_of, same_image, with_image


def refreshed(
    cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects | None, *, containerd: bool = False
) -> Desired:
    """What runs now with its images by the tags that the compose files name, so that they are looked up again; what
    else the files ask for is a deploy's to bring. Raises ``Unplannable`` and ``ComposeError``."""
    files, there = deployed(cluster, stack, swarm, containerd=containerd), known(swarm)
    desired = _by_tags(as_found(stack, there), files)
    if not stack.resolve:
        return replace(desired, findings=(_in_no_registry(stack),))
    deploy = Drift(cluster, replace(stack, rollout=Rollout(resolve="never")), files, there)
    if deploy.pruned or any(one.changes or one.have is None for one in deploy.differing):
        desired = replace(desired, findings=(_leaves_more(stack),))
    drift = Drift(cluster, stack, desired, there)
    if drift.differing and drift.open:
        text = f"images of stack {stack.name} have moved, and its last roll-out was not seen to its end"
        raise Unplannable(text, f"deploy it first: invoke stack.deploy {stack.name}")
    return desired


def _by_tags(now: Desired, files: Desired) -> Desired:
    services = {
        name: with_image(spec, image_of(files.services[name]))
        for name, spec in now.services.items()
        if name in files.services and same_image(files.services[name], spec)
    }
    return replace(
        now,
        services=services,
        spared=frozenset(now.services) - frozenset(services),
        hooks={name: when for name, when in files.hooks.items() if name in now.services},
        waves=files.waves,
        pinned=False,
        hidden=files.hidden,
        cause="its image has moved",
    )


def _in_no_registry(stack: RequestedStack) -> Finding:
    text = f"the inventory says of stack {stack.name} that its images are in no registry: nothing is asked"
    return Finding("note", text, role="stacks")


def _leaves_more(stack: RequestedStack) -> Finding:
    text = f"the files of stack {stack.name} ask for more than new images; a refresh leaves that"
    return Finding("note", text, role="stacks", next_action=f"look at it: invoke stack.plan {stack.name}")
