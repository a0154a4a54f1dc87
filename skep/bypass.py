"""What the hosts of a cluster reach without their proxy, by the inventory."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from skep.model import Cluster, Host, is_ip
from skep.secret import revealed

LOOPBACK = ("localhost", "127.0.0.0/8", "::1")


def bypass(cluster: Cluster, host: Host) -> tuple[str, ...]:
    """Loopback, what the inventory names as such, and registries that are inside: at a private address, at a host of
    the file, or under a name without a dot."""
    hosts = set(hosts_of(cluster))
    inside = [name for name in _registries(cluster, host) if _inside(name, hosts)]
    return tuple(dict.fromkeys((*LOOPBACK, *host.proxy.none, *inside)))


def taken_apart(url: str) -> tuple[str, str, str]:
    """A proxy's URL without user and password, its user, and its password, both as they are."""
    parts = urlsplit(url)
    place = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{place}{port}", unquote(parts.username or ""), unquote(parts.password or "")


def is_direct(cluster: Cluster, host: Host, url: str) -> bool:
    """Whether a host reaches the server of a URL without its proxy."""
    name = urlsplit(url).hostname or ""
    without = {*bypass(cluster, host), *hosts_of(cluster)}
    if is_ip(name):
        ranges = [ipaddress.ip_network(one, strict=False) for one in without if is_ip(one.partition("/")[0])]
        return any(ipaddress.ip_address(name) in one for one in ranges)
    return name in without or any(one.startswith(".") and name.endswith(one) for one in without)


def hosts_of(cluster: Cluster) -> tuple[str, ...]:
    """Addresses and names of all hosts, sorted. Swarm's own traffic never takes a proxy (moby/swarmkit#2419, #2802), so
    that an engine needs no restart where a host comes or goes."""
    names = {name for host in cluster.hosts for name in (host.name, host.address)}
    return tuple(sorted(names | {host.advertise for host in cluster.hosts if host.advertise and is_ip(host.advertise)}))


def _registries(cluster: Cluster, host: Host) -> Iterator[str]:
    """Names and addresses of registries, without ports."""
    plain = revealed(host.daemon)
    for url in plain.get("registry-mirrors", ()):
        yield urlsplit(url).hostname or ""
    for server in (
        *plain.get("insecure-registries", ()),
        *host.certificates.registries,
        *(registry.server for registry in cluster.registries),
    ):
        yield server if "/" in server else urlsplit(f"//{server}").hostname or ""


def _inside(name: str, hosts: set[str]) -> bool:
    try:
        return ipaddress.ip_network(name, strict=False).is_private
    except ValueError:
        return bool(name) and (name in hosts or "." not in name)
