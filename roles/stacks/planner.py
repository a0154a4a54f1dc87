"""Steps that bring one stack from what there is to what is wanted; each touches only what differs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roles.stacks.state import KEY, Found, Raw, Told
from roles.stacks.wanted import Wanted, image_of, inherited, named, same_image, used_by
from skep import revisions
from skep.compose import pinned
from skep.compose.comparing import comparable, differences, replaces_tasks, short
from skep.diff import Change
from skep.model import Cluster, Secret, Stack
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.revisions import Revision, last_done

LOGIN = Ref("registry-logins")
SHOWN_WHOLE = ("Image", "Mode", "Ports", "Networks", "Constraints", "Configs", "Secrets")
"""Sections of a new service that the plan shows."""
SENSITIVE = ("pass", "secret", "token", "key", "credential", "auth", "private")
"""Words in a variable's name that make the plan keep its values to itself."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A service that is to be created (``have`` is ``None``) or changed, with the spec to send."""

    name: str
    spec: Raw
    have: Raw | None
    changes: tuple[Change, ...]
    hook: str | None = None

    @property
    def in_place(self) -> bool:
        """Whether its tasks stay as they are."""
        return self.have is not None and not replaces_tasks(self.changes)


class Planner:
    """The plan of one stack. ``told`` is ``None`` while nobody can tell what the swarm holds."""

    def __init__(self, cluster: Cluster, stack: Stack, wanted: Wanted, told: Told | None, cause: str) -> None:
        self.cluster = cluster
        self.stack = stack
        self.name = stack.name
        self.wanted = wanted
        self.told = told or Told()
        self.blind = told is None
        self.found = self.told.of(stack.name)
        self.cause = cause
        self.differing = [d for d in map(self._differing, sorted(wanted.services)) if d is not None]
        self.surplus = sorted(set(self.found.services) - set(wanted.services))

    def steps(self) -> list[Step | Finding]:
        """Everything; nothing at all where the stack is as wanted."""
        made = [*self._networks(), *self._objects("configs"), *self._objects("secrets")]
        gone = self.surplus if self.wanted.prune else []
        ordinary = [d for d in self.differing if not d.hook]
        changed = bool(made or gone or self.differing)
        steps: list[Step | Finding] = list(self._findings())
        if not changed:
            return steps + self._unfinished()
        begin = self._begin(gone)
        resolve = self._resolve()
        ready = tuple(step.id for step in (*resolve, begin, *made))
        before = list(self._hooks("before", ready))
        ready += tuple(step.id for step in before)
        writes = list(self._writes(ordinary, ready))
        steps += [*resolve, begin, *made, *before, *writes]
        steps.append(self._running(tuple(step.id for step in writes) or ready))
        after = list(self._hooks("after", (f"stacks/running:{self.name}",)))
        settled = (f"stacks/running:{self.name}", *(step.id for step in after))
        pruned = [
            Call(
                id=f"stacks/prune:{name}",
                title=f"remove service {name}",
                cause="not in the compose files" if self.wanted.document else self.cause,
                operation="service_remove",
                arguments={"service": name},
                needs=settled,
            )
            for name in gone
        ]
        steps += [*after, *pruned]
        steps += self._finish((*settled, *(step.id for step in pruned)), begin)
        return steps

    # what differs

    def _differing(self, name: str) -> Difference | None:
        spec, raw = self.wanted.services[name], self.found.services.get(name)
        have = named(raw["Spec"], self.told.names) if raw else None
        image, platforms = self._resolved(spec, have)
        full = dict(spec) if self.wanted.pinned else inherited(spec, have, image, platforms)
        if self.wanted.pinned:
            full = _with_force(full, have)
        changes = tuple(differences(have or {}, full, self.told.names)) if have else ()
        hook = self.wanted.hooks.get(name)
        restart = name in self.stack.rollout.restart
        if have is not None and not changes and not restart:
            return None
        return Difference(name, full, have, changes, hook)

    def _resolved(self, spec: Raw, have: Raw | None) -> tuple[str | None, list[Raw]]:
        """The pinned image and its platforms, where that was asked for and is to be used."""
        answer = self.told.images.get(image_of(spec))
        refresh = self.stack.rollout.resolve == "refresh"
        if not isinstance(answer, Mapping) or (have is not None and same_image(spec, have) and not refresh):
            return None, []
        full = pinned(spec, {image_of(spec): answer})
        return image_of(full), list((full["TaskTemplate"].get("Placement") or {}).get("Platforms") or [])

    def inquired(self) -> list[str]:
        """Images whose registries are to be asked while planning."""
        if self.wanted.pinned or self.stack.rollout.resolve == "never":
            return []
        if self.stack.rollout.resolve == "new":
            return self.unresolved()
        return sorted({image_of(spec) for spec in self.wanted.services.values() if "@" not in image_of(spec)})

    def unresolved(self) -> list[str]:
        """Images that are new here and not digests yet."""
        if self.wanted.pinned or self.stack.rollout.resolve == "never":
            return []
        asked = set()
        for difference in self.differing:
            image = image_of(self.wanted.services[difference.name])
            new = difference.have is None or not same_image(self.wanted.services[difference.name], difference.have)
            if new and "@" not in image_of(difference.spec):
                asked.add(image)
        return sorted(asked)

    # findings

    def _findings(self) -> Iterator[Finding]:
        yield from self.wanted.findings
        for text in self.wanted.document.warnings if self.wanted.document else ():
            yield Finding("warning", text, role="stacks", standing=True)
        if self.surplus and not self.wanted.prune:
            names = ", ".join(self.surplus)
            yield Finding(
                "warning",
                f"stack {self.name}: {names} {'is' if len(self.surplus) == 1 else 'are'} in the swarm and not in the"
                " compose files",
                role="stacks",
                next_action=f"invoke stack.deploy {self.name} --prune removes what is not in them",
            )
        if not self.blind:
            yield from self._missing()
            yield from self._images()
        for name, body in self.wanted.networks.items():
            have = self.found.networks.get(name)
            drift = _network_drift(have, body) if have else []
            if drift:
                yield Finding(
                    "warning",
                    f"network {name} differs ({'; '.join(map(str, drift))}); a network cannot be changed in place",
                    role="stacks",
                    next_action=f"take the stack down and deploy it again: invoke stack.rm {self.name}",
                )

    def _missing(self) -> Iterator[Finding]:
        """What the stack uses and nobody made."""
        outside, told = self.wanted.outside, self.told
        planned = {network.name for network in self.cluster.networks}
        present = {network["Name"] for network in told.networks} | planned | {"host", "bridge", "none", "nat"}
        for kind, names, have in (
            ("network", outside.networks, present),
            ("config", outside.configs, {one["Spec"]["Name"] for one in told.configs}),
            ("secret", outside.secrets, {one["Spec"]["Name"] for one in told.secrets}),
        ):
            for name in names:
                if name not in have:
                    yield Finding(
                        "error",
                        f"stack {self.name} uses the {kind} {name}, which is not in the swarm",
                        role="stacks",
                        next_action=f"make it first: docker {kind} create"
                        + (", or under networks: in the inventory" if kind == "network" else ""),
                    )

    def _images(self) -> Iterator[Finding]:
        """Images that do not resolve, and tags that have moved since they were deployed."""
        rollout = self.stack.rollout
        unresolved = self.unresolved()
        for image, answer in sorted(self.told.images.items()):
            if isinstance(answer, str) and (image in unresolved or rollout.resolve == "refresh"):
                yield Finding(
                    "error",
                    f"stack {self.name}: the image {image} does not resolve: {answer}",
                    role="stacks",
                    next_action="mend its name or the registry's credentials; --no-resolve deploys without a digest",
                )
        for name, spec in self.wanted.services.items() if rollout.resolve == "all" else ():
            raw = self.found.services.get(name)
            moved = self.told.images.get(image_of(spec))
            if raw is None or not isinstance(moved, Mapping) or not same_image(spec, raw["Spec"]):
                continue
            now = image_of(pinned(spec, {image_of(spec): moved}))
            if now != image_of(raw["Spec"]):
                yield Finding(
                    "note",
                    f"service {name} runs {short(image_of(raw['Spec']))}, and {image_of(spec)} is"
                    f" {short(now).partition('@')[2]} now",
                    role="stacks",
                    next_action=f"roll it out: invoke stack.refresh {self.name}",
                )

    # steps

    def _call(self, action: str, name: str, title: str, cause: str, operation: str, **more: Any) -> Call:
        return Call(
            id=f"stacks/{action}:{name}",
            title=title,
            cause=cause,
            operation=operation,
            needs=(*more.pop("needs", ()), "swarm/init", "networks"),
            after=("engine", "daemon", "swarm"),
            only_with="swarm/init" if self.blind else None,
            **more,
        )

    def _resolve(self) -> list[Step]:
        """Where no manager could be asked while planning, images are resolved first of all."""
        images = self.unresolved() if self.blind else []
        if not images:
            return []
        return [
            self._call(
                "resolve", self.name, f"resolve {len(images)} images to digests", "they are pinned", "images_resolve",
                arguments={"images": images, "credentials": LOGIN}, detail=tuple(images),
            )
        ]  # fmt: skip

    def _begin(self, gone: Sequence[str]) -> Step:
        records = []
        past = self.found.revisions
        number = past[-1].number + 1 if past else 1
        if not last_done(past) and self.found.services:
            before = {name: named(raw["Spec"], self.told.names) for name, raw in self.found.services.items()}
            records.append(self._record(number, before, "as found", done=True))
            number += 1
        services = {name: self.wanted.services[name] for name in self.wanted.services}
        services |= {difference.name: difference.spec for difference in self.differing}
        if not self.wanted.prune:
            services |= {n: named(self.found.services[n]["Spec"], self.told.names) for n in self.surplus}
        kept = self.found.services
        for name in set(services) & set(kept) - {difference.name for difference in self.differing}:
            services[name] = named(kept[name]["Spec"], self.told.names)
        records.append(self._record(number, services, self.cause, done=False, lines=self._summary(gone)))
        images = Ref(f"result@stacks/resolve:{self.name}") if self._resolve() else None
        return self._call(
            "begin", self.name, f"write down revision {number} of stack {self.name}", self.cause, "revision_begin",
            arguments={"records": records, "images": images, "who": Ref("author"), "commit": Ref("commit")},
            needs=tuple(step.id for step in self._resolve()),
        )  # fmt: skip

    def _record(
        self, number: int, services: Mapping[str, Raw], cause: str, *, done: bool, lines: Sequence[str] = ()
    ) -> dict[str, Any]:
        used = [used_by(spec) for spec in services.values()]
        content = {
            "services": dict(services),
            "networks": dict(self.wanted.networks),
            "configs": sorted({name for one in used for name in one[0]} | set(self.wanted.configs)),
            "secrets": sorted({name for one in used for name in one[1]} | set(self.wanted.secrets)),
            "hooks": dict(self.wanted.hooks),
            "changes": list(lines),
        }
        return {
            "Name": f"skep.{self.name}.{number}",
            "Labels": {
                revisions.STACK: self.name,
                revisions.NUMBER: str(number),
                revisions.STATE: revisions.DONE if done else revisions.BEGUN,
                "skep.cause": cause,
            },
            "content": content,
        }

    def _networks(self) -> list[Step]:
        return [
            self._call(
                "network", name, f"create network {name}", "missing", "network_create",
                arguments={"body": dict(body)}, needs=(f"stacks/begin:{self.name}",),
            )
            for name, body in self.wanted.networks.items()
            if name not in self.found.networks
        ]  # fmt: skip

    def _objects(self, kind: str) -> list[Step]:
        """Configs and secrets that hold something new; and the key, where the first secret is made."""
        bodies = self.wanted.configs if kind == "configs" else self.wanted.secrets
        existing = {one["Spec"]["Name"] for one in (self.told.configs if kind == "configs" else self.told.secrets)}
        what = kind[:-1]
        return [
            self._call(
                what, name, f"create {what} {name}", "its content is new", "object_create",
                arguments={"kind": kind, "body": _sealed(body)}, needs=(f"stacks/begin:{self.name}", "stacks/key:skep"),
            )
            for name, body in sorted(bodies.items())
            if name not in existing
        ]  # fmt: skip

    def _writes(self, ordinary: Sequence[Difference], ready: tuple[str, ...]) -> Iterator[Step]:
        """Services side by side, or in waves, each behind the health of the one before."""
        gate = ready
        for number, wave in enumerate(self.wanted.waves or (tuple(d.name for d in ordinary),)):
            writes = [self._write(d, gate) for d in ordinary if d.name in wave]
            yield from writes
            if writes and self.wanted.waves and number < len(self.wanted.waves) - 1:
                wait = self._wait(f"{self.name}/{number + 1}", [d.name for d in ordinary if d.name in wave], writes)
                yield wait
                gate = (wait.id,)

    def _write(self, difference: Difference, needs: tuple[str, ...]) -> Step:
        new = difference.have is None
        restart = difference.name in self.stack.rollout.restart
        how = "" if new else " (in place)" if difference.in_place and not restart else " (its tasks are replaced)"
        title = f"{'create' if new else 'update'} service {difference.name}{how}"
        images = Ref(f"result@stacks/resolve:{self.name}") if self._resolve() else None
        return self._call(
            "create" if new else "restart" if restart and not difference.changes else "update",
            difference.name,
            title,
            "missing" if new else self.cause,
            "service_write",
            arguments={
                "spec": difference.spec,
                "images": images,
                "force": restart or bool(difference.hook),
                "credentials": LOGIN,
            },
            detail=tuple(self._lines(difference)),
            needs=needs,
        )

    def _hooks(self, when: str, needs: tuple[str, ...]) -> Iterator[Step]:
        """One-shot jobs around the roll-out, one after the other; they run whenever anything changes."""
        changed = {difference.name: difference for difference in self.differing}
        for name in sorted(name for name, hook in self.wanted.hooks.items() if hook == when):
            raw = self.found.services.get(name)
            have = named(raw["Spec"], self.told.names) if raw else None
            difference = changed.get(name) or Difference(
                name, inherited(self.wanted.services[name], have, None, []), have, (), when
            )
            write = self._write(difference, needs)
            yield write
            wait = self._wait(name, [name], [write])
            yield wait
            needs = (*needs, wait.id)

    def _wait(self, label: str, services: Sequence[str], writes: Sequence[Step]) -> Step:
        return Wait(
            id=f"stacks/ready:{label}",
            title=f"wait until {', '.join(services)} {'is' if len(services) == 1 else 'are'} as wanted",
            cause="what comes next waits for it",
            condition="stack_running",
            arguments={"stack": self.name, "services": list(services)},
            needs=tuple(step.id for step in writes),
            timeout=self.stack.timeout,
        )

    def _running(self, needs: tuple[str, ...]) -> Step:
        services = sorted(set(self.wanted.services) - set(self.wanted.hooks))
        return Wait(
            id=f"stacks/running:{self.name}",
            title=f"wait until stack {self.name} runs as wanted",
            cause="deployed",
            condition="stack_running",
            arguments={"stack": self.name, "services": services},
            needs=needs,
            timeout=self.stack.timeout,
        )

    def _unfinished(self) -> list[Step | Finding]:
        """A roll-out whose end nobody saw is seen to its end."""
        last: Revision | None = self.found.revisions[-1] if self.found.revisions else None
        if last is None or last.done or not is_what_runs(last.content["services"], self.found, self.told):
            return []
        running = self._running(())
        return [running, _done(last.name, (running.id,))]

    def _finish(self, needs: tuple[str, ...], begin: Step) -> list[Step]:
        assert isinstance(begin, Call)
        record = begin.arguments["records"][-1]
        steps = [_done(record["Name"], needs)]
        configs, secrets = self._garbage(record["content"])
        if configs or secrets:
            steps.append(
                Call(
                    id=f"stacks/collect:{self.name}",
                    title=f"remove what no revision of stack {self.name} needs any more",
                    cause="nothing names it",
                    operation="objects_remove",
                    arguments={"configs": configs, "secrets": secrets},
                    detail=(*(f"config {name}" for name in configs), *(f"secret {name}" for name in secrets)),
                    needs=(steps[0].id,),
                )
            )
        return steps

    def _garbage(self, newest: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Configs and secrets of the stack that no spec, no rollback target and no kept revision names; and records
        beyond those kept."""
        keep = self.stack.keep
        kept = [revision for revision in self.found.revisions if revision.done][-keep:]
        contents = [newest, *(revision.content for revision in kept)]
        configs = {name for content in contents for name in content["configs"]}
        secrets = {name for content in contents for name in content["secrets"]}
        for raw in self.told.services:
            for spec in (raw["Spec"], raw.get("PreviousSpec")):
                if spec:
                    used = used_by(named(spec, self.told.names))
                    configs |= used[0]
                    secrets |= used[1]
        old = [revision.name for revision in self.found.revisions if revision not in kept]
        surplus = [name for name in self.found.configs if name not in configs]
        return sorted([*surplus, *old]), sorted(name for name in self.found.secrets if name not in secrets)

    # text

    def _lines(self, difference: Difference) -> Iterator[str]:
        if difference.have is None:
            sections = comparable(difference.spec, self.told.names)
            for key in SHOWN_WHOLE:
                if key in sections:
                    yield f"{key}: {_whole(key, sections[key])}"
            return
        for change in difference.changes:
            yield str(self._masked(change))
        if difference.name in self.stack.rollout.restart:
            yield "ForceUpdate: tasks are replaced one after the other"

    def _masked(self, change: Change) -> Change:
        """Images short; values of secrets, and of variables that sound like secrets, as stars."""
        if change.path == ("Image",):
            return Change(change.path, *(short(value) if value else None for value in (change.old, change.new)))
        hidden = change.path[0] == "Env" and any(word in change.path[-1].lower() for word in SENSITIVE)
        texts = [json.dumps(value, default=str) for value in (change.old, change.new) if value is not None]
        if hidden or any(secret and secret in text for secret in self.wanted.hidden for text in texts):
            return Change(change.path, *("***" if value is not None else None for value in (change.old, change.new)))
        return change

    def _summary(self, gone: Sequence[str]) -> list[str]:
        """The changes as history tells them, at most fifty lines."""
        found: list[str] = []
        for difference in self.differing:
            told = ["created"] if difference.have is None else map(str, map(self._masked, difference.changes))
            found += [f"{difference.name}: {line}" for line in list(told) or ["restarted"]]
        return [*found, *(f"{name}: removed" for name in gone)][:50]


def is_what_runs(services: Mapping[str, Raw], found: Found, told: Told) -> bool:
    """Whether the services there are exactly these."""
    if set(services) != set(found.services):
        return False
    return not any(
        differences(named(raw["Spec"], told.names), services[name], told.names) for name, raw in found.services.items()
    )


def key_step(cluster: Cluster, only_with: str | None) -> Step:
    """The key of secrets' marks, made with the first secret."""
    return Call(
        id="stacks/key:skep",
        title="make the key for the names of secrets",
        cause="there is none yet",
        operation="object_create",
        arguments={
            "kind": "configs",
            "body": {"Name": KEY, "Labels": {KEY: "1"}, "Data": _encoded(cluster.nonce)},
        },
        only_with=only_with,
        needs=("swarm/init",),
        after=("engine", "daemon", "swarm"),
    )


def _done(name: str, needs: tuple[str, ...]) -> Step:
    stack, _, number = name.removeprefix("skep.").rpartition(".")
    return Call(
        id=f"stacks/done:{stack}",
        title=f"note that revision {number} of stack {stack} runs",
        cause="seen to run",
        operation="revision_done",
        arguments={"name": name},
        needs=needs,
    )


def _network_drift(have: Raw, body: Raw) -> list[Change]:
    pairs = [("Driver", "overlay"), ("Internal", False), ("Attachable", False)]
    drift = [
        Change((key,), have.get(key), body.get(key, default))
        for key, default in pairs
        if have.get(key) != body.get(key, default)
    ]
    subnets = [pool.get("Subnet") for pool in (body.get("IPAM") or {}).get("Config") or ()]
    told = [pool.get("Subnet") for pool in (have.get("IPAM") or {}).get("Config") or ()]
    return drift + ([Change(("Subnet",), told, subnets)] if subnets and subnets != told else [])


def _with_force(spec: Raw, have: Raw | None) -> dict[str, Any]:
    force = ((have or {}).get("TaskTemplate") or {}).get("ForceUpdate", 0)
    return {**spec, "TaskTemplate": {**spec["TaskTemplate"], "ForceUpdate": force}}


def _sealed(body: Raw) -> dict[str, Any]:
    return {**body, "Data": Secret(body["Data"])} if "Data" in body else dict(body)


def _encoded(text: Secret) -> Secret:
    return Secret(base64.b64encode(text.reveal().encode()).decode())


def _whole(key: str, value: Any) -> str:
    if key == "Image":
        return short(value)
    if key == "Mode":
        return " ".join(map(str, value.values()))
    return ", ".join(value) if isinstance(value, Mapping) else str(value)
