"""What a host has around its engine: proxy, kernel settings, firewall."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from skep.inventory.checks.addresses import as_address, as_range
from skep.inventory.checks.sections import sections
from skep.inventory.merging import MergedHost
from skep.kinds.files import BRIDGE_RULES_OFF, PROXY_HTTP_ONLY
from skep.model import is_ip
from skep.reading.findings import Findings, KeyPath
from skep.reading.settings import Referenced
from skep.reading.values import Fields

_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_SYSCTL = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_:@-]+)+")
_WITHOUT = re.compile(r"\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?(:[0-9]{1,5})?")
_REFUSED = {
    ("net.ipv4.ip_forward", "0"): "must not be 0: without forwarding containers have no way out",
    ("net.ipv4.conf.all.forwarding", "0"): "must not be 0: without forwarding containers have no way out",
}


def check_machines(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note what cannot be, or contradicts something else."""
    for path, given in sections(file, "proxy"):
        _check_proxy(path, given, findings)
    for path, given in sections(file, "kernel"):
        _check_kernel(path, given, findings)
    _check_both(file, hosts, findings)
    _check_use(file, hosts, findings)
    _check_firewall(hosts, findings)


def _check_proxy(path: KeyPath, given: Fields, findings: Findings) -> None:
    for key in ("http", "https"):
        problem = given.get(key) and _proxy_problem(given[key])
        if problem:
            findings.error((*path, key), problem)
    for index, entry in enumerate(given.get("no-proxy", ())):
        problem = _without_problem(entry)
        if problem:
            findings.error((*path, "no-proxy", index), problem)


def _proxy_problem(text: str) -> str | None:
    """What is wrong with a proxy's URL. It is not repeated: it might hold a password."""
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        return "must be a URL such as http://proxy.example.com:3128 (in a password, write @ as %40, / as %2F, : as %3A)"
    if "://" in text and url.scheme not in ("http", "https"):
        return "must begin with http:// or https://: package managers know no other kind"
    if not usable or any(char.isspace() or not char.isprintable() or char in "\"'`\\;" for char in text):
        return "must be a URL such as http://proxy.example.com:3128"
    if url.path not in ("", "/") or url.query or url.fragment:
        return "must end behind the port"
    if url.password is not None and not isinstance(text, Referenced):
        return "must not hold a password as itself: write http://user:${env:PROXY_PASSWORD}@host:port"
    return None


def _without_problem(entry: str) -> str | None:
    if entry == "*":
        return "takes the proxy away from everything: leave proxy out instead"
    if "://" in entry:
        return "must be a name, an address, a .domain or a range, without http://"
    if "," in entry or any(char.isspace() for char in entry):
        return "must be one name, address, .domain or range: write each as an item of its own"
    if entry.startswith("*."):
        return f"must be written without the star: {entry[1:]}"
    if "/" in entry:
        return None if as_range(entry) else "is not a range such as 10.0.0.0/8"
    if as_address(entry.strip("[]")) or _WITHOUT.fullmatch(entry):
        return None
    return "is no name, address, .domain or range"


def _check_kernel(path: KeyPath, given: Fields, findings: Findings) -> None:
    for index, module in enumerate(given.get("modules", ())):
        place = (*path, "modules", index)
        if module.endswith((".ko", ".ko.xz", ".ko.zst")) or "/" in module:
            findings.error(place, "must be the module's name, not its file")
        elif not _MODULE.fullmatch(module):
            findings.error(place, "must be the name of a module alone; its options go into /etc/modprobe.d by hand")
    for key, value in given.section("sysctls").items():
        place = (*path, "sysctls", key)
        if not _SYSCTL.fullmatch(key):
            hint = f": write {key.strip('/').replace('/', '.')}" if "/" in key and "." not in key else ""
            findings.error(place, f"is not the name of a parameter, such as net.ipv4.ip_forward{hint}")
        elif not value.strip() or not value.isprintable():
            findings.error(place, "must be a value on one line")
        elif (key, value.strip()) in _REFUSED:
            findings.error(place, _REFUSED[key, value.strip()])
        elif key.startswith("net.bridge.bridge-nf-call-ip") and value.strip() == "0":
            findings.warn(BRIDGE_RULES_OFF, place, "published ports and the routing mesh do not work without it")


def _check_both(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """``daemon.proxies`` would go before ``proxy``: only one of the two."""
    both = [host.name for host in hosts if _has_proxy(host) and "proxies" in host.daemon]
    for path, given in sections(file, "daemon") if both else ():
        if "proxies" in given:
            message = f"and proxy are both given to {', '.join(both)}: leave this one out"
            findings.error((*path, "proxies"), message)


def _check_use(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    if any(map(_has_proxy, hosts)):
        for path, given in sections(file, "proxy"):
            if given.get("http") and not any(host.proxy.get("https") for host in hosts):
                message = "without https, registries are asked directly: they speak HTTPS (it may be the same URL)"
                findings.warn(PROXY_HTTP_ONLY, (*path, "http"), message)
        return
    for path, given in sections(file, "proxy"):
        if given.get("no-proxy"):
            findings.error((*path, "no-proxy"), "does nothing without http or https: no host has a proxy")


def _has_proxy(host: MergedHost) -> bool:
    return bool(host.proxy.get("http") or host.proxy.get("https"))


def _check_firewall(hosts: list[MergedHost], findings: Findings) -> None:
    """Rules are by address: whoever has one of his own must be known by it."""
    opening = [host.name for host in hosts if host.open_firewall]
    for host in hosts if opening else ():
        if host.address is not None and not any(is_ip(text) for text in (host.advertise, host.address) if text):
            message = f"must be an IP address, or have one beside it in advertise, since {opening[0]} has open-firewall"
            findings.error(("hosts", host.name, "address"), f"{message}: rules are by address")
        elif host.advertise and not is_ip(host.advertise):
            message = "names an interface; where open-firewall is on, write the address: rules are by address"
            own = "advertise" in host.own
            findings.error(("hosts", host.name, "advertise") if own else ("hosts", host.name), message)
