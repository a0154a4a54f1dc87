"""What there is to say of engines."""

from skep.kinds import Kind, declared

ENGINE_GOES_BACK = Kind(
    "engine-goes-back",
    "A manager's engine goes back to an older version, as the inventory allows, and may not start again.",
    "make it a worker first, run, and make it a manager again afterwards",
)
ENCRYPTED_CUT = Kind(
    "encrypted-cut",
    "This version of the engine cuts encrypted networks off.",
    "set engine.version to one that does not, or encrypted: false",
)
CGROUP_V1 = Kind(
    "cgroup-deprecated",
    "A host has cgroup v1, which engines from 29 on deprecate: they may stop working with it from May 2029 on.",
    "boot it with cgroup v2: systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or a newer release",
)

KINDS = declared(vars())
