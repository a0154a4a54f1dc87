"""What managers take of a service, and every node refuses when it makes the container."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from skep.gotemplate import TemplateError, expand_payload
from skep.refusals.document import Service, Thing, services_of, things_of
from skep.refusals.log_options import service_faults
from skep.refusals.names import full_name, made, mounted
from skep.refusals.rule import Context, Path, Said

LEAST_MEMORY = 6 * 1024 * 1024
_MOST_FILES = 2**31 - 64
"""The largest that the kernel parameter fs.nr_open can be."""
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_SIGNALS_TEXT = """
ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM
TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX
"""
_SIGNALS = frozenset(_SIGNALS_TEXT.split()) | {
    *(f"RTMIN+{number}" for number in range(1, 16)),
    *(f"RTMAX-{number}" for number in range(1, 15)),
}
_CAPABILITIES_TEXT = """
ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD
NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN
SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME
SYS_TTY_CONFIG WAKE_ALARM
"""
_CAPABILITIES = frozenset(_CAPABILITIES_TEXT.split())
_LIMITS_TEXT = """
as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack
"""
_LIMITS = frozenset(_LIMITS_TEXT.split())
_PARAMETERS_TEXT = """
kernel.domainname kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shm_rmid_forced kernel.shmall
kernel.shmmax kernel.shmmni
"""
_PARAMETERS = frozenset(_PARAMETERS_TEXT.split())
"""Kernel parameters of which each container has its own, besides those below ``net`` and ``fs.mqueue``."""


def memory(amount: int, context: Context) -> str | None:
    """A memory limit below the least that a container can have."""
    return "must be 6M or more: nodes refuse containers with less" if 0 < amount < LEAST_MEMORY else None


def working_dir(folder: str, context: Context) -> str | None:
    """A working folder that is not an absolute path."""
    absolute = not folder or folder.startswith("/") or _WINDOWS.match(folder)
    return None if absolute else f"must be an absolute path, not {context.quote(folder)}"


def stop_signal(text: str, context: Context) -> str | None:
    """A stop signal that is none by name or number."""
    if not text or (re.fullmatch(r"[+-]?[0-9]{1,18}", text, re.ASCII) and int(text)):
        return None
    known = text.upper().removeprefix("SIG") in _SIGNALS
    return None if known else f"must be a signal such as SIGTERM, not {context.quote(text)}"


def capability(name: str, context: Context) -> str | None:
    """A capability that Linux does not have. RESET is the CLI's own word."""
    bare = name.strip().upper().removeprefix("CAP_")
    known = bare in _CAPABILITIES or bare == "RESET"
    return None if known else f"{context.quote(name)} is no capability of Linux"


def ulimits(limits: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Limits that the kernel does not have, or with the soft one above the hard one."""
    for name, limit in limits.items():
        if name.lower() not in _LIMITS:
            yield (name,), f"is no limit of Linux, which are {', '.join(sorted(_LIMITS))}"
        elif isinstance(limit, Mapping) and _is_reversed(limit.get("soft", 0), limit.get("hard", -1)):
            yield (name, "soft"), "must be at most the hard limit"
        elif name.lower() == "nofile" and not 0 <= _hard(limit) <= _MOST_FILES:
            yield (
                (name,),
                f"must have a limit up to {_MOST_FILES}: no kernel takes more open files, nor a number without end",
            )


def sysctls(parameters: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Kernel parameters of the whole machine. Their parts stand between dots or slashes."""
    for name in parameters:
        known = name.replace("/", ".") if re.match(r"[^.]*/", name) else name
        if known == "kernel.hostname":
            yield (name,), "is said by hostname"
        elif known not in _PARAMETERS and not known.startswith(("net.", "fs.mqueue.")):
            yield (name,), "is of the whole machine, and no container may set it: kernel.sysctls of the inventory can"


def host_network(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """What does not go with the host's own network: another one, a port of the routing mesh, parameters of it."""
    networks = things_of(context.data, "networks")
    names = {key: full_name(key, networks.get(key), context.stack) for key in service.get("networks") or ()}
    if "host" not in names.values():
        return
    if len(names) > 1:
        yield ("networks",), "the host's own network goes with no other one"
    for number, port in enumerate(service.get("ports") or ()):
        if (port.get("mode") or "ingress") == "ingress":
            yield ("ports", number), "a task in the host's own network has its ports there already: take it out"
            break
    for name in service.get("sysctls") or ():
        if name.replace("/", ".").startswith("net."):
            yield ("sysctls", name), "is of the host's own network: kernel.sysctls of the inventory can set it"


MTU = "com.docker.network.driver.mtu"
VXLANS = "com.docker.network.driver.overlay.vxlanid_list"


def network_options(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Options of overlay networks that are to be numbers."""
    for key, one in made(networks, context):
        options = one.get("driver_opts") or {}
        for name, pattern in ((MTU, r"[0-9]+"), (VXLANS, r"[0-9]+(,[0-9]+)*")):
            value = options.get(name)
            if value is not None and not re.fullmatch(pattern, value, re.ASCII):
                yield (key, "driver_opts", name), f"must be a number, not {context.quote(value)}"


def only_ipv6(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Subnets of IPv6 in a network that does not have it, and no other."""
    for key, one in made(networks, context):
        subnets = [pool.get("subnet") or "" for pool in (one.get("ipam") or {}).get("config") or ()]
        if subnets and all(":" in subnet for subnet in subnets) and not one.get("enable_ipv6"):
            yield (key, "ipam", "config", 0, "subnet"), "is of IPv6, which needs enable_ipv6: true beside it"


def targets(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Files of configs and secrets where a folder is: the root, a mount, or what another one is below of."""
    mounts = {posixpath.normpath(mount["target"]) for mount in service.get("volumes") or ()}
    raw: dict[Path, str] = {}
    files: dict[Path, str] = {}
    for section, folder in (("configs", "/"), ("secrets", "/run/secrets")):
        references = (service.get("configs") if section == "configs" else service.get("secrets")) or ()
        for number, one in enumerate(references):
            raw[section, number] = one.get("target") or one["source"]
            files[section, number] = posixpath.normpath(posixpath.join(folder, raw[section, number]))
    for where, file in files.items():
        below = next((other for other in files.values() if other.startswith(f"{file}/")), "")
        if file == "/" or file in mounts or raw[where].endswith("/"):
            yield where, f"the target {context.quote(file)} is a folder: write the name of a file behind it"
        elif below:
            yield where, f"the target {context.quote(file)} is a file, and {context.quote(below)} is to be below it"


def volume_options(volumes: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Options that the engines' own volume driver does not have, lacks beside others, or cannot mount with."""
    desired = mounted(context.data)
    for key, one in volumes.items():
        options = one.get("driver_opts") or {}
        if key in desired and one.get("driver") in (None, "", "local") and options:
            where, said = _wrong_option(options, context)
            if said:
                yield (key, "driver_opts", *where), said


def _wrong_option(options: Mapping[str, str], context: Context) -> tuple[tuple[str, ...], str]:
    unknown = next((name for name in options if name not in ("type", "o", "device", "size")), None)
    if unknown is not None:
        return (unknown,), "is no option of the driver local, which has type, o, device and size"
    mount = {name for name in ("type", "o", "device") if name in options}
    lacking = [name for name in ("type", "device") if mount and name not in options]
    if lacking:
        return (), f"the driver local needs {' and '.join(lacking)} beside {' and '.join(sorted(mount))}"
    kind, words = options.get("type", ""), options.get("o", "").split(",")
    if (
        kind in ("nfs", "nfs4")
        and "{{" not in options.get("o", "")
        and not any(word.startswith("addr=") for word in words)
    ):
        return (), f"{kind} needs addr=ADDRESS of its server in o"
    device = options.get("device", "")
    if "bind" in words and not device.startswith(("/", "{{")):
        return ("device",), f"must be an absolute path, not {context.quote(device)}"
    return (), ""


def log_options(logging: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Options that a log driver does not have, or not with that value."""
    driver, options = str(logging.get("driver") or ""), logging.get("options")
    if isinstance(options, Mapping):
        given = {name: str(value) for name, value in options.items() if value is not None}
        for name, said in service_faults(driver, given, context.quote, context.logs):
            yield ("options", name), said


def _hard(limit: object) -> int:
    found = limit.get("hard", -1) if isinstance(limit, Mapping) else limit
    return found if isinstance(found, int) else -1


def _is_reversed(soft: int, hard: int) -> bool:
    """-1 is no limit at all."""
    return hard != -1 and not -1 < soft <= hard


def environment(variables: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """An environment variable without a name."""
    if "" in variables:
        yield (), "has a variable without a name"


def owner(text: object, context: Context) -> str | None:
    """An owner of a config or secret by name: nodes know numbers only."""
    number = re.fullmatch(r"[+-]?[0-9]{1,18}", str(text), re.ASCII)
    return None if number or text == "" else f"must be a number, not {context.quote(str(text))}: nodes look up no names"


def template_driver(name: str, context: Context) -> str | None:
    """A template driver other than the only one there is."""
    return None if name in ("golang", "") else f"must be golang, not {context.quote(name)}"


def payload(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Contents with ``template_driver`` that a node cannot expand, for a service that has them."""
    section = str(path[-1])
    for key, one in things.items():
        held = context.contents.get((section, key))
        if held is None or one.get("template_driver") != "golang":
            continue
        for name, targets in _tasks_with(section, key, context):
            try:
                expand_payload(held.decode(errors="replace"), targets)
            except TemplateError as problem:
                why = f": {problem}" if section == "configs" or "not found" in str(problem) else ""
                yield (key,), f"is a template, which nodes cannot expand for {context.quote(name)}{why}"
                break


def _tasks_with(section: str, key: str, context: Context) -> Iterator[tuple[str, Mapping[str, set[str]]]]:
    """The services that have it, each with where its secrets and configs are."""
    for name, service in services_of(context.data).items():
        references = {"secret": service.get("secrets") or (), "config": service.get("configs") or ()}
        if any(one["source"] == key for one in references[section.removesuffix("s")]):
            yield (
                name,
                {kind: {one.get("target") or one["source"] for one in there} for kind, there in references.items()},
            )
