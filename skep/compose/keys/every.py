"""Every key of a compose file: its kind, or why Swarm ignores or refuses it.

Sources: ``config_schema_v3.13.json`` and ``types.go`` of docker/cli, and the Compose Specification for keys that
Swarm can carry out and Docker's CLI does not know.
"""

from __future__ import annotations

from skep.compose.keys import checks
from skep.compose.keys.amounts import SIZE, SPAN, Amount, Ratio, Whole
from skep.compose.keys.commands import Command, HealthTest
from skep.compose.keys.mounts import Mounts
from skep.compose.keys.options import KEY, OBJECT, SERVICE, STACK, DependsOn
from skep.compose.keys.pairs import TextPairs
from skep.compose.keys.ports import Ports
from skep.compose.keys.quantities import nano_cpus
from skep.compose.keys.references import Attachments, ExtraHosts, References, Ulimit
from skep.compose.keys.sources import EnvFiles, External, Logging
from skep.compose.keys.texts import Flag, Text, TextList
from skep.reading.mapping_kinds import Ignored, ListOf, Record, Refused, Table, unsent
from skep.reading.value_kinds import Kind
from skep.refusals.names import ENDING, OBJECT_ENDING

_RESOURCES = "use deploy.resources"


_UPDATE = Record(
    {
        "parallelism": Whole(pointer=True),
        "delay": SPAN,
        "failure_action": Text(("pause", "continue", "rollback")),
        "monitor": SPAN,
        "max_failure_ratio": Ratio(),
        "order": Text(("stop-first", "start-first")),
    }
)
_GENERIC = Record(
    {"discrete_resource_spec": Record({"kind": Text(), "value": Whole()}, required=("kind", "value"))},
    required=("discrete_resource_spec",),
)
_DEPLOY = Record(
    {
        "mode": Text(("replicated", "global", "replicated-job", "global-job")),
        "endpoint_mode": Text(("vip", "dnsrr")),
        "replicas": Whole(pointer=True),
        "labels": TextPairs(),
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": Record(
            {
                "limits": Record({"cpus": Amount(amount=nano_cpus), "memory": SIZE, "pids": Whole()}),
                "reservations": Record(
                    {
                        "cpus": Amount(amount=nano_cpus),
                        "memory": SIZE,
                        "generic_resources": ListOf(_GENERIC),
                        "devices": Refused("use generic_resources, which the engines announce"),
                    }
                ),
            }
        ),
        "restart_policy": Record(
            {
                "condition": Text(("none", "on-failure", "any")),
                "delay": SPAN,
                "max_attempts": Whole(pointer=True),
                "window": SPAN,
            }
        ),
        "placement": Record(
            {
                "constraints": TextList(unique=False),
                "preferences": ListOf(Record({"spread": Text()}, required=("spread",))),
                "max_replicas_per_node": Whole(),
            }
        ),
    },
    empty=True,
    extensions=True,
)
_HEALTHCHECK = Record(
    {
        "test": HealthTest(),
        "interval": SPAN,
        "timeout": SPAN,
        "retries": Whole(pointer=True),
        "start_period": SPAN,
        "start_interval": SPAN,
        "disable": Flag(),
    },
    extensions=True,
)
_IGNORED = {
    "attach": "",
    "blkio_config": "",
    "build": "it runs images that a registry has; build and push before",
    "cgroup": "",
    "cgroup_parent": "",
    "cgroupns_mode": "",
    "container_name": "containers are named after service and task",
    "develop": "",
    "device_cgroup_rules": "",
    "devices": "",
    "domainname": "use hostname",
    "expose": "services in one network reach all ports of each other",
    "external_links": "use networks",
    "ipc": "",
    "links": "use networks",
    "mac_address": "",
    "network_mode": "use networks; 'host' can be an external network",
    "pid": "",
    "platform": "use deploy.placement.constraints with node.platform.arch",
    "privileged": "use cap_add",
    "pull_policy": "each node pulls what it does not have",
    "pull_refresh_after": "",
    "security_opt": "",
    "shm_size": "use volumes with a tmpfs at /dev/shm",
    "tmpfs": "use volumes with type: tmpfs",
    "userns_mode": "",
    "uts": "",
}
_REFUSED = {
    "annotations": "use labels",
    "cpu_count": _RESOURCES,
    "cpu_percent": _RESOURCES,
    "cpu_period": _RESOURCES,
    "cpu_quota": _RESOURCES,
    "cpu_rt_period": _RESOURCES,
    "cpu_rt_runtime": _RESOURCES,
    "cpu_shares": _RESOURCES,
    "cpus": _RESOURCES,
    "cpuset": _RESOURCES,
    "extends": "use anchors or several files",
    "gpus": "use deploy.resources.reservations.generic_resources",
    "label_file": "use labels",
    "mem_limit": _RESOURCES,
    "mem_reservation": _RESOURCES,
    "mem_swappiness": _RESOURCES,
    "memswap_limit": _RESOURCES,
    "models": "",
    "oom_kill_disable": "",
    "pids_limit": "use deploy.resources.limits.pids",
    "post_start": "",
    "pre_stop": "",
    "profiles": "use a file of its own",
    "provider": "",
    "runtime": "set default-runtime in daemon.json",
    "scale": "use deploy.replicas",
    "storage_opt": "",
    "use_api_socket": "use volumes to bind /var/run/docker.sock",
    "volume_driver": "use the driver of a volume under 'volumes'",
    "volumes_from": "use a volume under 'volumes' in both",
}


def service(folder: str, home: str | None) -> Record:
    """A service's keys. ``folder`` is what relative binds start from, ``home`` what ``~`` stands for."""
    keys: dict[str, Kind] = {
        "image": Text(),
        "command": Command(),
        "entrypoint": Command(),
        "env_file": EnvFiles(),
        "environment": TextPairs(null=True),
        "labels": TextPairs(),
        "deploy": _DEPLOY,
        "networks": Attachments(),
        "ports": Ports(),
        "volumes": Mounts(folder, home),
        "configs": References("config"),
        "secrets": References("secret"),
        "healthcheck": _HEALTHCHECK,
        "hostname": Text(),
        "extra_hosts": ExtraHosts(),
        "dns": TextList(single=True, check=checks.address),
        "dns_search": TextList(single=True),
        "dns_opt": TextList(),
        "user": Text(),
        "group_add": TextList(numbers=True, check=checks.group),
        "working_dir": Text(),
        "read_only": Flag(),
        "init": Flag(),
        "tty": Flag(),
        "stdin_open": Flag(),
        "stop_signal": Text(),
        "stop_grace_period": SPAN,
        "cap_add": TextList(),
        "cap_drop": TextList(),
        "sysctls": TextPairs(),
        "ulimits": Table(Ulimit()),
        "oom_score_adj": unsent(),
        "isolation": Text(("default", "process", "hyperv"), folded=True),
        "credential_spec": Record({"config": Text(), "file": Text(), "registry": Text()}, extensions=True),
        "logging": Logging(),
        "restart": Text(check=checks.restart),
        "depends_on": DependsOn(),
        KEY: SERVICE,
    }
    keys |= {key: Ignored(why) for key, why in _IGNORED.items()}
    keys |= {key: Refused(why) for key, why in _REFUSED.items()}
    return Record(keys, extensions=True)


_OPTIONS = TextPairs(separator=None, empty_values=False)
_POOL = Record(
    {
        "subnet": Text(check=checks.subnet),
        "gateway": Text(check=checks.address),
        "ip_range": Text(check=checks.subnet),
        "aux_addresses": Refused(""),
    }
)
NETWORK = Record(
    {
        "name": Text(),
        "driver": Text(),
        "driver_opts": _OPTIONS,
        "attachable": Flag(),
        "internal": Flag(),
        "enable_ipv6": Flag(),
        "ipam": Record({"driver": Text(), "config": ListOf(_POOL), "options": Ignored("")}),
        "external": External(),
        "labels": TextPairs(),
        "enable_ipv4": Ignored(""),
    },
    empty=True,
    extensions=True,
    whole=True,
)
VOLUME = Record(
    {
        "name": Text(),
        "driver": Text(),
        "driver_opts": _OPTIONS,
        "external": External(),
        "labels": TextPairs(),
        "x-cluster-spec": Ignored("create the cluster volume with 'docker volume create'"),
    },
    empty=True,
    extensions=True,
    whole=True,
)
_OBJECT: dict[str, Kind] = {
    "name": Text(),
    "file": Text(),
    "environment": Text(),
    "content": Text(),
    "external": External(),
    "labels": TextPairs(),
    "template_driver": Text(),
    KEY: OBJECT,
}
CONFIG = Record(_OBJECT, extensions=True, whole=True)
SECRET = Record({**_OBJECT, "driver": Text(), "driver_opts": _OPTIONS}, extensions=True, whole=True)


def compose(folder: str, home: str | None) -> Record:
    """The whole file's keys."""
    return Record(
        {
            "version": Text(numbers=True, check=checks.version),
            "services": Table(service(folder, home), must=ENDING),
            "networks": Table(NETWORK, must=ENDING),
            "volumes": Table(VOLUME),
            "configs": Table(CONFIG, must=OBJECT_ENDING),
            "secrets": Table(SECRET, must=OBJECT_ENDING),
            "name": Ignored("the stack's name is its own"),
            "include": Refused("name several compose files"),
            "models": Refused(""),
            KEY: STACK,
        },
        extensions=True,
    )
