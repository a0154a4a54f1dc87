"""``docker stack deploy`` against a world's engine: plain names, images pinned."""

from __future__ import annotations

import copy
from typing import Any

from skep.compose import convert, load
from skep.model import Stack
from skep.swarm.references import with_ids
from tests.world.engine_api import EngineApi


def stack_deploy(api: EngineApi, stack: Stack) -> None:
    """Create all that the stack's files ask for; nothing of it may be there yet."""
    specs = convert(load(stack.files, stack.compose, variables=stack.variables), stack.name)
    for network in specs.networks.values():
        api.write("/networks/create", dict(network))
    ids: dict[str, dict[str, str]] = {}
    for kind, bodies in (("configs", specs.configs), ("secrets", specs.secrets)):
        for body in bodies.values():
            api.write(f"/{kind}/create", dict(body))
        ids[kind] = {one["Spec"]["Name"]: one["ID"] for one in api.read(f"/{kind}")}
    for spec in specs.services.values():
        service: dict[str, Any] = copy.deepcopy(dict(with_ids(spec, **ids)))
        container = service["TaskTemplate"]["ContainerSpec"]
        if "@" not in container["Image"]:
            answer = api.read(f"/distribution/{container['Image']}/json")
            container["Image"] += f"@{answer['Descriptor']['digest']}"
        placement = service["TaskTemplate"].get("Placement") or {}
        service["TaskTemplate"]["Placement"] = {"Platforms": [{"Architecture": "amd64", "OS": "linux"}], **placement}
        api.write("/services/create", service)
