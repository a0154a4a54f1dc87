"""What there is to say of stacks besides their files."""

from skep.kinds import Kind, declared

SERVICE_SURPLUS = Kind(
    "service-surplus",
    "The swarm has services of the stack that its compose files do not name.",
    "remove them: stack.deploy with --prune",
)
SERVICE_UNWELL = Kind(
    "service-unwell",
    "A service is as described, and does not run so.",
    "see what its tasks say: stack.ps",
)
TIMEOUT_SHORT = Kind(
    "timeout-short",
    "A roll-out that goes well may take longer than the stack's timeout.",
    "give it more time: --timeout, or stacks.*.timeout in the inventory",
)
VOLUME_KEPT = Kind(
    "volume-kept",
    "A host has the volume with other options. Docker keeps a volume as it was made.",
    "remove it by hand, with its data, once nothing uses it",
)
VOLUME_SIZE = Kind(
    "volume-size",
    "A host's file system has no project quotas, so its engine makes no volume that has a size.",
    "mount it there with prjquota, or leave the size out",
)
VOLUME_LEFT = Kind(
    "volume-left",
    "A host does not answer, so a volume that is to go may be left there.",
    "once it is back, remove it there by hand",
)
NETWORK_DRIFT = Kind(
    "network-drift",
    "A stack's network differs, and no network can be changed in place.",
    "take the stack down and deploy it again",
)
SECRET_NOT_COMPARED = Kind(
    "secret-not-compared",
    "A secret that Docker's CLI made cannot be compared with its file, and stays as it is.",
    "give it another name in the compose file, so that it is made anew",
)
STAYS_IN_USE = Kind(
    "stays-in-use", "What another stack's services use stays where a stack goes.", "take those services away first"
)
ENDS_WITH_SWARM = Kind(
    "ends-with-swarm", "Services that are not the inventory's end with the swarm.", "move them before"
)
IMAGE_MOVED = Kind("image-moved", "A tag is another image now than the one that runs.", "roll it out: stack.refresh")

KINDS = declared(vars())
