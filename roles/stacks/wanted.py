"""What a stack is to be: specs from its compose files, a revision, or what runs with something changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from roles.stacks.state import Found, Raw, Told
from skep.compose import ComposeError, Document, Specs, convert, document_of
from skep.model import Cluster, Secret, Stack
from skep.plan import Finding
from skep.swarm.labels import MARK, labels_of
from skep.swarm.revision import Revision

KEEP = 5
"""Revisions that can be gone back to, where nobody says another number."""

DIGITS = 10
"""Hexadecimal digits of a content's hash in a name."""

LONGEST = 64
"""Characters of a config's or secret's name that swarmkit takes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Services by full name, their specs with names in place of identifiers; bodies of what they use.

    ``hooks`` maps services to ``before`` or ``after``; ``waves`` are services in the order they are to come. ``keep``
    revisions stay within reach, all of them where nobody here knows how many. ``spared`` are services that stay as they
    are, whatever else goes. ``pinned``: images are digests already,
    and nothing is asked of a registry. ``hidden`` are texts not to show.
    """

    services: Mapping[str, Raw] = field(default_factory=dict)
    networks: Mapping[str, Raw] = field(default_factory=dict)
    configs: Mapping[str, Raw] = field(default_factory=dict)
    secrets: Mapping[str, Raw] = field(default_factory=dict)
    outside: Outside = field(default_factory=lambda: Outside())
    hooks: Mapping[str, str] = field(default_factory=dict)
    waves: tuple[tuple[str, ...], ...] = ()
    pinned: bool = False
    prune: bool = False
    spared: frozenset[str] = frozenset()
    number: int | None = None
    """The revision, where it is one."""
    keep: int | None = None
    hidden: frozenset[str] = frozenset()
    document: Document | None = None
    specs: Specs | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Outside:
    """Names of what the stack uses and does not own."""

    networks: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def from_compose(cluster: Cluster, stack: Stack, found: Found, told: Told | None) -> Wanted:
    """From the compose files; configs and secrets named by what they hold. Raises ``ComposeError``."""
    document = document_of(stack, told.facts if told else None)
    options = document.options
    specs = convert(document, stack.name)
    naming = _Naming(stack, found, told, (told.key if told else None) or cluster.nonce)
    configs = naming.configs(specs.configs)
    secrets = naming.secrets(specs.secrets, specs.services)
    services = {name: _renamed(spec, naming.names) for name, spec in specs.services.items()}
    used = [used_by(spec) for spec in services.values()]
    return Wanted(
        services=services,
        networks=specs.networks,
        configs=configs,
        secrets=secrets,
        outside=Outside(
            specs.external_networks,
            tuple(sorted({name for one in used for name in one[0]} - set(configs))),
            tuple(sorted({name for one in used for name in one[1]} - set(secrets))),
        ),
        hooks={f"{stack.name}_{name}": when for name, when in options.hooks.items()},
        waves=tuple(
            tuple(f"{stack.name}_{name}" for name in wave if name not in options.hooks) for wave in options.order
        ),
        prune=stack.rollout.prune or bool(options.prune),
        keep=stack.keep or options.keep or KEEP,
        hidden=document.hidden,
        document=document,
        specs=specs,
        findings=tuple(naming.findings),
    )


def from_revision(stack: Stack, revision: Revision, found: Found) -> Wanted:
    """A recorded revision: everything as it was, services that came later go. Hooks stay as they are and do not run:
    what they did to data is not undone by doing it again."""
    content = revision.content
    hooks = {**hooks_of(found), **(content.get("hooks") or {})}
    return Wanted(
        services={name: spec for name, spec in content["services"].items() if name not in hooks},
        networks=content["networks"],
        hooks=hooks,
        spared=frozenset(hooks),
        number=revision.number,
        outside=Outside(configs=tuple(content["configs"]), secrets=tuple(content["secrets"])),
        pinned=True,
        prune=True,
        keep=_kept(stack),
    )


def from_found(stack: Stack, found: Found, told: Told) -> Wanted:
    """What runs now, as if it were asked for; hooks as the last revision has them."""
    names = told.names
    services = {name: named(raw["Spec"], names) for name, raw in found.services.items()}
    hooks = {name: when for name, when in hooks_of(found).items() if name in services}
    return Wanted(services=services, hooks=hooks, pinned=True, keep=_kept(stack))


def refreshed(stack: Stack, found: Found, told: Told, files: Wanted) -> Wanted:
    """What runs now with its images by the tags that the compose files name, so that they are looked up again."""
    now = from_found(stack, found, told)
    services = {
        name: _with_image(spec, image_of(files.services[name]))
        for name, spec in now.services.items()
        if name in files.services and same_image(files.services[name], spec)
    }
    hooks = {name: when for name, when in files.hooks.items() if name in now.services}
    return replace(
        now,
        services=services,
        spared=frozenset(now.services) - frozenset(services),
        hooks=hooks,
        waves=files.waves,
        pinned=False,
        hidden=files.hidden,
    )


def hooks_of(found: Found) -> Mapping[str, str]:
    """The hooks as the last revision has them."""
    return (found.revisions[-1].content.get("hooks") or {}) if found.revisions else {}


def _with_image(spec: Raw, image: str) -> dict[str, Any]:
    template = spec["TaskTemplate"]
    return {**spec, "TaskTemplate": {**template, "ContainerSpec": {**template["ContainerSpec"], "Image": image}}}


def _kept(stack: Stack) -> int | None:
    """How many revisions stay, as the inventory says, else the compose files; ``None`` where neither can be read."""
    if stack.keep:
        return stack.keep
    try:
        return (document_of(stack).options.keep or KEEP) if stack.compose else None
    except ComposeError:
        return None


def network_body(raw: Raw) -> dict[str, Any]:
    """What would make an observed network again."""
    ipam = raw.get("IPAM") or {}
    asked = [pool for pool in ipam.get("Config") or () if pool.get("Subnet")]
    driver = {"Driver": ipam["Driver"]} if ipam.get("Driver", "default") not in ("", "default") else {}
    options = {key: value for key, value in (raw.get("Options") or {}).items() if not key.endswith("vxlanid_list")}
    body = {key: raw.get(key) for key in ("Name", "Driver", "Internal", "Attachable", "Labels")}
    body |= {"EnableIPv6": True} if raw.get("EnableIPv6") else {}
    body |= {"Options": options} if options else {}
    return body | ({"IPAM": {**driver, "Config": asked}} if asked or driver else {})


def named(spec: Raw, names: Mapping[str, str]) -> dict[str, Any]:
    """An observed spec with names in place of identifiers, as it could be sent again."""
    template = dict(spec["TaskTemplate"])
    if template.get("Networks"):
        template["Networks"] = [
            {**target, "Target": names.get(target["Target"], target["Target"])} for target in template["Networks"]
        ]
    container = dict(template.get("ContainerSpec") or {})
    for key, what in (("Configs", "ConfigID"), ("Secrets", "SecretID")):
        if container.get(key):
            container[key] = [{name: value for name, value in one.items() if name != what} for one in container[key]]
    credentials = (container.get("Privileges") or {}).get("CredentialSpec") or {}
    if credentials.get("Config"):
        config = names.get(credentials["Config"], credentials["Config"])
        container["Privileges"] = {**container["Privileges"], "CredentialSpec": {**credentials, "Config": config}}
    return {**spec, "TaskTemplate": {**template, "ContainerSpec": container}}


def inherited(spec: Raw, have: Raw | None, image: str | None, platforms: list[Raw], *, pinned: bool) -> dict[str, Any]:
    """A spec with what a roll-out does not decide: the digest and platforms of its image, and ``ForceUpdate``.

    ``image`` is the resolved image; without one the observed digest stays as long as the image is the same, unless
    the spec is ``pinned`` to one already.
    """
    template = dict(spec["TaskTemplate"])
    container = dict(template["ContainerSpec"])
    placement = dict(template.get("Placement") or {})
    old = (have or {}).get("TaskTemplate") or {}
    if image:
        container["Image"] = image
        placement |= {"Platforms": platforms} if platforms else {}
    elif have is not None and not pinned and same_image(spec, have):
        container["Image"] = old["ContainerSpec"]["Image"]
        told = (old.get("Placement") or {}).get("Platforms")
        placement |= {"Platforms": told} if told and "Platforms" not in placement else {}
    template |= {"ContainerSpec": container, "ForceUpdate": old.get("ForceUpdate", 0)}
    if placement:
        template["Placement"] = placement
    return {**spec, "TaskTemplate": template}


def image_of(spec: Raw) -> str:
    """The image of a spec, with its digest where it has one."""
    return str(spec["TaskTemplate"]["ContainerSpec"]["Image"])


def same_image(spec: Raw, have: Raw) -> bool:
    """Whether the image asked for is the one that runs, the digest of which nobody asked for."""
    return image_of(have).partition("@")[0] == image_of(spec) or image_of(have) == image_of(spec)


class _Naming:
    """Names of configs and secrets: the one that holds the same already, else one made from the content."""

    def __init__(self, stack: Stack, found: Found, told: Told | None, key: Secret) -> None:
        self._stack = stack
        self._found = found
        self._told = told or Told()
        self._key = key
        self._used = {used for raw in found.services.values() for part in used_by(raw["Spec"]) for used in part}
        self.names: dict[tuple[str, str], str] = {}
        self.findings: list[Finding] = []

    def configs(self, bodies: Mapping[str, Raw]) -> dict[str, Raw]:
        """Bodies by their final names."""
        named: dict[str, Raw] = {}
        for name, body in bodies.items():
            content = _content(body)
            have = [one for one in self._candidates(name, self._found.configs) if _content(one["Spec"]) == content]
            final = self._final("Config", name, have, hashlib.sha256(content).hexdigest())
            if not have and final == name and final in self._existing(self._told.configs):
                self.findings.append(_fixed("config", name, ours=final in self._found.configs))
            named[final] = {**body, "Name": final}
        return named

    def secrets(self, bodies: Mapping[str, Raw], services: Mapping[str, Raw]) -> dict[str, Raw]:
        """Bodies by their final names, each with its mark. One that cannot be compared is taken as it is."""
        named: dict[str, Raw] = {}
        for name, body in bodies.items():
            mark = hmac.new(self._key.reveal().encode(), _content(body), hashlib.sha256).hexdigest()[:32]
            candidates = [(self._holds(one, mark, body), one) for one in self._candidates(name, self._found.secrets)]
            have = [one for holds, one in candidates if holds]
            unknown = [] if have else [one for holds, one in candidates if holds is None]
            final = self._final("Secret", name, have or unknown, mark)
            users = [service for service, spec in services.items() if name in used_by(spec)[1]]
            if unknown and users:
                self.findings.append(_unknown(final, users[0], templated=bool(body.get("Templating"))))
            elif not have and not unknown and final == name and final in self._existing(self._told.secrets):
                self.findings.append(_fixed("secret", name, ours=final in self._found.secrets))
            named[final] = {**body, "Name": final, "Labels": {**body["Labels"], MARK: mark}}
        return named

    def _final(self, what: str, name: str, have: list[Raw], mark: str) -> str:
        own = name.startswith(f"{self._stack.name}_")
        final = have[0]["Spec"]["Name"] if have else f"{_base(name)}_{mark[:DIGITS]}" if own else name
        self.names[what, name] = str(final)
        return str(final)

    def _candidates(self, name: str, existing: Mapping[str, Raw]) -> Iterator[Raw]:
        """What may hold the content already, what services use now first, then by name."""
        ours = re.compile(rf"{re.escape(name)}|{re.escape(_base(name))}_[0-9a-f]{{{DIGITS}}}")
        fits = [one for full, one in existing.items() if ours.fullmatch(full)]
        yield from sorted(fits, key=lambda one: (one["Spec"]["Name"] not in self._used, one["Spec"]["Name"]))

    def _holds(self, secret: Raw, mark: str, body: Raw) -> bool | None:
        """By its mark; where Docker's CLI made it, by its driver, else by what tasks have mounted. ``None`` where it
        cannot be compared: no task that runs has it mounted, or what tasks see is made from a template."""
        labels = labels_of(secret["Spec"])
        if MARK in labels:
            return bool(labels[MARK] == mark)
        plain = {**body, "Labels": dict(body["Labels"])}
        if _content({**secret["Spec"], "Data": plain.get("Data")}) != _content(plain):
            return False
        if plain.get("Driver"):
            return True  # it has no data here; where it is and what it is called there is all compared
        mounted = None if plain.get("Templating") else self._told.mounted.get(secret["ID"])
        return None if mounted is None else mounted == hashlib.sha256(_data(plain)).hexdigest()

    @staticmethod
    def _existing(objects: tuple[Raw, ...]) -> set[str]:
        return {one["Spec"]["Name"] for one in objects}


def _base(name: str) -> str:
    """The part of a name that its content's hash comes behind; cut where the whole would be too long."""
    return name[: LONGEST - DIGITS - 1]


def _content(body: Raw) -> bytes:
    """What makes one config or secret another: data, driver, templating and labels."""
    labels = {key: value for key, value in labels_of(body).items() if key != MARK}
    return json.dumps([body.get("Data"), body.get("Driver"), body.get("Templating"), labels], sort_keys=True).encode()


def _data(body: Raw) -> bytes:
    return base64.b64decode(body.get("Data") or "")


def _fixed(what: str, name: str, *, ours: bool) -> Finding:
    another = "give it another `name:`, or none: then its name follows its content"
    if not ours:
        return Finding(
            "error",
            f"{what} {name} exists already and is not the stack's",
            role="stacks",
            next_action=f"use it as it is, with `external: true`; or {another}",
        )
    return Finding(
        "error",
        f"{what} {name} exists with other content, and a {what} cannot be changed",
        role="stacks",
        next_action=another,
    )


def _unknown(name: str, service: str, *, templated: bool) -> Finding:
    """Neither the file nor the secret can be said to be newer: it stays, and that is said."""
    why = "it is a template" if templated else f"no running task of {service} was seen that has it mounted"
    compare = "" if templated else "it is compared once such a task runs on a host that answers; "
    return Finding(
        "warning",
        f"secret {name} was not compared with its file, and stays as it is: {why}",
        role="stacks",
        next_action=f"{compare}to have it made anew, give it another name in the compose file",
    )


def used_by(spec: Raw) -> tuple[set[str], set[str]]:
    """Names of configs and of secrets a service uses."""
    container = spec["TaskTemplate"].get("ContainerSpec") or {}
    return (
        {one["ConfigName"] for one in container.get("Configs") or ()},
        {one["SecretName"] for one in container.get("Secrets") or ()},
    )


def _renamed(spec: Raw, names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The spec with final names of configs and secrets."""
    template = dict(spec["TaskTemplate"])
    container = dict(template["ContainerSpec"])
    for key, what in (("Configs", "Config"), ("Secrets", "Secret")):
        if key in container:
            field_name = f"{what}Name"
            container[key] = [
                {**one, field_name: names.get((what, one[field_name]), one[field_name])} for one in container[key]
            ]
    credentials = (container.get("Privileges") or {}).get("CredentialSpec") or {}
    if credentials.get("Config"):
        config = names.get(("Config", credentials["Config"]), credentials["Config"])
        container["Privileges"] = {**container["Privileges"], "CredentialSpec": {**credentials, "Config": config}}
    return {**spec, "TaskTemplate": {**template, "ContainerSpec": container}}
