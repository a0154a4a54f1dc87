"""The shape of an inventory file. Every key's meaning and example stand here and nowhere else."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skep.inventory.daemon_schema import Daemon
from skep.inventory.values import (
    EMPTY_MAPPING,
    Availability,
    Count,
    DataPathPort,
    Duration,
    EngineSource,
    Flag,
    HostKeys,
    OneOrMore,
    Port,
    PublicMap,
    Retries,
    Role,
    SecretText,
    SubnetSize,
    Text,
    Texts,
    Variables,
    Written,
)


def doc(meaning: str, example: Any, default: Any = None, *, shown: str | None = None) -> Any:
    """A key with its meaning and an example; ``shown`` is the default as the reference page names it."""
    extra: Any = {"x-default": shown} if shown else None
    return Field(default, description=meaning, examples=[example], json_schema_extra=extra)


class Section(BaseModel):
    """A mapping with known keys; one left empty is as good as one left out."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=lambda name: name.replace("_", "-"), serialize_by_alias=True
    )

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value is None else value

    def given(self) -> dict[str, Any]:
        """What the file gives, by attribute name; nothing that is only a default."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class Ssh(Section):
    """How to log in."""

    user: Text = doc("Login user.", "admin", shown="from ssh_config, else your own name")
    port: Port = doc("Port of sshd.", 22, shown="from ssh_config, else 22")
    key: Text = doc(
        "Private key file; `~` is your home, a relative path starts at the inventory's folder.",
        "~/.ssh/id_ed25519",
        shown="from ssh_config, else the agent's and the usual files",
    )
    password: SecretText = doc("Login password; only as a reference.", "${env:SSH_PASSWORD}")
    agent: Flag = doc("Whether to ask the SSH agent for keys.", False, True)
    config: Text = doc(
        "The ssh_config to honour, instead of the usual ones. `ssh -G` is asked what is in force where it is "
        "installed.",
        "~/.ssh/config",
        shown="~/.ssh/config and /etc/ssh/ssh_config where they are",
    )
    gateway: OneOrMore = doc(
        "A host to jump through, or a list of them in the order they are passed: `user@host:port`, or the "
        "name of a host of this file. A host never jumps through itself.",
        ["admin@bastion.example.com:22", "m1"],
        shown="from ssh_config (ProxyJump, ProxyCommand), else none",
    )
    sudo: Flag = doc("Whether to become root by sudo; `false` where the login user is root.", False, True)
    sudo_password: SecretText = doc(
        "Password for sudo; only as a reference.", "${file:secrets/sudo}", shown="none: sudo asks for none"
    )
    host_keys: HostKeys = doc(
        "`strict`: a host's key must be known; `accept-new`: one never seen is noted, a changed one refused.",
        "accept-new",
        "strict",
    )
    known_hosts: Text = doc(
        "File of known host keys, beside the global ones; patterns, hashes, `@revoked` and `@cert-authority` count.",
        "known_hosts",
        shown="from ssh_config (UserKnownHostsFile), else ~/.ssh/known_hosts",
    )
    connect_timeout: Duration = doc("How long to wait for a connection.", "10s", 10.0, shown="10s")
    retries: Retries = doc("How often to try again when a connection fails.", 2, 1)


class Engine(Section):
    """The Docker Engine desired."""

    source: EngineSource = doc(
        "Where packages come from; `distribution`: Debian's or Ubuntu's own docker.io.",
        "distribution",
        "distribution",
    )
    version: Written = doc("Version desired, whole or its first parts.", "26.1", shown="any")


class SwarmSettings(Section):
    """Settings of the swarm as a whole."""

    advertise: Text = doc(
        "Interface whose address each host tells the others; an address only where there is one host.",
        "eth1",
        shown="the host's address where that is an IP",
    )
    address_pools: Texts = doc(
        "Ranges that networks without a subnet take theirs from. Holds from init on and cannot change.",
        ["10.64.0.0/12"],
        shown="Docker's: 10.0.0.0/8",
    )
    subnet_size: SubnetSize = doc(
        "Prefix length of the subnets taken from the pools. Holds from init on and cannot change.",
        24,
        shown="Docker's: 24",
    )
    data_path_port: DataPathPort = doc(
        "UDP port of VXLAN traffic. Holds from init on and cannot change.", 4789, shown="Docker's: 4789"
    )
    task_history: Count = doc("How many old tasks each slot keeps.", 3, shown="Docker's: 5")
    cert_expiry: Duration = doc("How long node certificates hold; at least 1h.", "90d", shown="Docker's: 90d")
    autolock: Flag = doc(
        "Whether a restarted manager needs the unlock key.", True, shown="left as it is; Docker's: false"
    )


class Common(Section):
    """What a host and a group of hosts have in common."""

    role: Role = doc("Role in the swarm.", "manager", shown="required, at the host or a group of it")
    availability: Availability = doc("Whether tasks may run there.", "drain", "active")
    labels: PublicMap = doc("Node labels, for placement constraints.", {"zone": "a"}, shown="none")
    advertise: Text = doc("Address or interface told to the other hosts.", "10.0.0.11", shown="swarm.advertise")
    ssh: Ssh = doc("Overrides of `ssh`, key by key.", {"port": 2222})
    engine: Engine = doc("Overrides of `engine`, key by key.", {"version": "26.1"})
    daemon: Daemon = doc("Overrides of `daemon`, key by key; a list replaces a list.", {"debug": True})


class Group(Common):
    """Settings that several hosts share."""

    hosts: Texts = doc("Its hosts; a host may also name its groups itself.", ["w1", "w2"], shown="none")


class HostSection(Common):
    """A machine."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": {}}, "required": ["address"]})

    address: Text = doc("Where SSH goes: an IP or a name, also one of ssh_config.", "10.0.0.11", shown="required")
    groups: Texts = doc("Groups it belongs to; a later one overrides an earlier one.", ["ssd"], shown="none")


class NetworkSection(Section):
    """An overlay network, as `docker network create` takes it."""

    driver: Text = doc("Driver.", "overlay", "overlay")
    subnet: Text = doc("Its range.", "10.90.0.0/24", shown="taken from the pools")
    gateway: Text = doc("Its gateway, an address in the subnet.", "10.90.0.1", shown="the subnet's first")
    attachable: Flag = doc("Whether plain containers may join.", True, False)
    internal: Flag = doc("Whether it has no way out.", True, False)
    encrypted: Flag = doc("Whether its traffic between hosts is encrypted (IPsec).", True, False)
    labels: PublicMap = doc("Labels.", {"team": "web"}, shown="none")
    options: PublicMap = doc("Driver options.", {"com.docker.network.driver.mtu": "1400"}, shown="none")


class StackSection(Section):
    """A stack to deploy."""

    folder: Text = doc("Its folder, inside `stacks/`.", "web", shown="the stack's name")
    compose: OneOrMore = doc(
        "Compose file in the folder, or several to merge in this order.",
        ["compose.yml", "compose.prod.yml"],
        ["compose.yml"],
        shown="compose.yml",
    )
    files_from: OneOrMore = doc(
        "Folders outside its own whose files the compose files may name as env files, configs or secrets. `~` is the "
        "home folder; a relative one starts at the inventory's folder.",
        ["../shared", "~/certificates"],
        [],
        shown="none",
    )
    variables: Variables = doc("Values of `${NAME}` in the compose files.", {"REPLICAS": 2}, shown="none")
    timeout: Duration = doc(
        "How long its services may take to run as desired, or to be gone.",
        "5m",
        shown="5m, and what they ask for (grace periods, delays, health checks) on top",
    )
    resolve: Flag = doc(
        "Whether registries are asked for the digests of its images; `false` where they are in none, but on the nodes.",
        False,
        True,
        shown="true",
    )


class RegistrySection(Section):
    """Credentials for pulls from a registry."""

    username: Text = doc("User name.", "puller", ..., shown="required")
    password: SecretText = doc(
        "Password or token; only as a reference.", "${env:REGISTRY_PASSWORD}", ..., shown="required"
    )


class InventoryFile(Section):
    """An inventory: one environment, its hosts, and what they are to be."""

    model_config = ConfigDict(
        title="skep inventory", json_schema_extra={"patternProperties": {"^x-": {}}, "required": ["hosts"]}
    )

    ssh: Ssh = doc("How to log in, for all hosts.", {"user": "admin"})
    engine: Engine = doc("The Docker Engine, for all hosts.", {"version": "26.1"})
    daemon: Daemon = doc(
        "Keys of daemon.json, for all hosts: any that the engine knows. Only what is named here is managed.",
        {"registry-mirrors": ["https://mirror.example.com"]},
    )
    swarm: SwarmSettings = doc("Settings of the swarm.", {"task-history": 3})
    groups: Annotated[dict[str, Group], EMPTY_MAPPING] = doc(
        "Settings that several hosts share, by group name. What a host gets: the keys of the file's top "
        "level, then its groups' in order, then its own.",
        {"ssd": {"labels": {"disk": "ssd"}}},
        shown="none",
    )
    hosts: Annotated[dict[str, HostSection], EMPTY_MAPPING] = doc(
        "The machines, by host name.", {"m1": {"address": "10.0.0.11", "role": "manager"}}, shown="required"
    )
    networks: Annotated[dict[str, NetworkSection], EMPTY_MAPPING] = doc(
        "Overlay networks, by name.", {"front": {"attachable": True}}, shown="none"
    )
    stacks: Annotated[dict[str, StackSection], EMPTY_MAPPING] = doc(
        "Stacks to deploy, by name, in this order.", {"web": {}}, shown="none"
    )
    registries: Annotated[dict[str, RegistrySection], EMPTY_MAPPING] = doc(
        "Registries to pull from with credentials, by server.",
        {"registry.example.com:5000": {"username": "puller", "password": "${env:REGISTRY_PASSWORD}"}},
        shown="none",
    )
