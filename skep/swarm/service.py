"""What can be read from a ServiceSpec, and what becomes of it by a roll-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from skep.swarm.image import Answer, with_digest
from skep.swarm.spec import (
    ContainerSpec,
    HealthCheck,
    Placement,
    Platform,
    ReplicatedJob,
    ServiceSpec,
    TaskSpec,
    UpdateConfig,
)

ModeName = Literal["Replicated", "Global", "ReplicatedJob", "GlobalJob"]
MODES: tuple[ModeName, ...] = ("Global", "GlobalJob", "ReplicatedJob")
"""But ``Replicated``, which is also what a service without a mode is."""
Section = Literal["UpdateConfig", "RollbackConfig"]


def container_of(spec: ServiceSpec) -> ContainerSpec:
    """What its containers are; empty where its tasks are none."""
    return container_in(spec.get("TaskTemplate"))


def container_in(task: TaskSpec | None) -> ContainerSpec:
    """What the container of a task is."""
    return (task or {}).get("ContainerSpec") or {}


def has_virtual_address(spec: ServiceSpec) -> bool:
    """Whether it has one address for all its tasks in each of its networks."""
    return (spec.get("EndpointSpec") or {}).get("Mode", "vip") in ("", "vip")


def has_terminal(spec: ServiceSpec) -> bool:
    """Whether its tasks have a terminal, with which all that they print is one stream."""
    return container_of(spec).get("TTY", False)


def placement_of(spec: ServiceSpec) -> Placement:
    """Where its tasks may run."""
    return (spec.get("TaskTemplate") or {}).get("Placement") or {}


def rollout_of(spec: ServiceSpec, section: Section = "UpdateConfig") -> UpdateConfig:
    """How its tasks are replaced; empty where nobody says."""
    return spec.get(section) or {}


def health_of(spec: ServiceSpec) -> HealthCheck | None:
    """Its health check; ``None`` where it has none of its own, or none at all."""
    check = container_of(spec).get("Healthcheck") or {}
    test = check.get("Test")
    return check if test and test[0] != "NONE" else None


def mode_of(spec: ServiceSpec) -> ModeName:
    """How many tasks it has, and whether they end."""
    mode = spec.get("Mode") or {}
    return next((one for one in MODES if mode.get(one) is not None), "Replicated")


def is_job(spec: ServiceSpec) -> bool:
    """Its tasks are to end."""
    return mode_of(spec).endswith("Job")


def is_global(spec: ServiceSpec) -> bool:
    """It has one task on each node."""
    return mode_of(spec).startswith("Global")


def runs_once(spec: ServiceSpec) -> bool:
    """A task that ends with success is not started again: with this policy, that is what it was asked to do."""
    policy = (spec.get("TaskTemplate") or {}).get("RestartPolicy") or {}
    return is_job(spec) or policy.get("Condition", "any") in ("none", "on-failure")


def replicas_of(spec: ServiceSpec) -> int:
    """How many tasks a replicated service has; 1 where nobody says."""
    replicas = ((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas")
    return 1 if replicas is None else replicas


def job_of(spec: ServiceSpec) -> tuple[int, int]:
    """How many tasks of a replicated job are to end with success, and how many run at once."""
    job: ReplicatedJob = (spec.get("Mode") or {}).get("ReplicatedJob") or {}
    at_once = job.get("MaxConcurrent", 1)
    return job.get("TotalCompletions", at_once), at_once


def with_tasks(spec: ServiceSpec, count: int) -> ServiceSpec:
    """The spec of a service or job that has so many tasks. Raises ``ValueError`` for a global one."""
    if is_global(spec):
        raise ValueError("a global service has one task on each node")
    mode = spec.get("Mode") or {}
    if is_job(spec):
        job: ReplicatedJob = {**(mode.get("ReplicatedJob") or {}), "TotalCompletions": count}
        return {**spec, "Mode": {"ReplicatedJob": job}}
    return {**spec, "Mode": {"Replicated": {**(mode.get("Replicated") or {}), "Replicas": count}}}


def tasks_of(spec: ServiceSpec, nodes: int) -> int:
    """How many tasks it has at once, where a global one has one on each of so many nodes."""
    return nodes if is_global(spec) else job_of(spec)[1] if is_job(spec) else replicas_of(spec)


def image_of(spec: ServiceSpec) -> str:
    """The image of a spec, with its digest where it has one."""
    return container_of(spec)["Image"]


def same_image(asked: ServiceSpec, have: ServiceSpec) -> bool:
    """Whether the image asked for is the one that runs, the digest of which nobody asked for."""
    return image_of(have).partition("@")[0] == image_of(asked) or image_of(have) == image_of(asked)


def with_image(spec: ServiceSpec, image: str, platforms: list[Platform] | None = None) -> ServiceSpec:
    """The spec with another image; ``platforms`` are those it is for, where that is known."""
    template = spec["TaskTemplate"].copy()
    template["ContainerSpec"] = {**container_of(spec), "Image": image}
    if platforms:
        template["Placement"] = {**placement_of(spec), "Platforms": platforms}
    return {**spec, "TaskTemplate": template}


def pinned(spec: ServiceSpec, answers: Mapping[str, Answer]) -> ServiceSpec:
    """A spec with its image pinned, where there is an answer about it; platforms it names stay."""
    image = image_of(spec)
    if image not in answers:
        return spec.copy()
    image, platforms = with_digest(image, answers[image])
    return with_image(spec, image, None if "Platforms" in placement_of(spec) else platforms)


def forced(spec: ServiceSpec, count: int) -> ServiceSpec:
    """The spec with that count, each change of which replaces all tasks."""
    return {**spec, "TaskTemplate": {**spec["TaskTemplate"], "ForceUpdate": count}}


def force_of(spec: ServiceSpec) -> int:
    """How often its tasks were replaced though nothing else changed."""
    return (spec.get("TaskTemplate") or {}).get("ForceUpdate", 0)


def inherited(
    spec: ServiceSpec, have: ServiceSpec | None, image: str | None, platforms: list[Platform], *, is_pinned: bool
) -> ServiceSpec:
    """A spec with what a roll-out does not decide: the digest and platforms of its image, and ``ForceUpdate``.

    ``image`` is the resolved image; without one the observed digest stays as long as the image is the same, unless
    the spec is pinned to one already.
    """
    full = spec
    if image:
        full = with_image(spec, image, platforms)
    elif have is not None and not is_pinned and same_image(spec, have):
        inherited_platforms = None if "Platforms" in placement_of(spec) else placement_of(have).get("Platforms")
        full = with_image(spec, image_of(have), inherited_platforms)
    return forced(full, force_of(have) if have else 0)
