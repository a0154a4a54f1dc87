"""The operations a plan may ask of an engine, each idempotent as far as the API allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docker.errors import APIError

from skep.engine.moving import services_move, services_short
from skep.engine.nodes import merge, node_remove, node_update
from skep.engine.refused import gone, retry
from skep.engine.stacks import (
    images_resolve,
    object_create,
    objects_remove,
    revision_begin,
    revision_done,
    revision_failed,
    service_remove,
    service_write,
    stack_forget,
    stack_remove,
)
from skep.engine.transport import EngineClient
from skep.errors import StepFailed
from skep.model import Secret, reveal
from skep.waiting import until

DEFAULT_SUBNET_SIZE = 24
"""What the CLI sends; an API call with pools and no size leaves a swarm whose allocator does not start."""

JOINING = 60.0
"""Seconds that an engine may take to become a node, if its step gives it as many."""


def swarm_init(
    api: EngineClient,
    *,
    advertise: str | None,
    address_pools: list[str],
    subnet_size: int | None,
    data_path_port: int | None,
    spec: Mapping[str, object],
) -> None:
    """Initialise a swarm on this engine. ``spec`` is a Swarm Spec of the Engine API.

    Sends what is given and otherwise what Docker's CLI sends.
    """
    body: dict[str, object] = {"ListenAddr": "0.0.0.0:2377", "Spec": dict(spec)}
    body |= {"AdvertiseAddr": advertise} if advertise else {}
    body |= {"DefaultAddrPool": address_pools} if address_pools else {}
    body |= {"SubnetSize": subnet_size or DEFAULT_SUBNET_SIZE}
    body |= {"DataPathPort": data_path_port} if data_path_port else {}
    api.write("/swarm/init", body)


def swarm_absent(api: EngineClient) -> None:
    """Nothing, where this engine is in no swarm. Raises ``StepFailed`` where it is, or may be, a node."""
    swarm = api.info()["Swarm"]
    if swarm["LocalNodeState"] != "inactive":
        raise StepFailed(
            f"its engine takes itself for a node: {swarm['LocalNodeState']}",
            cause="what its disks held from before showed once the engine ran",
            next_action="run the same command again: it goes on from what the engine says now",
        )


def swarm_join(api: EngineClient, *, addresses: list[str], token: str, advertise: str | None) -> None:
    """Join this engine to the swarm those managers run, then wait until the engine itself says so.

    The API gives up after 20 s and goes on in the background, so its error alone is no answer.
    """
    body = {"ListenAddr": "0.0.0.0:2377", "RemoteAddrs": addresses, "JoinToken": token}
    if advertise:
        body["AdvertiseAddr"] = advertise
    refusal: APIError | None = None
    try:
        api.write("/swarm/join", body)
    except APIError as error:
        refusal = error
    swarm: Mapping[str, object] = {}

    def settled() -> bool:
        nonlocal swarm
        swarm = api.info()["Swarm"]
        state = swarm["LocalNodeState"]
        if refusal is not None and state == "inactive":
            raise refusal
        return state == "active" or (refusal is not None and state == "error")

    until(settled, seconds=JOINING, every=0.25, pause=api.pause)
    if swarm["LocalNodeState"] == "active":
        return
    raise StepFailed(
        f"did not join: its engine is {swarm['LocalNodeState']}",
        cause=str(swarm.get("Error") or (refusal and refusal.explanation) or "no error given"),
        next_action=f"see that this host reaches {' or '.join(addresses)} (a firewall?) and that the clocks agree; then"
        " run the same command again: it gives up this join and joins anew",
    )


def unlock_key(api: EngineClient) -> Secret:
    """The key with which managers of this swarm are unlocked; empty without autolock."""
    return Secret(api.get_unlock_key()["UnlockKey"] or "")


def swarm_unlock(api: EngineClient, *, key: str | Secret) -> None:
    """Unlock this manager after its engine was restarted, if it says within two seconds that it is locked."""

    def known() -> str | None:
        state = str(api.info()["Swarm"]["LocalNodeState"])
        return state if state in ("locked", "active") else None

    if until(known, seconds=2, every=0.25, pause=api.pause) == "locked":
        api.unlock_swarm(reveal(key))


def swarm_leave(api: EngineClient, *, force: bool) -> None:
    """Take this engine out of its swarm; nothing to do when it is in none."""
    if api.info()["Swarm"]["LocalNodeState"] != "inactive":
        api.leave_swarm(force=force)


def swarm_update(api: EngineClient, *, spec: Mapping[str, object]) -> None:
    """Merge ``spec`` into the swarm's Spec."""

    def change() -> None:
        swarm = api.inspect_swarm()
        api.write("/swarm/update", merge(swarm["Spec"], spec), version=swarm["Version"]["Index"])

    retry(api, change)


def network_create(api: EngineClient, *, body: Mapping[str, object]) -> None:
    """Create a network from an Engine API body."""
    api.write("/networks/create", body)


def network_remove(api: EngineClient, *, network: str) -> None:
    """Remove a network and wait until the manager no longer lists it."""
    gone(api.remove_network, network)

    def unlisted() -> bool:
        return not api.networks(filters={"id": network}) and not api.networks(names=[network])

    if not until(unlisted, seconds=30, every=0.25, pause=api.pause):
        raise TimeoutError("the manager still lists the network")


OPERATIONS: dict[str, Callable[..., object]] = {
    operation.__name__: operation
    for operation in (
        swarm_init,
        swarm_absent,
        swarm_join,
        unlock_key,
        swarm_unlock,
        swarm_leave,
        swarm_update,
        node_update,
        node_remove,
        services_short,
        services_move,
        network_create,
        network_remove,
        images_resolve,
        object_create,
        service_write,
        service_remove,
        stack_remove,
        stack_forget,
        objects_remove,
        revision_begin,
        revision_done,
        revision_failed,
    )
}
