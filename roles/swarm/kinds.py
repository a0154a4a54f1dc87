"""What there is to say of the swarm's nodes."""

from skep.kinds import Kind, declared

NODE_FOREIGN = Kind(
    "node-foreign",
    "A node is in the swarm and not in the inventory. It is never touched.",
    "add it to the inventory, or remove it by hand",
)
NODE_CUT_OFF = Kind(
    "node-cut-off",
    "A host answers and its engine is active, and the managers do not hear it.",
    "compare the firewalls for 2377/tcp, 7946/tcp, 7946/udp and 4789/udp",
)
ENGINE_STOPPED = Kind(
    "engine-stopped", "An engine is stopped: its swarm is looked at once it runs.", "cluster.up starts it"
)
RESTART_LATER = Kind(
    "restart-later",
    "A manager is to be restarted, and is not now: the quorum needs it.",
    "run the same command again once the other managers are back",
)

KINDS = declared(vars())
