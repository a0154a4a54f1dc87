"""A service of the document -> its ServiceSpec. Source: ``convert/service.go`` of docker/cli."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from skep.compose.keys.quantities import nano_cpus
from skep.compose.mount_specs import mount_spec
from skep.compose.naming import Always, Names, without_empty
from skep.reading.values import Fields
from skep.refusals.services import mode_of
from skep.swarm.image import tagged
from skep.swarm.labels import IMAGE
from skep.swarm.spec import ServiceSpec

_EVERYWHERE = ("default", "bridge", "host", "none")
"""Networks every node has by itself: no aliases in them."""
_PLAIN_FILE_MODE = 0o444
Spec = dict[str, object]


def service_spec(name: str, service: Fields, names: Names) -> ServiceSpec:
    """What is sent to create or update the service."""
    deploy: Mapping[str, Any] = service.get("deploy") or {}
    task: Spec = {
        "ContainerSpec": _container(service, names),
        "Resources": _resources(deploy.get("resources") or {}),
        "RestartPolicy": _restart(service.get("restart", ""), deploy.get("restart_policy")),
        "Placement": _placement(deploy.get("placement") or {}),
        "Networks": _networks(name, service.get("networks") or {"default": None}, names),
        "LogDriver": _logging(service.get("logging")),
    }
    spec: Spec = {
        "Name": names.scoped(name),
        "Labels": {**names.labelled(deploy.get("labels")), IMAGE: service["image"]},
        "TaskTemplate": without_empty(task) | {"ForceUpdate": 0},
        "Mode": _mode(mode_of(service), deploy.get("replicas")),
        "UpdateConfig": _update(deploy.get("update_config")),
        "RollbackConfig": _update(deploy.get("rollback_config")),
        "EndpointSpec": _endpoint(deploy.get("endpoint_mode", ""), service.get("ports", ())),
    }
    return cast(ServiceSpec, without_empty(spec))


def _container(service: Fields, names: Names) -> Spec:
    configs = [_file("Config", one, names.of("configs", one["source"])) for one in service.get("configs", ())]
    credentials = service.get("credential_spec") or {}
    if credentials.get("config"):
        configs.append({"Runtime": {}, "ConfigName": names.of("configs", credentials["config"])})
    secrets = [_file("Secret", one, names.of("secrets", one["source"])) for one in service.get("secrets", ())]
    add, drop = capabilities(service.get("cap_add", ()), service.get("cap_drop", ()))
    container: Spec = {
        "Image": tagged(service["image"]),
        "Labels": names.labelled(service.get("labels")),
        "Command": service.get("entrypoint"),
        "Args": service.get("command"),
        "Hostname": service.get("hostname"),
        "Env": _environment(service.get("environment") or {}),
        "Dir": service.get("working_dir"),
        "User": service.get("user"),
        "Groups": service.get("group_add"),
        "Privileges": _privileges(credentials, names),
        "StopSignal": service.get("stop_signal"),
        "TTY": service.get("tty"),
        "OpenStdin": service.get("stdin_open"),
        "ReadOnly": service.get("read_only"),
        "Mounts": [mount_spec(mount, names) for mount in service.get("volumes", ())],
        "Healthcheck": _health(service.get("healthcheck")),
        "Hosts": [" ".join(reversed(host.split(":", 1))) for host in service.get("extra_hosts", ())],
        "DNSConfig": _dns(service),
        "Secrets": sorted(secrets, key=lambda one: str(one["SecretName"])),
        "Configs": sorted(configs, key=lambda one: str(one["ConfigName"])),
        "Isolation": service.get("isolation"),
        "Sysctls": dict(service.get("sysctls") or {}),
        "CapabilityAdd": add,
        "CapabilityDrop": drop,
        "Ulimits": [_ulimit(name, limit) for name, limit in sorted((service.get("ulimits") or {}).items())],
    }
    sent = without_empty(container)
    if "init" in service:
        sent["Init"] = service["init"]
    if "stop_grace_period" in service:
        sent["StopGracePeriod"] = int(service["stop_grace_period"])
    return sent


def _dns(service: Fields) -> Spec | None:
    keys = {"Nameservers": "dns", "Search": "dns_search", "Options": "dns_opt"}
    sent = without_empty({name: service.get(key) for name, key in keys.items()})
    return Always(sent) if any(key in service for key in keys.values()) else None


def _environment(variables: Mapping[str, str | None]) -> list[str]:
    return sorted(name if value is None else f"{name}={value}" for name, value in variables.items())


def _privileges(credentials: Mapping[str, str], names: Names) -> Spec:
    sent: Spec = {"CredentialSpec": None, "SELinuxContext": None, "NoNewPrivileges": False}
    config = credentials.get("config", "")
    values = {
        "Config": names.of("configs", config) if config else "",
        "File": credentials.get("file", ""),
        "Registry": credentials.get("registry", ""),
    }
    return sent | {"CredentialSpec": values} if any(values.values()) else sent


def _file(what: str, one: Fields, name: str) -> Spec:
    return {
        "File": {
            "Name": one.get("target") or one["source"],
            "UID": one.get("uid") or "0",
            "GID": one.get("gid") or "0",
            "Mode": one.get("mode", _PLAIN_FILE_MODE),
        },
        f"{what}Name": name,
    }


def _ulimit(name: str, limit: int | Mapping[str, int]) -> Spec:
    soft, hard = (limit, limit) if isinstance(limit, int) else (limit["soft"], limit["hard"])
    return {"Name": name, "Hard": hard, "Soft": soft}


def capabilities(add: Iterable[str], drop: Iterable[str]) -> tuple[list[str], list[str]]:
    """Added and dropped capabilities in their long names, sorted; added ones win. Source: ``opts/capabilities.go``."""
    added, dropped = {_capability(name) for name in add}, {_capability(name) for name in drop}
    added = {"ALL"} if "ALL" in added else added
    dropped = {"ALL"} if "ALL" in dropped else dropped
    return sorted(added - {"RESET"}), sorted(dropped - added - {"RESET"})


def _capability(name: str) -> str:
    upper = name.strip().upper()
    return upper if upper in ("ALL", "RESET") or upper.startswith("CAP_") else f"CAP_{upper}"


def _health(health: Fields | None) -> Spec | None:
    if health is None:
        return None
    if health.get("disable"):
        return {"Test": ["NONE"]}
    return Always(
        without_empty(
            {
                "Test": health.get("test"),
                "Interval": int(health.get("interval", 0)),
                "Timeout": int(health.get("timeout", 0)),
                "Retries": health.get("retries"),
                "StartPeriod": int(health.get("start_period", 0)),
                "StartInterval": int(health.get("start_interval", 0)),
            }
        )
    )


def _logging(logging: Fields | None) -> Spec | None:
    if logging is None:
        return None
    return Always(without_empty({"Name": logging.get("driver"), "Options": dict(logging.get("options") or {})}))


def _resources(resources: Mapping[str, Any]) -> Spec:
    sent: Spec = Always()
    for key, part in (("Limits", "limits"), ("Reservations", "reservations")):
        if part not in resources:
            continue
        given: Fields = resources[part]
        generic = [{"DiscreteResourceSpec": _generic(one)} for one in given.get("generic_resources", ())]
        sent[key] = without_empty(
            {
                "NanoCPUs": nano_cpus(given["cpus"]) if given.get("cpus") else 0,
                "MemoryBytes": int(given.get("memory", 0)),
                "Pids": given.get("pids"),
                "GenericResources": generic,
            }
        )
    return sent


def _generic(one: Fields) -> Spec:
    spec = one.get("discrete_resource_spec") or {}
    return without_empty({"Kind": spec.get("kind"), "Value": spec.get("value")})


def _restart(restart: str, policy: Fields | None) -> Spec | None:
    if policy is not None:
        sent = without_empty({"Condition": policy.get("condition")})
        for key, name in (("Delay", "delay"), ("MaxAttempts", "max_attempts"), ("Window", "window")):
            if name in policy:
                sent[key] = int(policy[name])
        return Always(sent)
    name, _, count = restart.partition(":")
    if name in ("", "no"):
        return None
    attempts = int(count or 0)
    condition = "on-failure" if name == "on-failure" else "any"
    return {"Condition": condition} | ({"MaxAttempts": attempts} if attempts else {})


def _placement(placement: Mapping[str, Any]) -> Spec:
    spread = [{"Spread": {"SpreadDescriptor": one["spread"]}} for one in placement.get("preferences", ())]
    return Always(
        without_empty(
            {
                "Constraints": placement.get("constraints"),
                "Preferences": spread,
                "MaxReplicas": placement.get("max_replicas_per_node"),
            }
        )
    )


def _networks(service: str, networks: Mapping[str, Fields | None], names: Names) -> list[Spec]:
    sent = []
    for name, attachment in networks.items():
        given: Mapping[str, Any] = attachment or {}
        target = names.of("networks", name)
        aliases = list(given.get("aliases", ()))
        if target not in _EVERYWHERE and not target.startswith("container:"):
            aliases.append(service)
        options = dict(given.get("driver_opts") or {})
        sent.append(without_empty({"Target": target, "Aliases": aliases, "DriverOpts": options}))
    return sorted(sent, key=lambda one: str(one["Target"]))


def _mode(mode: str, replicas: int | None) -> Spec:
    if mode == "global":
        return {"Global": {}}
    if mode == "global-job":
        return {"GlobalJob": {}}
    if mode == "replicated-job":
        return {"ReplicatedJob": {} if replicas is None else {"MaxConcurrent": replicas, "TotalCompletions": replicas}}
    return {"Replicated": {} if replicas is None else {"Replicas": replicas}}


def _update(config: Fields | None) -> Spec | None:
    if config is None:
        return None
    sent: Spec = {"Parallelism": config.get("parallelism", 1)}
    sent |= without_empty(
        {
            "Delay": int(config.get("delay", 0)),
            "FailureAction": config.get("failure_action"),
            "Monitor": int(config.get("monitor", 0)),
        }
    )
    return sent | {"MaxFailureRatio": config.get("max_failure_ratio", 0), "Order": config.get("order", "")}


def _endpoint(mode: str, ports: Iterable[Fields]) -> Spec:
    sent = [
        without_empty(
            {
                "Protocol": port.get("protocol"),
                "TargetPort": port.get("target"),
                "PublishedPort": port.get("published"),
                "PublishMode": port.get("mode"),
            }
        )
        for port in ports
    ]
    ordered = sorted(sent, key=lambda port: int(port.get("PublishedPort", 0)))
    return Always(without_empty({"Mode": mode, "Ports": ordered}))
