"""The table: what is refused, where it stands in a file, by whom, since when, and where that is written.

Sources are files of moby/swarmkit (``controlapi`` is ``manager/controlapi``) and of moby/moby, read in the versions of
engines 20.10, 26.1 and 28.5.
"""

from __future__ import annotations

from skep.refusals import addresses, constraints, drivers, images, names, services, tasks, templating
from skep.refusals.node_table import NODES
from skep.refusals.rule import Rule, says

SWARM_NAME = "swarmkit controlapi/common.go: validateAnnotations"
OBJECT_NAME = "swarmkit controlapi/common.go: validateConfigOrSecretAnnotations"
SERVICE = "swarmkit controlapi/service.go"
EXPANDING = "swarmkit template/expand.go, by controlapi/service.go: validateContainerSpec"
NETWORK = "swarmkit controlapi/network.go"
STORE = "swarmkit manager/state/store: names are looked up in lower case"
API = "moby api/types/network/ipam.go: ValidateIPAM"

NAMES = (
    Rule(
        "the length of a name",
        "services|networks|configs|secrets",
        names.lengths,
        f"{SWARM_NAME}, {OBJECT_NAME.partition(': ')[2]}",
    ),
    Rule("names that are the same", "services|networks|configs|secrets", names.alike, STORE),
)
"""Rules of whole names, for which the stack's name is needed."""

RULES = (
    # names
    Rule("the end of a name", "services|networks", names.keys, SWARM_NAME),
    Rule("the end of a name", "configs|secrets", names.keys, OBJECT_NAME),
    Rule(
        "a network's name", "networks", names.own(names.network), f"{SWARM_NAME}; moby runconfig: IsPreDefinedNetwork"
    ),
    Rule(
        "the routing mesh's name",
        "networks",
        names.own(names.ingress),
        "moby api/server/router/network: GetNetworksByName",
    ),
    Rule(
        "the name of a node's bridge",
        "networks",
        names.own(names.gwbridge),
        "moby libnetwork/controller.go: NewNetwork",
        since=(25, 0),
    ),
    Rule("a config's or secret's name", "configs|secrets", names.own(names.config_or_secret), OBJECT_NAME),
    Rule(
        "networks services cannot be in",
        "services.*.networks",
        names.attachments,
        "swarmkit controlapi/service.go: validateNetworks; moby daemon/cluster/networks.go: populateNetworkID",
    ),
    Rule("a volume's name", "volumes", names.volumes, "moby volume/local/local.go: validateName", by="nodes"),
    Rule("an inventory network's name", "networks", names.inventory_networks, SWARM_NAME, file="inventory"),
    Rule(
        "an inventory network's label",
        "networks",
        services.predefined_label_there,
        NETWORK,
        file="inventory",
    ),
    # a network's settings
    Rule(
        "a network's driver",
        "networks",
        drivers.network,
        "moby libnetwork/cnmallocator/provider.go: ValidateNetworkDriver",
    ),
    Rule(
        "an address driver",
        "networks",
        drivers.addresses,
        "moby libnetwork/cnmallocator/provider.go: ValidateIPAMDriver",
    ),
    Rule(
        "a network's label",
        "networks",
        services.predefined_label,
        f"{NETWORK}: validateNetworkSpec",
    ),
    Rule(
        "what lies in a subnet",
        "networks",
        addresses.pools,
        f"{NETWORK}: validateIPAMConfiguration",
    ),
    Rule("bits behind a prefix", "networks", addresses.host_bits, API, since=(25, 0)),
    Rule(
        "ranges of each other", "networks", addresses.each_other, "moby libnetwork/ipam: ErrPoolOverlap", by="allocator"
    ),
    # configs and secrets
    Rule(
        "a config's content",
        "configs",
        services.content(services.MAX_CONFIG),
        "swarmkit controlapi/config.go: validateConfigSpec",
    ),
    Rule("a secret's content", "secrets", services.content(services.MAX_SECRET), "swarmkit api/validation/secrets.go"),
    Rule(
        "a template driver",
        "configs|secrets.*.template_driver",
        says(tasks.template_driver),
        "swarmkit template/expand.go: ExpandConfigSpec, ExpandSecretSpec",
        by="nodes",
        level="warning",
    ),
    Rule(
        "content that is a template",
        "configs|secrets",
        tasks.payload,
        "swarmkit template/context.go: PayloadContext",
        by="nodes",
        level="warning",
    ),
    # services, as managers look at them
    Rule("an image", "services.*", images.image, f"{SERVICE}: validateImage; distribution/reference"),
    Rule("ports published twice", "services", services.ports, f"{SERVICE}: validateEndpointSpec, checkPortConflicts"),
    Rule("ports without a virtual address", "services.*", services.dnsrr, f"{SERVICE}: validateEndpointSpec"),
    Rule("updates of a job", "services.*", services.job, f"{SERVICE}: validateJob"),
    Rule("settings of a mode", "services.*", services.mode, "docker/cli cli/compose/convert/service.go", by="cli"),
    Rule(
        "a constraint",
        "services.*.deploy.placement.constraints.*",
        says(constraints.constraint),
        "swarmkit manager/constraint/constraint.go: Parse",
    ),
    Rule(
        "memory",
        "services.*.deploy.resources.limits|reservations.memory",
        says(services.memory),
        f"{SERVICE}: validateResources",
    ),
    Rule(
        "cpus",
        "services.*.deploy.resources.limits|reservations.cpus",
        says(services.cpus),
        f"{SERVICE}: validateResources",
    ),
    Rule(
        "cpus that no kernel gives",
        "services.*.deploy.resources.limits.cpus",
        says(services.least_cpus),
        "linux kernel/sched: min_cfs_quota_period, 1 ms of the 100 ms that moby daemon_unix.go sets as the period",
        by="nodes",
        level="warning",
    ),
    Rule("a health check's times", "services.*.healthcheck", services.healthcheck, f"{SERVICE}: validateHealthCheck"),
    Rule(
        "targets of configs and secrets",
        "services.*.configs|secrets",
        services.targets,
        f"{SERVICE}: validateConfigRefsSpec, validateSecretRefsSpec",
    ),
    Rule("a template in the environment", "services.*.environment.*", says(templating.text), EXPANDING),
    Rule("a template in the host name", "services.*.hostname", says(templating.text), EXPANDING),
    Rule("a template in a mount", "services.*.volumes", templating.mounts, f"{EXPANDING}, validateMounts"),
    Rule("a template in a volume", "volumes", templating.volumes, EXPANDING),
    *NODES,
)
"""Of one place the first that finds something is reported."""
