"""What is to be said of hosts, and of a run."""

from skep.kinds.kind import Kind

HOST_LEFT_OUT = Kind(
    "host-left-out",
    "A host could not be asked, and this run leaves it out. The exit code is 3.",
    "bring it back and run the same command again",
)
DISK_LOW = Kind("disk-low", "Less than 4 GiB are free for images and logs.", "make room: df -h; invoke cluster.prune")
LOCK_NOT_KEPT = Kind(
    "lock-not-kept",
    "A manager has no room in /var/lib/skep: it keeps no lock and no history, the others do.",
    "make room there",
)
KERNEL_MODULE_MISSING = Kind(
    "kernel-module-missing",
    "The kernel has no module for a part of Swarm's networks.",
    "take a kernel that has it, such as the distribution's linux-image package",
)
TOOL_MISSING = Kind(
    "tool-missing", "A host has no ip or ss, so some of its facts are not checked.", "install iproute2 there"
)
PORTS_CLOSED = Kind(
    "ports-closed",
    "A node of the swarm cannot reach another one on a port of Swarm's.",
    "open 2377/tcp, 7946/tcp, 7946/udp and 4789/udp between the hosts",
)
RANGE_OVER_ROUTE = Kind(
    "range-over-route",
    "A range of Docker's overlaps a route of the host: containers cannot reach what lies behind it.",
    "choose another range",
)
POOL_OVER_ROUTE = Kind(
    "pool-over-route",
    "Docker's default pool 10.0.0.0/8 holds a route of the host, and no swarm exists yet.",
    "name swarm.address-pools in the inventory; they hold from init on",
)
NOT_DRAINED = Kind(
    "not-drained",
    "An engine restarts under containers that are not Swarm's, and nobody moves those.",
    "stop or move them before, and look afterwards: docker ps --all",
)
LEFT_OUT_BY_LIMIT = Kind(
    "left-out-by-limit",
    "A step within --limit needs one that the limit leaves out, so it is left out, too.",
    "run the same command without --limit",
)
LEFT_UNDONE = Kind(
    "left-undone",
    "A scheduled run removes nothing that runs or is used: nobody looks on.",
    "look at the plan, and run the same by hand where that is meant",
)
LOCK_HELD = Kind(
    "lock-held",
    "Somebody else is at work: what is shown may be half done.",
    "wait for the end of it, or use --wait-lock 5m where something is to be changed",
)
QUORUM_LOST_MEANWHILE = Kind(
    "quorum-lost-meanwhile",
    "With --allow-quorum-loss a manager restarts that the quorum needs.",
    "bring other managers back, or add one, and take the option out",
)
