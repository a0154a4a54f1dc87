"""What a service's specification gives its containers beyond what they need. Each rule gives what is to be said of a
service, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from posixpath import normpath
from typing import cast

from skep.swarm.image import tagged
from skep.swarm.ports import port_of, published
from skep.swarm.service import container_of, health_of, image_of
from skep.swarm.spec import Mount, ServiceSpec

Rule = Callable[[ServiceSpec], str]

SENSITIVE = (
    "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/containerd",
    "/var/lib/docker", "/var/run",
)  # fmt: skip
SOCKET = "docker.sock"
SOCKETS = ("/run/docker.sock", "/var/run/docker.sock")
FIRST_OPEN = 1024
"""Ports below belong to root."""
GIVEN = {
    f"CAP_{one}"
    for one in [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
}
"""The capabilities that a container has where nothing is said (moby, oci/caps/defaults.go)."""
FORGES = "CAP_NET_RAW"


def _capabilities(spec: ServiceSpec) -> str:
    """What goes beyond the usual ones, or the one of those that forges packets. What is added back is needed."""
    container = container_of(spec)
    added, dropped = _named(container.get("CapabilityAdd")), _named(container.get("CapabilityDrop"))
    more = [one for one in added if one not in GIVEN - {FORGES}]
    if more:
        return f"adds {', '.join(more)}"
    return "" if {"ALL", FORGES} & {*dropped} else f"keeps {FORGES}, with which packets can be forged"


def _named(capabilities: list[str] | None) -> list[str]:
    names = [one.upper() for one in capabilities or ()]
    return [one if one == "ALL" or one.startswith("CAP_") else f"CAP_{one}" for one in names]


def _sensitive_mounts(spec: ServiceSpec) -> str:
    found = [path for path in _binds(spec) if _is_sensitive(path)]
    return f"mounts {', '.join(found)} of the host" if found else ""


def _is_sensitive(path: str) -> bool:
    return not path.endswith(SOCKET) and any(_is_in(path, one) or _is_in(one, path) for one in SENSITIVE)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _socket(spec: ServiceSpec) -> str:
    found = [path for path in _binds(spec) if path.endswith(SOCKET) or any(_is_in(one, path) for one in SOCKETS)]
    return f"mounts {found[0]}: it can do anything on the host" if found else ""


def _shared_mounts(spec: ServiceSpec) -> str:
    found = [
        str(mount.get("Source"))
        for mount in container_of(spec).get("Mounts") or ()
        if (mount.get("BindOptions") or {}).get("Propagation") in ("shared", "rshared")
    ]
    return f"shares mounts below {', '.join(found)} with the host" if found else ""


def _low_ports(spec: ServiceSpec) -> str:
    low = [f"{port}/{protocol}" for protocol, port in map(port_of, published(spec)) if 0 < port < FIRST_OPEN]
    return f"publishes {', '.join(low)}" if low else ""


def _ports(spec: ServiceSpec) -> str:
    return ", ".join(f"{port}/{protocol}" for protocol, port in map(port_of, published(spec)))


def _memory(spec: ServiceSpec) -> str:
    return "" if _limits(spec).get("MemoryBytes") else "has no memory limit"


def _cpu(spec: ServiceSpec) -> str:
    asked = _limits(spec).get("NanoCPUs") or _resources(spec, "Reservations").get("NanoCPUs")
    return "" if asked else "has neither a limit nor a reservation of processors"


def _pids(spec: ServiceSpec) -> str:
    return "" if _limits(spec).get("Pids") else "has no limit of processes"


def _read_only(spec: ServiceSpec) -> str:
    return "" if container_of(spec).get("ReadOnly") else "writes into its own root filesystem"


def _user(spec: ServiceSpec) -> str:
    user = str(container_of(spec).get("User") or "")
    return "" if user and user.partition(":")[0] not in ("0", "root") else "names no user, or root, to run as"


def _health(spec: ServiceSpec) -> str:
    return "" if health_of(spec) else "has no health check, unless its image has one"


def _tag(spec: ServiceSpec) -> str:
    """An image by its digest alone is as certain as can be."""
    named = tagged(image_of(spec)).partition("@")[0]
    return f"runs {named}" if named.endswith(":latest") else ""


def _privileges(spec: ServiceSpec) -> str:
    return "" if _privilege(spec, "NoNewPrivileges") else "may gain new privileges, such as by setuid programs"


def _apparmor(spec: ServiceSpec) -> str:
    return "switches AppArmor off" if _mode(spec, "AppArmor") == "disabled" else ""


def _seccomp(spec: ServiceSpec) -> str:
    return "switches seccomp off" if _mode(spec, "Seccomp") == "unconfined" else ""


def _selinux(spec: ServiceSpec) -> str:
    context = cast("Mapping[str, object]", _privilege(spec, "SELinuxContext") or {})
    return "switches SELinux off" if context.get("Disable") else ""


def _ulimits(spec: ServiceSpec) -> str:
    return ", ".join(f"{one['Name']}={one['Soft']}:{one['Hard']}" for one in container_of(spec).get("Ulimits") or ())


RULES: Mapping[str, Rule] = {
    "apparmor": _apparmor,
    "capabilities": _capabilities,
    "cpu": _cpu,
    "health": _health,
    "low-ports": _low_ports,
    "memory": _memory,
    "pids": _pids,
    "privileges": _privileges,
    "read-only": _read_only,
    "seccomp": _seccomp,
    "selinux": _selinux,
    "sensitive-mounts": _sensitive_mounts,
    "shared-mounts": _shared_mounts,
    "socket": _socket,
    "tag": _tag,
    "user": _user,
}
"""By name: what is wrong with a service."""
SHOWN: Mapping[str, Rule] = {"ports": _ports, "ulimits": _ulimits}
"""By name: what a person has to judge."""


def _binds(spec: ServiceSpec) -> list[str]:
    """Folders and files of the host, also those that a volume of the driver ``local`` binds."""
    paths = [
        str(mount.get("Source") or "") if mount.get("Type") == "bind" else _device(mount)
        for mount in container_of(spec).get("Mounts") or ()
    ]
    return [normpath(f"/{path.lstrip('/')}") for path in paths if path.startswith("/")]


def _device(mount: Mount) -> str:
    options = ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options") or {}
    return options.get("device", "") if {"bind", "rbind"} & {*options.get("o", "").split(",")} else ""


def _resources(spec: ServiceSpec, kind: str) -> Mapping[str, object]:
    found = (spec.get("TaskTemplate") or {}).get("Resources") or {}
    return cast("Mapping[str, object]", found.get(kind) or {})


def _limits(spec: ServiceSpec) -> Mapping[str, object]:
    return _resources(spec, "Limits")


def _privilege(spec: ServiceSpec, name: str) -> object:
    return cast("Mapping[str, object]", container_of(spec).get("Privileges") or {}).get(name)


def _mode(spec: ServiceSpec, name: str) -> object:
    return cast("Mapping[str, object]", _privilege(spec, name) or {}).get("Mode")
