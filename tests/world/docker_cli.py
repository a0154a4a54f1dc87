"""``docker stack deploy`` against a world's engine: plain names, images pinned."""

from __future__ import annotations

import copy

from skep.compose import convert, load
from skep.model import Stack
from skep.swarm.references import with_ids
from tests.world.engine_api import EngineApi


def stack_deploy(api: EngineApi, stack: Stack) -> None:
    """Create all that the stack's files ask for; nothing of it may be there yet."""
    specs = convert(load(stack.files, stack.compose, variables=stack.variables), stack.name)
    for body in specs.networks.values():
        api.write("/networks/create", body)
    ids: dict[str, dict[str, str]] = {}
    for kind, bodies in (("configs", specs.configs), ("secrets", specs.secrets)):
        for body in bodies.values():
            api.write(f"/{kind}/create", body)
        ids[kind] = {one["Spec"]["Name"]: one["ID"] for one in api.read(f"/{kind}")}
    for spec in specs.services.values():
        body = copy.deepcopy(with_ids(spec, **ids))
        container = body["TaskTemplate"]["ContainerSpec"]
        if "@" not in container["Image"]:
            answer = api.read(f"/distribution/{container['Image']}/json")
            container["Image"] += f"@{answer['Descriptor']['digest']}"
        placement = body["TaskTemplate"].get("Placement") or {}
        body["TaskTemplate"]["Placement"] = {"Platforms": [{"Architecture": "amd64", "OS": "linux"}], **placement}
        api.write("/services/create", body)
