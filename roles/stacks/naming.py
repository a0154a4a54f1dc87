"""Names of a stack's configs and secrets: by what they hold, so that what changes gets a new one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping

from roles.stacks.kinds import SECRET_NOT_COMPARED
from roles.stacks.state import Found, SwarmObjects
from skep.model import Secret, Stack
from skep.plan import Finding
from skep.swarm.labels import MARK, labels_of
from skep.swarm.objects import Object, ObjectSpec
from skep.swarm.references import Kind, Reference, references, used
from skep.swarm.spec import ServiceSpec

DIGITS = 10
"""Hexadecimal digits of a content's hash in a name."""

LONGEST = 64
"""Characters of a config's or secret's name that swarmkit takes."""


class Naming:
    """Names of configs and secrets: the one that holds the same already, else one made from the content."""

    def __init__(self, stack: Stack, found: Found, swarm: SwarmObjects | None, key: Secret) -> None:
        self._stack = stack
        self._found = found
        self._swarm = swarm or SwarmObjects()
        self._key = key
        self._used = {one.to for raw in found.services.values() for one in references(raw["Spec"])}
        self.names: dict[Reference, str] = {}
        self.findings: list[Finding] = []

    def configs(self, bodies: Mapping[str, ObjectSpec]) -> dict[str, ObjectSpec]:
        """Bodies by their final names."""
        final_bodies: dict[str, ObjectSpec] = {}
        for name, body in bodies.items():
            content = _content(body)
            have = [one for one in self._candidates(name, self._found.configs) if _content(one["Spec"]) == content]
            final = self._final("config", name, have, hashlib.sha256(content).hexdigest())
            if not have and final == name and final in self._existing(self._swarm.configs):
                self.findings.append(_fixed("config", name, ours=final in self._found.configs))
            final_bodies[final] = {**body, "Name": final}
        return final_bodies

    def secrets(self, bodies: Mapping[str, ObjectSpec], services: Mapping[str, ServiceSpec]) -> dict[str, ObjectSpec]:
        """Bodies by their final names, each with its mark. One that cannot be compared is taken as it is."""
        final_bodies: dict[str, ObjectSpec] = {}
        for name, body in bodies.items():
            mark = hmac.new(self._key.reveal().encode(), _content(body), hashlib.sha256).hexdigest()[:32]
            candidates = [(self._holds(one, mark, body), one) for one in self._candidates(name, self._found.secrets)]
            have = [one for holds, one in candidates if holds]
            unknown = [] if have else [one for holds, one in candidates if holds is None]
            final = self._final("secret", name, have or unknown, mark)
            users = [service for service, spec in services.items() if name in used("secret", spec)]
            if unknown and users:
                self.findings.append(_unknown(final, users[0], templated=bool(body.get("Templating"))))
            elif not have and not unknown and final == name and final in self._existing(self._swarm.secrets):
                self.findings.append(_fixed("secret", name, ours=final in self._found.secrets))
            final_bodies[final] = {**body, "Name": final, "Labels": {**labels_of(body), MARK: mark}}
        return final_bodies

    def _final(self, kind: Kind, name: str, have: list[Object], mark: str) -> str:
        own = name.startswith(f"{self._stack.name}_")
        final = have[0]["Spec"]["Name"] if have else f"{_base(name)}_{mark[:DIGITS]}" if own else name
        self.names[Reference(kind, name)] = final
        return final

    def _candidates(self, name: str, existing: Mapping[str, Object]) -> Iterator[Object]:
        """Objects that may hold the content already: those that services use now first, then by name."""
        ours = re.compile(rf"{re.escape(name)}|{re.escape(_base(name))}_[0-9a-f]{{{DIGITS}}}")
        fits = [one for full, one in existing.items() if ours.fullmatch(full)]
        yield from sorted(fits, key=lambda one: (one["Spec"]["Name"] not in self._used, one["Spec"]["Name"]))

    def _holds(self, secret: Object, mark: str, body: ObjectSpec) -> bool | None:
        """Whether an object holds the content, by its mark; where Docker's CLI made it, by its driver, else by what
        tasks have mounted. ``None`` where it
        cannot be compared: no task that runs has it mounted, or what tasks see is made from a template."""
        labels = labels_of(secret["Spec"])
        if MARK in labels:
            return labels[MARK] == mark
        observed = secret["Spec"].copy()
        if "Data" in body:
            observed["Data"] = body["Data"]
        if _content(observed) != _content(body):
            return False
        if body.get("Driver"):
            return True  # it has no data here; where it is and what it is called there is all compared
        mounted = None if body.get("Templating") else self._swarm.mounted.get(secret["ID"])
        return None if mounted is None else mounted == hashlib.sha256(_data(body)).hexdigest()

    @staticmethod
    def _existing(objects: tuple[Object, ...]) -> set[str]:
        return {one["Spec"]["Name"] for one in objects}


def _base(name: str) -> str:
    """The part of a name before the hash of its content; cut where the whole name would be too long."""
    return name[: LONGEST - DIGITS - 1]


def _content(body: ObjectSpec) -> bytes:
    """What makes one config or secret another: data, driver, templating and labels."""
    labels = {key: value for key, value in labels_of(body).items() if key != MARK}
    return json.dumps([body.get("Data"), body.get("Driver"), body.get("Templating"), labels], sort_keys=True).encode()


def _data(body: ObjectSpec) -> bytes:
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
    """A warning: nobody can say whether the file or the secret is newer, so the secret stays."""
    why = "it is a template" if templated else f"no running task of {service} was seen that has it mounted"
    compare = "" if templated else "it is compared once such a task runs on a host that answers; "
    return Finding(
        "warning",
        f"secret {name} was not compared with its file, and stays as it is: {why}",
        role="stacks",
        kind=SECRET_NOT_COMPARED,
        next_action=f"{compare}to have it made anew, give it another name in the compose file",
    )
