"""Keys of daemon.json whose type is known. Source: "Daemon configuration file" in Docker's dockerd reference.

A key that is not here passes as it is, unless it is a near miss: engines differ, and the engine has the last word.
"""

from __future__ import annotations

from skep.reading.documented import Key
from skep.reading.mapping_kinds import ListOf, Record
from skep.reading.settings import ANYTHING, FLAG, HiddenText, PublicText, Whole, named, texts
from skep.reading.value_kinds import Kind

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

EXAMPLES: dict[str, tuple[str, object]] = {
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

_KINDS: list[tuple[str, Kind]] = [
    (FLAGS, FLAG),
    (NUMBERS, Whole()),
    (TEXTS, HiddenText()),
    (LISTS, texts(HiddenText())),
    (TEXT_MAPS, named(HiddenText(loose=True))),
    (OBJECTS, named(ANYTHING)),
    (OBJECT_LISTS, ListOf(named(ANYTHING), all_or_none=True)),
]


def _key(name: str, kind: Kind) -> Kind:
    """A key; engine labels are public, so that no reference may stand in them."""
    own = texts(PublicText()) if name == "labels" else kind
    return Key(own, *EXAMPLES[name]) if name in EXAMPLES else own


_FIELDS = {name: _key(name, kind) for names, kind in _KINDS for name in names.split()}
KNOWN_KEYS = tuple(sorted(_FIELDS))
DAEMON = Record(_FIELDS, empty=True, name="Daemon", others=ANYTHING)
