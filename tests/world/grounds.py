"""Whether a plan had grounds to refuse: each kind of error, and what must be true of the world for it."""

from __future__ import annotations

import re
from collections.abc import Callable

from skep.model import Cluster
from skep.plan import Finding
from tests.world.world import World


def groundless(world: World, cluster: Cluster, finding: Finding) -> bool:
    """Whether an error has no reason in the world, or is of no known kind."""
    for pattern, holds in GROUNDS:
        if re.search(pattern, finding.text):
            return not holds(world, cluster, finding)
    return True


def _silent_manager(world: World, cluster: Cluster, finding: Finding) -> bool:
    return any(not world.observed(host.name) for host in cluster.managers)


def _quorum_lost(world: World, cluster: Cluster, finding: Finding) -> bool:
    swarm = world.swarm_of(finding.host or "")
    return swarm is not None and not swarm.quorum


def _nobody_leads(world: World, cluster: Cluster, finding: Finding) -> bool:
    return not world.managers(cluster) and bool(world.ids(cluster))


def _stranger(world: World, cluster: Cluster, finding: Finding) -> bool:
    return len(world.ids(cluster)) > 1 or world.node_of(finding.host or "") is None


def _init_only(world: World, cluster: Cluster, finding: Finding) -> bool:
    return any(swarm.fixed.subnet_size != cluster.swarm.subnet_size for swarm in world.swarms.values())


def _manager_missing(world: World, cluster: Cluster, finding: Finding) -> bool:
    for swarm in world.swarms.values():
        managers = [node for node in swarm.nodes.values() if node.member or node.role == "manager"]
        if len(managers) > len(swarm.reachable):
            return True
    return _silent_manager(world, cluster, finding)


def _network_differs(world: World, cluster: Cluster, finding: Finding) -> bool:
    names = {network.name for network in cluster.networks}
    return any(names & set(swarm.networks) for swarm in world.swarms.values())


def _locked(world: World, cluster: Cluster, finding: Finding) -> bool:
    return world.machines[finding.host or ""].locked and not world.managers(cluster)


def _no_reserve(world: World, cluster: Cluster, finding: Finding) -> bool:
    """Restarting one more manager would cost the quorum."""
    swarm = world.swarm_of((finding.host or "").partition(",")[0])
    return swarm is not None and len(swarm.reachable) - 1 < len(swarm.members) // 2 + 1


def _no_key(world: World, cluster: Cluster, finding: Finding) -> bool:
    swarm = world.swarm_of((finding.host or "").partition(",")[0])
    now = swarm is not None and swarm.spec.get("EncryptionConfig", {}).get("AutoLockManagers", False)
    return _no_reserve(world, cluster, finding) and bool(now or cluster.swarm.autolock)


def _broken_file(world: World, cluster: Cluster, finding: Finding) -> bool:
    return world.machines[finding.host or ""].broken is not None


def _image_lacking(world: World, cluster: Cluster, finding: Finding) -> bool:
    return any(f"the image {image} does not" in finding.text for image in world.lacking)


def _no_root(world: World, cluster: Cluster, finding: Finding) -> bool:
    return not world.machines[finding.host or ""].privileged


def _copied(world: World, cluster: Cluster, finding: Finding) -> bool:
    nodes = [world.machines[name].node for name in (finding.host or "").split(", ")]
    return len(nodes) > 1 and len(set(nodes)) == 1


def _copy_of_another(world: World, cluster: Cluster, finding: Finding) -> bool:
    """The node was another machine's first, be that one still it or wiped since."""
    ours, node = world.machines[finding.host or ""], world.node_of(finding.host or "")
    return node is not None and node.hostname not in (ours.name, ours.hostname)


def _doubtful(world: World, cluster: Cluster, finding: Finding) -> bool:
    """Some host did not say which node it is."""
    return any(not (world.observed(h.name) and world.machines[h.name].running) for h in cluster.hosts)


def _misnamed(world: World, cluster: Cluster, finding: Finding) -> bool:
    return world.machines[finding.host or ""].hostname in [host.name for host in cluster.managers]


def _other_swarm(world: World, cluster: Cluster, finding: Finding) -> bool:
    led = {world.machines[name].swarm for name in world.managers(cluster)}
    return world.machines[finding.host or ""].swarm not in led


GROUNDS: tuple[tuple[str, Callable[[World, Cluster, Finding], bool]], ...] = (
    (r"cannot be asked, so nobody knows|cannot be asked, and without", _silent_manager),
    (r"swarm without a quorum", _quorum_lost),
    (r"that no manager of this inventory leads", _nobody_leads),
    (r"its engine is stopped", _nobody_leads),
    (r"is not root", _no_root),
    (r"are one and the same node", _copied),
    (r"takes itself for the node", _copy_of_another),
    (r"may be \w+ as it was", _doubtful),
    (r"calls itself", _misnamed),
    (r"is in the swarm \w+, and \w+ manages", _other_swarm),
    (r"is in another swarm than|different swarms", _stranger),
    (r"since init and cannot become", _init_only),
    (r"restarting it would leave \d of \d managers reachable", _no_reserve),
    (r"would come back locked", _no_key),
    (r"still looks for its swarm", _nobody_leads),
    (r"managers reachable: no quorum", _manager_missing),
    (r"network \w+ differs", _network_differs),
    (r"swarm state is locked", _locked),
    (r"daemon.json cannot be read", _broken_file),
    (r"does not resolve", _image_lacking),
)
