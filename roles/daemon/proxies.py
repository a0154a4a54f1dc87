"""The proxy of an engine: variables in a file that a drop-in of docker.service names.

``proxies`` of daemon.json came with 23.0, and ``Environment=`` of a unit can be read by everybody on the host: so it is
a file, and only root may read it. It is planned as if it were a key of daemon.json, ``proxy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from skep.bypass import bypass, hosts_of
from skep.json_types import mapping, text
from skep.model import Cluster, Host
from skep.secret import revealed
from skep.swarm.engine_info import EngineInfo

KEY = "proxy"
FILE = "/etc/docker/skep-proxy.env"
DROP_IN = "/etc/systemd/system/docker.service.d/skep-proxy.conf"
HOSTS = "hosts"
"""Beside the variables: what is in ``NO_PROXY`` only since it is a host; none of it needs a restart."""
_HEAD = "# Written by skep: proxy in the inventory. Hosts: "
REPORTED: Mapping[str, Literal["HttpProxy", "HttpsProxy"]] = {"HTTP_PROXY": "HttpProxy", "HTTPS_PROXY": "HttpsProxy"}
"""Where an engine reports them, with stars of its own for user and password."""


def variables(host: Host) -> dict[str, object]:
    """A host's ``proxies`` key without ``no-proxy``; empty where it has no proxy."""
    found = {"HTTP_PROXY": host.proxy.http, "HTTPS_PROXY": host.proxy.https}
    return {KEY: {name: value for name, value in found.items() if value}} if host.proxy else {}


def desired(cluster: Cluster, host: Host) -> dict[str, object]:
    """A host's ``proxies`` key; empty where it has no proxy."""
    without = bypass(cluster, host)
    hosts = ",".join(name for name in hosts_of(cluster) if name not in without)
    return {
        key: {**mapping(urls), "NO_PROXY": ",".join(without), **({HOSTS: hosts} if hosts else {})}
        for key, urls in variables(host).items()
    }


def file(proxy: Mapping[str, object]) -> bytes:
    """The file that systemd reads. A value in quotes is taken as it is, but for backslashes, which no URL holds."""
    plain = {name: text(value) for name, value in mapping(revealed(proxy)).items()}
    hosts = plain.pop(HOSTS, "")
    plain["NO_PROXY"] = ",".join(filter(None, (plain.get("NO_PROXY"), hosts)))
    return (f"{_HEAD}{hosts}\n" + "".join(f'{name}="{value}"\n' for name, value in plain.items())).encode()


def parse(lines: Iterable[str]) -> dict[str, object]:
    """The key from the lines of the file; nothing where there is none."""
    found: dict[str, str] = {}
    hosts: list[str] = []
    for line in lines:
        name, _, value = line.partition("=")
        if line.startswith(_HEAD):
            hosts = [name for name in line.removeprefix(_HEAD).split(",") if name]
        elif value:
            found[name] = value.strip('"')
    without = [name for name in found.get("NO_PROXY", "").split(",") if name]
    if hosts and without[-len(hosts) :] == hosts:
        found |= {"NO_PROXY": ",".join(without[: -len(hosts)]), HOSTS: ",".join(hosts)}
    return {KEY: found} if found else {}


def reported(info: EngineInfo) -> dict[str, object]:
    """The proxy as a running engine reports it."""
    return {name: info[key] for name, key in REPORTED.items() if info.get(key)}


def reported_form(proxy: Mapping[str, object]) -> dict[str, str]:
    """The key as an engine reports it. Source: moby, daemon/config: MaskCredentials."""
    return {name: _masked(text(proxy[name])) for name in REPORTED if name in proxy}


def _masked(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//xxxxx:xxxxx@", url)


def only_hosts(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two values differ in hosts alone."""
    return bool(one and other) and {**one, HOSTS: ""} == {**other, HOSTS: ""}
