"""The shape of an inventory file. Every key's meaning and example stand here and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from skep.inventory.daemon_schema import DAEMON
from skep.inventory.machine_schema import CERTIFICATES, ENGINE, KERNEL, OPEN_FIREWALL, PROXY, SSH
from skep.inventory.notice_schema import NOTICES
from skep.inventory.schedule_schema import MAINTENANCE, METRICS, SCHEDULES
from skep.reading.documented import HostKeys, Key
from skep.reading.mapping_kinds import ListOf, Record
from skep.reading.settings import (
    DAY,
    DURATION,
    FLAG,
    ONE_OR_MORE,
    PUBLIC_MAP,
    SECRET,
    TEXT,
    TEXTS,
    Choice,
    Variable,
    Whole,
    named,
)

SWARM = Record(
    {
        "advertise": Key(
            TEXT,
            "Interface whose address each host gives the others; an address only where there is one host.",
            "eth1",
            shown="the host's address where that is an IP",
        ),
        "address-pools": Key(
            TEXTS,
            "Ranges that networks without a subnet take theirs from. Holds from init on and cannot change.",
            ["10.64.0.0/12"],
            shown="Docker's: 10.0.0.0/8",
        ),
        "subnet-size": Key(
            Whole(1, 29),
            "Prefix length of the subnets taken from the pools. Holds from init on and cannot change.",
            24,
            shown="Docker's: 24",
        ),
        "data-path-port": Key(
            Whole(1024, 49151),
            "UDP port of VXLAN traffic. Holds from init on and cannot change.",
            4789,
            shown="Docker's: 4789",
        ),
        "task-history": Key(Whole(0), "How many old tasks each slot keeps.", 3, shown="Docker's: 5"),
        "cert-expiry": Key(DURATION, "How long node certificates hold; at least 1h.", "90d", shown="Docker's: 90d"),
        "autolock": Key(
            FLAG, "Whether a restarted manager needs the unlock key.", True, shown="left as it is; Docker's: false"
        ),
    },
    empty=True,
    name="SwarmSettings",
    about="Settings of the swarm as a whole.",
)

_COMMON = {
    "role": Key(
        Choice("manager", "worker"), "Role in the swarm.", "manager", shown="required, at the host or a group of it"
    ),
    "availability": Key(Choice("active", "pause", "drain"), "Whether tasks may run there.", "drain", "active"),
    "labels": Key(PUBLIC_MAP, "Node labels, for placement constraints.", {"zone": "a"}, shown="none"),
    "advertise": Key(TEXT, "Address or interface given to the other hosts.", "10.0.0.11", shown="swarm.advertise"),
    "ssh": Key(SSH, "Overrides of `ssh`, key by key.", {"port": 2222}),
    "engine": Key(ENGINE, "Overrides of `engine`, key by key.", {"version": "26.1"}),
    "daemon": Key(DAEMON, "Overrides of `daemon`, key by key; a list replaces a list.", {"debug": True}),
    "proxy": Key(PROXY, "Overrides of `proxy`, key by key.", {"http": ""}),
    "certificates": Key(
        CERTIFICATES, "Adds to `certificates`, registry by registry; `trust` replaces.", {"trust": ["ca.pem"]}
    ),
    "kernel": Key(
        KERNEL, "Adds to `kernel`, parameter by parameter; `modules` replaces.", {"sysctls": {"vm.swappiness": 10}}
    ),
    "open-firewall": replace(OPEN_FIREWALL, meaning="Overrides `open-firewall`.", shown=""),
}

GROUP = Record(
    {
        **_COMMON,
        "hosts": Key(TEXTS, "Its hosts; a host may also name its groups itself.", ["w1", "w2"], shown="none"),
    },
    empty=True,
    name="Group",
    about="Settings that several hosts share.",
)

HOST = Record(
    {
        **_COMMON,
        "address": Key(TEXT, "Where SSH goes: an IP or a name, also one of ssh_config.", "10.0.0.11", shown="required"),
        "groups": Key(TEXTS, "Groups it belongs to; a later one overrides an earlier one.", ["ssd"], shown="none"),
    },
    empty=True,
    name="HostSection",
    about="A machine.",
    extensions=True,
)

NETWORK = Record(
    {
        "driver": Key(TEXT, "Driver.", "overlay", "overlay"),
        "subnet": Key(TEXT, "Its range.", "10.90.0.0/24", shown="taken from the pools"),
        "gateway": Key(TEXT, "Its gateway, an address in the subnet.", "10.90.0.1", shown="the subnet's first"),
        "attachable": Key(FLAG, "Whether plain containers may join.", True, False),
        "internal": Key(FLAG, "Whether it has no way out.", True, False),
        "encrypted": Key(FLAG, "Whether its traffic between hosts is encrypted (IPsec).", True, False),
        "labels": Key(PUBLIC_MAP, "Labels.", {"team": "web"}, shown="none"),
        "options": Key(PUBLIC_MAP, "Driver options.", {"com.docker.network.driver.mtu": "1400"}, shown="none"),
    },
    empty=True,
    name="NetworkSection",
    about="An overlay network, as `docker network create` takes it.",
)

STACK = Record(
    {
        "folder": Key(TEXT, "Its folder, inside `stacks/`.", "web", shown="the stack's name"),
        "compose": Key(
            ONE_OR_MORE,
            "Compose file in the folder, or several to merge in this order.",
            ["compose.yml", "compose.prod.yml"],
            ["compose.yml"],
            shown="compose.yml",
        ),
        "files-from": Key(
            ONE_OR_MORE,
            "Folders outside its own whose files the compose files may name as env files, configs or secrets. `~` is "
            "the home folder; a relative one starts at the inventory's folder.",
            ["../shared", "~/certificates"],
            [],
            shown="none",
        ),
        "variables": Key(
            named(Variable(loose=True)), "Values of `${NAME}` in the compose files.", {"REPLICAS": 2}, shown="none"
        ),
        "timeout": Key(
            DURATION,
            "How long its services may take to run as desired, or to be gone.",
            "5m",
            shown="5m, and what they ask for (grace periods, delays, health checks) on top",
        ),
        "resolve": Key(
            FLAG,
            "Whether registries are asked for the digests of its images; `false` where they are in none, but on the "
            "nodes.",
            False,
            True,
            shown="true",
        ),
    },
    empty=True,
    name="StackSection",
    about="A stack to deploy.",
)

IMAGE = Record(
    {
        "file": Key(
            TEXT,
            "What `docker save` writes, plain or by gzip; `~` is the home folder, a relative path starts at the "
            "inventory's folder.",
            "images/shop-1.2.tar.gz",
            shown="required",
        ),
        "sha256": Key(
            TEXT,
            "What `sha256sum` prints of it. Checked here, and again on each host that gets the file.",
            "0" * 64,
            shown="required",
        ),
    },
    required=("file", "sha256"),
    name="ImageFile",
    about="Images in a file of this machine, loaded where services that name them may run.",
)

REGISTRY = Record(
    {
        "username": Key(TEXT, "User name.", "puller", shown="required"),
        "password": Key(
            SECRET, "Password or token; only as a reference.", "${env:REGISTRY_PASSWORD}", shown="required"
        ),
    },
    empty=True,
    name="RegistrySection",
    about="Credentials for pulls from a registry.",
    required=("username", "password"),
)

ACCEPT = Record(
    {
        "id": Key(
            TEXT,
            "What a warning says in brackets at its end, or an audit beside a finding; `docs findings` lists all.",
            "image-tag-moves",
            shown="required",
        ),
        "reason": Key(TEXT, "Why it may be so.", "the registry keeps this tag as it is", shown="required"),
        "until": Key(DAY, "The last day on which it may; then it is back.", "2027-03-31", shown="for good"),
        "owner": Key(TEXT, "Who answers for it.", "ops@example.com", shown="nobody"),
        "hosts": Key(TEXTS, "Hosts, or groups of them, of which it may be so.", ["w1"], shown="all"),
        "stacks": Key(TEXTS, "Stacks of which it may be so.", ["web"], shown="all"),
    },
    required=("id", "reason"),
    name="Accept",
    about="A warning, or a finding of an audit, that may be as it is.",
)

INVENTORY = Record(
    {
        "extends": Key(
            ONE_OR_MORE,
            "A file with what several environments share, or a list of them; a relative path starts at this file's "
            "folder. What stands here is put over it, key by key; `null` takes a key away.",
            "base.yml",
            shown="none",
        ),
        "ssh": Key(SSH, "How to log in, for all hosts.", {"user": "admin"}),
        "engine": Key(ENGINE, "The Docker Engine, for all hosts.", {"version": "26.1"}),
        "daemon": Key(
            DAEMON,
            "Keys of daemon.json, for all hosts: any that the engine knows. Only what is named here is managed.",
            {"registry-mirrors": ["https://mirror.example.com"]},
        ),
        "proxy": Key(PROXY, "The proxy of all hosts.", {"http": "http://proxy.example.com:3128"}),
        "certificates": Key(CERTIFICATES, "Certificates of the site on all hosts.", {"trust": ["company-ca.pem"]}),
        "kernel": Key(KERNEL, "Kernel settings of all hosts.", {"sysctls": {"net.ipv4.ip_forward": 1}}),
        "open-firewall": OPEN_FIREWALL,
        "swarm": Key(SWARM, "Settings of the swarm.", {"task-history": 3}),
        "groups": Key(
            named(GROUP),
            "Settings that several hosts share, by group name. What a host gets: the keys of the file's top "
            "level, then its groups' in order, then its own.",
            {"ssd": {"labels": {"disk": "ssd"}}},
            shown="none",
        ),
        "hosts": Key(
            named(HOST),
            "The machines, by host name.",
            {"m1": {"address": "10.0.0.11", "role": "manager"}},
            shown="required",
        ),
        "networks": Key(named(NETWORK), "Overlay networks, by name.", {"front": {"attachable": True}}, shown="none"),
        "stacks": Key(named(STACK), "Stacks to deploy, by name, in this order.", {"web": {}}, shown="none"),
        "registries": Key(
            named(REGISTRY),
            "Registries to pull from with credentials, by server.",
            {"registry.example.com:5000": {"username": "puller", "password": "${env:REGISTRY_PASSWORD}"}},
            shown="none",
        ),
        "images": Key(
            ListOf(IMAGE, empty=True),
            "Files with images, for hosts that reach no registry. Services that name one of these images run exactly "
            "that; it is sent to the hosts that may run them and loaded where it is missing, and no registry is asked "
            "for it.",
            [{"file": "images/shop-1.2.tar.gz", "sha256": "0" * 64}],
            shown="none",
        ),
        "schedules": SCHEDULES,
        "notices": NOTICES,
        "metrics": METRICS,
        "maintenance": MAINTENANCE,
        "accept": Key(
            ListOf(ACCEPT, empty=True),
            "Warnings that may be as they are: they are shown by `cluster.status` and `--verbose` only.",
            [{"id": "image-tag-moves", "stacks": ["web"], "reason": "the registry keeps this tag as it is"}],
            shown="none",
        ),
    },
    empty=True,
    about="An inventory: one environment, its hosts, and what they are to be.",
    extensions=True,
)


def inventory(host_keys: HostKeys) -> Record:
    """``INVENTORY`` with keys that roles bring along, in every host and group."""
    group = replace(GROUP, fields={**GROUP.fields, **host_keys})
    host = replace(HOST, fields={**HOST.fields, **host_keys})
    groups, hosts = INVENTORY.fields["groups"], INVENTORY.fields["hosts"]
    assert isinstance(groups, Key) and isinstance(hosts, Key)
    fields = {"groups": replace(groups, kind=named(group)), "hosts": replace(hosts, kind=named(host))}
    return replace(INVENTORY, fields={**INVENTORY.fields, **fields})
