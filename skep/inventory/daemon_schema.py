"""Keys of daemon.json whose type is known. Source: "Daemon configuration file" in Docker's dockerd reference.

A key that is not here passes as it is, unless it is a near miss: engines differ, and the engine has the last word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from skep.inventory.scalars import kept
from skep.inventory.values import (
    EMPTY_MAPPING,
    Anything,
    Flag,
    HiddenText,
    HiddenTexts,
    HiddenWrittenMap,
    Number,
    PublicTexts,
)

FLAGS = """
allow-direct-routing debug experimental icc init ip-forward ip-forward-no-drop ip-masq ip6tables iptables
ipv6 live-restore no-new-privileges raw-logs selinux-enabled tls tlsverify userland-proxy
"""
NUMBERS = """
cpu-rt-period cpu-rt-runtime max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu
network-control-plane-mtu network-diagnostic-port oom-score-adjust shutdown-timeout
swarm-raft-election-tick swarm-raft-heartbeat-tick
"""
TEXTS = """
api-cors-header bip bip6 bridge cgroup-parent containerd containerd-namespace containerd-plugins-namespace
data-root default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode default-runtime
default-shm-size exec-root firewall-backend fixed-cidr fixed-cidr-v6 group host-gateway-ip http-proxy
https-proxy init-path ip log-driver log-format log-level metrics-addr min-api-version no-proxy pidfile
seccomp-profile storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey userland-proxy-path
userns-remap
"""
LISTS = """
allow-nondistributable-artifacts authorization-plugins cdi-spec-dirs dns dns-opts dns-search exec-opts
host-gateway-ips hosts insecure-registries labels node-generic-resources registry-mirrors storage-opts
"""
TEXT_MAPS = "log-opts proxies"
OBJECTS = "builder default-network-opts default-ulimits features runtimes"
OBJECT_LISTS = "default-address-pools"

EXAMPLES: dict[str, tuple[str, Any]] = {
    "registry-mirrors": ("Mirrors of Docker Hub, as http(s) URLs.", ["https://mirror.example.com"]),
    "insecure-registries": (
        "Registries spoken to without TLS or with any certificate, as host:port or CIDR.",
        ["registry.example.com:5000"],
    ),
    "log-driver": ("Driver for containers' logs.", "json-file"),
    "log-opts": (
        "Options of the log driver; numbers are passed on as text, which is what the engine wants.",
        {"max-size": "10m"},
    ),
    "default-address-pools": (
        "Pools for bridge networks of single hosts.",
        [{"base": "172.30.0.0/16", "size": 24}],
    ),
    "live-restore": ("Must not be true: an engine in a swarm does not start with it.", False),
    "hosts": ("Refused: the distribution's unit already passes -H.", ["fd://"]),
}

_Mapping = Annotated[dict[str, Anything], EMPTY_MAPPING]
_Mappings = Annotated[list[dict[str, Anything]], Field()]
_KINDS: list[tuple[str, Any]] = [
    (FLAGS, Flag),
    (NUMBERS, Number),
    (TEXTS, HiddenText),
    (LISTS, HiddenTexts),
    (TEXT_MAPS, HiddenWrittenMap),
    (OBJECTS, _Mapping),
    (OBJECT_LISTS, _Mappings),
]
KNOWN_KEYS = tuple(sorted(name for names, _ in _KINDS for name in names.split()))


class _DaemonBase(BaseModel):
    """Keys of daemon.json."""

    model_config = ConfigDict(extra="allow", alias_generator=lambda name: name.replace("_", "-"))

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value is None else value

    def given(self) -> dict[str, Any]:
        """What the file gives, by daemon.json key, as plain data; text from a reference stays a ``Scalar``."""
        fields = type(self).model_fields
        known = {str(fields[name].alias): getattr(self, name) for name in fields if name in self.model_fields_set}
        return {**known, **kept(self.model_extra or {})}


def _fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for names, kind in _KINDS:
        for name in names.split():
            meaning, example = EXAMPLES.get(name, (None, None))
            examples = [example] if meaning else None
            field = Field(None, alias=name, description=meaning, examples=examples)
            fields[name.replace("-", "_")] = (PublicTexts if name == "labels" else kind, field)
    return fields


if TYPE_CHECKING:
    Daemon = _DaemonBase
else:
    Daemon = create_model("Daemon", __base__=_DaemonBase, **_fields())
