"""Operations on what stacks are made of: services, configs, secrets, images, and the records of revisions."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from docker.errors import APIError

from skep.engine.refused import gone, retry
from skep.engine.transport import EngineClient
from skep.errors import StepFailed
from skep.model import Secret, reveal
from skep.swarm.comparing import differences, unlisted
from skep.swarm.image import Answer, is_identifier
from skep.swarm.labels import (
    REVISION_COMMIT,
    REVISION_ERROR,
    REVISION_OF,
    REVISION_STATE,
    REVISION_WHO,
    of_stack,
    stack_of,
)
from skep.swarm.objects import Service
from skep.swarm.references import used, with_ids
from skep.swarm.revision import DONE, Record, pack
from skep.swarm.service import force_of, forced, image_of, pinned
from skep.swarm.spec import ServiceSpec
from skep.waiting import until


class Credentials(Protocol):
    """Gives logins to registries."""

    def header(self, image: str) -> Secret | None:
        """``X-Registry-Auth`` for the image's registry."""


def images_resolve(api: EngineClient, *, images: Sequence[str], credentials: Credentials) -> dict[str, Answer]:
    """What each image is at its registry: ``/distribution``'s answer. Raises ``StepFailed`` naming all that are not."""
    found: dict[str, Answer] = {}
    missing: list[str] = []
    for image in images:
        try:
            found[image] = distribution(api, image, credentials)
        except APIError as error:
            missing.append(f"{image}: {error.explanation or error}")
    if missing:
        raise StepFailed(
            f"{len(missing)} of {len(images)} images do not resolve",
            cause="; ".join(missing),
            next_action="fix the names or the registry's credentials; --no-resolve deploys without digests",
        )
    return found


def distribution(api: EngineClient, image: str, credentials: Credentials) -> Answer:
    """The registry's answer about an image: digest and platforms. Raises ``APIError``."""
    answer: Answer = api.read(f"/distribution/{image}/json", headers=_login(image, credentials))
    return answer


def object_create(api: EngineClient, *, kind: str, body: Mapping[str, object]) -> None:
    """Create a config or secret (``kind``: configs or secrets), unless one of that name is there.

    ``Data`` in ``body`` is base64, perhaps as a ``Secret``.
    """
    name = str(body["Name"])
    if any(one["Spec"]["Name"] == name for one in api.read(f"/{kind}", filters={"name": [name]})):
        return
    sent = {**body, "Data": reveal(data)} if isinstance(data := body.get("Data"), str | Secret) else body
    api.write(f"/{kind}/create", sent)


def service_write(
    api: EngineClient,
    *,
    spec: ServiceSpec,
    credentials: Credentials,
    images: Mapping[str, Answer] | None = None,
    force: bool = False,
) -> None:
    """Create the service, or bring it to that spec; nothing is sent where it is so already.

    ``images`` are answers of ``images_resolve`` to pin with; ``force`` replaces tasks that need not be. "Update out
    of sequence" (moby#39891) and a name that is just taken are looked at again for a few seconds.
    """

    def change() -> None:
        desired = pinned(spec, images or {})
        body = with_ids(desired, configs=_ids(api, "config", desired), secrets=_ids(api, "secret", desired))
        login = _login(image_of(body), credentials)
        have = _service(api, spec["Name"])
        if have is None:
            api.write("/services/create", body, headers=login)
            return
        _refuse_others(have["Spec"], spec)
        body = forced(body, force_of(have["Spec"]) + force)
        if not force and _is_so(api, have["Spec"], body):
            return
        version = have["Version"]["Index"]
        api.write(f"/services/{have['ID']}/update", body, headers=login, version=version, registryAuthFrom="spec")

    retry(api, change)


def _refuse_others(have: ServiceSpec, spec: ServiceSpec) -> None:
    owner, stack = stack_of(have), stack_of(spec)
    if owner != stack:
        raise StepFailed(
            f"another service {spec['Name']} exists, " + (f"of stack {owner}" if owner else "of no stack"),
            next_action="rename one of them, or remove the other",
        )


def service_remove(api: EngineClient, *, service: str) -> None:
    """Remove a service; nothing to do where there is none."""
    have = _service(api, service)
    if have is not None:
        gone(api.remove_service, have["ID"])


def stack_remove(api: EngineClient, *, stack: str, keep: Sequence[str] = ()) -> None:
    """Remove services, configs, secrets and networks of a stack, in this order. Swarm goes on in the background.

    Networks to ``keep`` are left, and configs and secrets that services of others use.
    """
    label = {"label": [of_stack(stack)]}
    for service in api.read("/services", filters=label):
        gone(api.remove_service, service["ID"])
    for config in api.read("/configs", filters=label):
        gone(api.remove_config, config["ID"], used=400)
    for secret in api.read("/secrets", filters=label):
        gone(api.remove_secret, secret["ID"], used=400)
    networks = {one["Id"]: one["Name"] for one in api.read("/networks", filters=label) if one["Name"] not in keep}
    _remove_networks(api, networks)


def stack_forget(api: EngineClient, *, stack: str) -> None:
    """Remove the records of a stack."""
    for config in api.read("/configs", filters={"label": [f"{REVISION_OF}={stack}"]}):
        gone(api.remove_config, config["ID"])


def objects_remove(api: EngineClient, *, configs: Sequence[str], secrets: Sequence[str]) -> None:
    """Remove configs and secrets by name; what a service names meanwhile stays."""
    for kind, names in (("configs", configs), ("secrets", secrets)):
        remove = api.remove_config if kind == "configs" else api.remove_secret
        for one in api.read(f"/{kind}") if names else ():
            if one["Spec"]["Name"] in names:
                gone(remove, one["ID"], used=400)


def revision_begin(
    api: EngineClient, *, records: Sequence[Record], images: Mapping[str, Answer] | None, who: str, commit: str
) -> None:
    """Write down what a roll-out is about to make of a stack. ``records``: ``Name``, ``Labels`` and ``content``.

    A record of that name, of a roll-out that nobody saw to its end, gives way.
    """
    for record in records:
        for config in api.read("/configs", filters={"name": [record["Name"]]}):
            if config["Spec"]["Name"] == record["Name"]:
                gone(api.remove_config, config["ID"])
        content = record["content"].copy()
        if images:
            content["services"] = {name: pinned(spec, images) for name, spec in content["services"].items()}
        labels = {**record["Labels"], REVISION_WHO: who, REVISION_COMMIT: commit}
        data = pack(content)
        object_create(api, kind="configs", body={"Name": record["Name"], "Labels": labels, "Data": data})


def revision_done(api: EngineClient, *, name: str) -> None:
    """Note on a record that the stack was seen to run like this."""
    _relabel(api, name, {REVISION_STATE: DONE, REVISION_ERROR: None})


def revision_failed(api: EngineClient, *, name: str, error: str) -> None:
    """Note on a record what kept the stack from running like this."""
    _relabel(api, name, {REVISION_ERROR: error})


def _relabel(api: EngineClient, name: str, labels: Mapping[str, str | None]) -> None:
    """Set labels of a record, or take them away."""

    def change() -> None:
        for config in api.read("/configs", filters={"name": [name]}):
            if config["Spec"]["Name"] == name:
                now = {**config["Spec"]["Labels"], **labels}
                spec = {**config["Spec"], "Labels": {key: value for key, value in now.items() if value is not None}}
                api.write(f"/configs/{config['ID']}/update", spec, version=config["Version"]["Index"])

    retry(api, change)


def _service(api: EngineClient, name: str) -> Service | None:
    for service in api.read("/services", filters={"name": [name]}):
        if service["Spec"]["Name"] == name:
            found: Service = service
            return found
    return None


def _ids(api: EngineClient, kind: Literal["config", "secret"], spec: ServiceSpec) -> dict[str, str]:
    """Identifiers by name, asked for only where the service uses any."""
    if not used(kind, spec):
        return {}
    return {one["Spec"]["Name"]: one["ID"] for one in api.read(f"/{kind}s")}


def _is_so(api: EngineClient, have: ServiceSpec, body: ServiceSpec) -> bool:
    """Whether a spec is so already, as after an answer that was lost: sent again it would be its own rollback target.

    Identifiers are looked up only where nothing but them differs.
    """
    if any(change.path[0] not in ("Networks", "Privileges") for change in differences(have, body, {})):
        return False
    names = {network["Id"]: network["Name"] for network in api.read("/networks")}
    names |= {config["ID"]: config["Spec"]["Name"] for config in api.read("/configs")}
    return not differences(have, body, names | _own_networks(api, unlisted(have, names)))


def _own_networks(api: EngineClient, identifiers: Collection[str]) -> dict[str, str]:
    """Names of the nodes' own networks by identifier, as far as the manager gives them."""
    names = {}
    for identifier in identifiers:
        try:
            names[identifier] = str(api.read(f"/networks/{identifier}")["Name"])
        except APIError as error:
            if error.status_code != 404:
                raise
    return names


def _login(image: str, credentials: Credentials) -> dict[str, str]:
    header = None if is_identifier(image) else credentials.header(image)
    return {"X-Registry-Auth": header.reveal()} if header else {}


def _remove_networks(api: EngineClient, names: Mapping[str, str]) -> None:
    """Remove networks, by identifier. Services that are just going still hold them for a moment; tasks that are to
    stop hold none, be their node Down or not."""
    left, refused = dict(names), dict[str, APIError]()

    def removed() -> bool:
        refused.clear()
        for identifier in left:
            try:
                gone(api.remove_network, identifier)
            except APIError as error:
                if error.status_code not in (400, 403, 409, 500):
                    raise
                refused[identifier] = error
        for identifier in left.keys() - refused:
            del left[identifier]
        return not refused

    if until(removed, seconds=10, every=0.25, pause=api.pause):
        return
    raise StepFailed(
        f"the network {', '.join(sorted(left.values()))} cannot be removed",
        cause="; ".join(_refusal(api, left[identifier], error) for identifier, error in refused.items()),
        next_action="end what uses it, be it a service of others or a container of docker run, then run this again",
    )


def _refusal(api: EngineClient, name: str, error: APIError) -> str:
    """The engine's words; where a task holds the network (a container that joined it has one, too), with its node."""
    words = str(error.explanation or error)
    found = re.search(r"in use by task (\w+)", words)
    if not found:
        return words
    try:
        task = api.read(f"/tasks/{found[1]}")
        node = api.read(f"/nodes/{task['NodeID']}")
    except (APIError, KeyError):
        return words
    return f"{name} is in use by task {found[1]} on {node['Description'].get('Hostname') or node['ID']}"
