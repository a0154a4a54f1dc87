"""Keys of daemon.json that cannot work in a swarm, or that the engine would refuse."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from skep.inventory.checks.addresses import as_address, as_range, range_problem
from skep.inventory.checks.engine import reaches
from skep.inventory.checks.sections import sections
from skep.inventory.daemon_schema import KNOWN_KEYS
from skep.inventory.merging import MergedHost
from skep.kinds.files import DAEMON_DEBUG, IPTABLES_OFF, SETTING_WITHOUT_EFFECT
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.reading.wording import nearest, suggested
from skep.refusals.log_options import Log

_REFUSED = {
    "hosts": "the distribution's unit already passes -H fd://, and the engine does not start with both (it would "
    "take a systemd drop-in): leave it out, the engine is reached over SSH",
    "graph": "removed in Docker 23: write data-root",
    "cluster-store": "belongs to classic Swarm and was removed in Docker 23; swarm mode needs none",
    "cluster-store-opts": "belongs to classic Swarm and was removed in Docker 23; swarm mode needs none",
    "cluster-advertise": "belongs to classic Swarm and was removed in Docker 23: write swarm.advertise",
}
_NEAR = 0.84
_LOG_DRIVER = "json-file"
"""What an engine takes where nothing is said."""
_LEVELS = ("debug", "info", "warn", "error", "fatal")


def check_daemons(file: Fields, hosts: Sequence[MergedHost], findings: Findings) -> None:
    """Check each ``daemon`` section where it stands."""
    for path, given in sections(file, "daemon"):
        _check_logs(path, given, hosts, findings)
        _check_keys(path, given, findings)
        _check_registries(path, given, findings)
        _check_values(path, given, findings)


def _check_keys(path: KeyPath, given: Fields, findings: Findings) -> None:
    for key in given:
        near = None if key in KNOWN_KEYS or key in _REFUSED else nearest(key, KNOWN_KEYS, _NEAR)
        if key in _REFUSED:
            findings.error((*path, key), _REFUSED[key])
        elif near:
            # moby, daemon/config: "the following directives don't match any configuration option".
            message = f"not a key of daemon.json{suggested(near)}: the engine does not start with it"
            findings.error((*path, key), message)
    if given.get("live-restore") is True:
        message = "must not be true: an engine that is in a swarm does not start with it"
        findings.error((*path, "live-restore"), message)
    if given.get("debug") is True:
        message = "dockerd then writes what it is sent into the journal: environments of services, registry logins"
        findings.warn(DAEMON_DEBUG, (*path, "debug"), message)
    if given.get("iptables") is False:
        message = "without iptables rules published ports and the way out of overlay networks do not work"
        findings.warn(IPTABLES_OFF, (*path, "iptables"), message)
    if "swarm-default-advertise-addr" in given:
        message = "has no effect: each host gets its advertise address from swarm.advertise or hosts.*.advertise"
        findings.warn(SETTING_WITHOUT_EFFECT, (*path, "swarm-default-advertise-addr"), message)


def _check_logs(path: KeyPath, given: Fields, hosts: Sequence[MergedHost], findings: Findings) -> None:
    """An engine that refuses its log options does not start; where it refuses their values, no container does."""
    options = given.get("log-opts") or {}
    texts = {name: value for name, value in options.items() if isinstance(value, str)}
    having = [host for host in hosts if reaches(path, host) and host.daemon.get("log-opts") == options]
    drivers = {str(host.daemon.get("log-driver") or _LOG_DRIVER) for host in having}

    def quote(name: str, text: str) -> str:
        return findings.written((*path, "log-opts", name), text)

    for driver in sorted(drivers) if texts else ():
        for name, said in Log(driver, texts, quote, whole=len(texts) == len(options)).faults():
            findings.error((*path, "log-opts", name), said)


def _check_registries(path: KeyPath, given: Fields, findings: Findings) -> None:
    for index, mirror in enumerate(given.get("registry-mirrors", ())):
        problem = _mirror_problem(mirror)
        if problem:
            findings.error((*path, "registry-mirrors", index), problem)
    for index, server in enumerate(given.get("insecure-registries", ())):
        if "://" in server or not server:
            message = "must be host:port or a range, without http://"
            findings.error((*path, "insecure-registries", index), message)


def _mirror_problem(mirror: str) -> str | None:
    """What is wrong with a mirror's URL. The URL is not repeated: it might hold a password."""
    try:
        url = urlsplit(mirror)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in mirror):
        return "must be a URL such as https://mirror.example.com"
    if url.username is not None or url.password is not None:
        return "must not hold a user or password: the engine refuses them in a mirror"
    return "must not hold a query or fragment" if url.query or url.fragment else None


def _check_values(path: KeyPath, given: Fields, findings: Findings) -> None:
    for index, server in enumerate(given.get("dns", ())):
        if as_address(server) is None:
            place = (*path, "dns", index)
            findings.error(place, f"{findings.written(place, server)} is not an IP address")
    for index, label in enumerate(given.get("labels", ())):
        if "=" not in label.strip("="):
            findings.error((*path, "labels", index), "an engine label must be written key=value")
    level = given.get("log-level")
    if level is not None and level not in _LEVELS:
        place = (*path, "log-level")
        findings.error(place, f"must be one of {', '.join(_LEVELS)}, not {findings.written(place, level)}")
    for key in ("data-root", "exec-root"):
        if key in given and not given[key].startswith("/"):
            findings.error((*path, key), "must be an absolute path")
    if "bip" in given and as_range(given["bip"]) is None:
        findings.error((*path, "bip"), "must be an address with its prefix, such as 172.26.0.1/16")
    for index, pool in enumerate(given.get("default-address-pools", ())):
        _check_pool((*path, "default-address-pools", index), pool, findings)


def _check_pool(path: KeyPath, pool: dict[str, object], findings: Findings) -> None:
    base, size = pool.get("base"), pool.get("size")
    if not isinstance(base, str) or isinstance(size, bool) or not isinstance(size, int):
        findings.error(path, "must be {base: RANGE, size: PREFIX LENGTH}, such as {base: 172.30.0.0/16, size: 24}")
        return
    found = as_range(base)
    problem = range_problem(base)
    if problem or found is None:
        findings.error((*path, "base"), f"{findings.written((*path, 'base'), base)} {problem}")
    elif not found.prefixlen <= size <= found.max_prefixlen:
        findings.error((*path, "size"), f"must be from {found.prefixlen} (the base's) to {found.max_prefixlen}")
