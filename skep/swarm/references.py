"""What a service refers to: networks, configs and secrets. All there are is listed here, and rewritten here.

A spec that is sent names them; one that the Engine answers has identifiers of networks and of a credential spec's
config, and both for other configs and for secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from skep.swarm.spec import Attachment, ConfigReference, ContainerSpec, SecretReference, ServiceSpec, TaskSpec

Kind = Literal["network", "config", "secret"]


class Reference(NamedTuple):
    """What is referred to: a name, or an identifier where the spec has no name."""

    kind: Kind
    to: str


def references(spec: ServiceSpec) -> Iterator[Reference]:
    """All that a service refers to."""
    for attachment in attachments(spec):
        yield Reference("network", attachment["Target"])
    container = _container(spec)
    for config in container.get("Configs") or ():
        yield Reference("config", config["ConfigName"])
    for secret in container.get("Secrets") or ():
        yield Reference("secret", secret["SecretName"])
    if credentials := _credentials(container):
        yield Reference("config", credentials)


def attachments(spec: ServiceSpec) -> list[Attachment]:
    """The networks that its tasks are in."""
    return [*((spec.get("TaskTemplate") or {}).get("Networks") or ()), *(spec.get("Networks") or ())]


def used(kind: Kind, *specs: ServiceSpec) -> set[str]:
    """Names of the networks, configs or secrets that services use."""
    return {reference.to for spec in specs for reference in references(spec) if reference.kind == kind}


def named(spec: ServiceSpec, names: Mapping[str, str]) -> ServiceSpec:
    """An observed spec with names in place of identifiers, as it could be sent again. ``names``: identifier → name."""
    return _rewritten(
        spec,
        lambda target: names.get(target, target),
        _config_by_name,
        _secret_by_name,
        lambda config: names.get(config, config),
    )


def renamed(spec: ServiceSpec, names: Mapping[Reference, str]) -> ServiceSpec:
    """A spec that refers to configs and secrets by other names."""

    def new(kind: Kind, name: str) -> str:
        return names.get(Reference(kind, name), name)

    return _rewritten(
        spec,
        lambda target: target,
        lambda config: {**config, "ConfigName": new("config", config["ConfigName"])},
        lambda secret: {**secret, "SecretName": new("secret", secret["SecretName"])},
        lambda config: new("config", config),
    )


def with_ids(spec: ServiceSpec, *, configs: Mapping[str, str], secrets: Mapping[str, str]) -> ServiceSpec:
    """A spec with the identifiers of its configs and secrets, by name. ``KeyError`` for one without."""
    return _rewritten(
        spec,
        lambda target: target,
        lambda config: {**config, "ConfigID": configs[config["ConfigName"]]},
        lambda secret: {**secret, "SecretID": secrets[secret["SecretName"]]},
        lambda config: configs[config],
    )


def _rewritten(
    spec: ServiceSpec,
    target: Callable[[str], str],
    config: Callable[[ConfigReference], ConfigReference],
    secret: Callable[[SecretReference], SecretReference],
    credential: Callable[[str], str],
) -> ServiceSpec:
    """A copy with each reference as it becomes; the spec itself stays as it is."""
    template: TaskSpec = (spec.get("TaskTemplate") or {}).copy()
    if networks := template.get("Networks"):
        template["Networks"] = [{**one, "Target": target(one["Target"])} for one in networks]
    container = _container(spec).copy()
    if configs := container.get("Configs"):
        container["Configs"] = [config(one) for one in configs]
    if secrets := container.get("Secrets"):
        container["Secrets"] = [secret(one) for one in secrets]
    privileges = container.get("Privileges") or {}
    credentials = privileges.get("CredentialSpec") or {}
    if name := credentials.get("Config"):
        container["Privileges"] = {**privileges, "CredentialSpec": {**credentials, "Config": credential(name)}}
    template["ContainerSpec"] = container
    rewritten: ServiceSpec = {**spec, "TaskTemplate": template}
    if old := spec.get("Networks"):
        rewritten["Networks"] = [{**one, "Target": target(one["Target"])} for one in old]
    return rewritten


def _config_by_name(config: ConfigReference) -> ConfigReference:
    kept = config.copy()
    kept.pop("ConfigID", None)
    return kept


def _secret_by_name(secret: SecretReference) -> SecretReference:
    kept = secret.copy()
    kept.pop("SecretID", None)
    return kept


def _container(spec: ServiceSpec) -> ContainerSpec:
    return (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}


def _credentials(container: ContainerSpec) -> str:
    return ((container.get("Privileges") or {}).get("CredentialSpec") or {}).get("Config") or ""
