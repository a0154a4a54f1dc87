"""Steps that bring one stack from what there is to what is desired; each touches only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from roles.stacks.description import lines
from roles.stacks.drift import Difference, Drift
from roles.stacks.edits import reason, why
from roles.stacks.findings import findings
from roles.stacks.health import unwell
from roles.stacks.key import KEY_STEP
from roles.stacks.ports import Handover
from roles.stacks.records import garbage, records, unfinished
from roles.stacks.waiting import step_id, wait
from skep.milestones import NETWORKS_EXIST, SWARM_EXISTS, images_loaded, stack_runs
from skep.model import Secret
from skep.plan import Call, Finding, Ref, Step
from skep.steps import EARLIER, StepId
from skep.swarm.comparing import effect
from skep.swarm.labels import REVISION
from skep.swarm.objects import ObjectSpec
from skep.swarm.service import inherited

LOGINS = Ref("registry-logins")


class Planner:
    """The plan of one stack. ``ports`` are those that its services take over from others."""

    def __init__(self, drift: Drift, ports: Sequence[Handover] = ()) -> None:
        self._drift = drift
        self._ports = ports
        self._name = drift.name

    def items(self) -> list[Step | Finding]:
        """Findings and steps; no step at all where the stack is as desired."""
        drift = self._drift
        made = [*self._networks(), *self._objects("configs"), *self._objects("secrets")]
        if made or drift.differing or drift.pruned:
            return [*findings(drift), *self._roll_out(made)]
        steps = list(self._seen_to_its_end())
        return [*findings(drift), *(() if steps else unwell(drift)), *steps]

    def _roll_out(self, made: Sequence[Step]) -> Iterator[Step]:
        """Images, record, what services need, hooks, services, their end, hooks, what goes, record, garbage."""
        drift = self._drift
        begin = self._begin
        ready = [*([self._resolve] if self._resolve else []), begin, *made]
        before = list(self._hooks("before", ready))
        givers = {one.giver for one in self._ports}
        first = [self._gone(name, [*ready, *before]) for name in drift.pruned if name in givers]
        writes = list(
            self._writes([d for d in drift.differing if d.name not in drift.hooks], [*ready, *before, *first])
        )
        written = writes or [*ready, *before, *first]
        settled = list(self._settled(written))
        gone = [self._gone(name, settled or written) for name in drift.pruned if name not in givers]
        yield from [*ready, *before, *first, *writes, *settled, *gone]
        yield from self._finish(begin, [*(settled or written), *gone])

    def _gone(self, name: str, needs: Sequence[Step]) -> Call:
        cause = "not in the compose files" if self._drift.desired.document else self._drift.cause
        title = f"remove service {name}"
        return self._call("prune", title, cause, "service_remove", {"service": name}, about=name, needs=needs)

    def _call(
        self,
        action: str,
        title: str,
        cause: str,
        operation: str,
        arguments: Mapping[str, object],
        *,
        about: str | None = None,
        needs: Sequence[Step | StepId] = (),
        detail: Sequence[str] = (),
    ) -> Call:
        return Call(
            id=step_id(action, self._name, about),
            title=title,
            cause=cause,
            operation=operation,
            arguments=arguments,
            detail=tuple(detail),
            needs=(
                *(need if isinstance(need, StepId) else need.id for need in needs),
                SWARM_EXISTS,
                NETWORKS_EXIST,
                images_loaded(self._name),
            ),
            after=(EARLIER,),
            only_with=SWARM_EXISTS if self._drift.blind else None,
        )

    @cached_property
    def _resolve(self) -> Step | None:
        """What could not be resolved while planning is first of all."""
        images = self._drift.late()
        if not images:
            return None
        title = f"resolve {len(images)} image{'s' if len(images) > 1 else ''} to digests"
        arguments = {"images": images, "credentials": LOGINS}
        changes = ", ".join(self._drift.swarm.outdated)
        cause = f"the registry settings of {changes} change before" if changes else "they are pinned"
        return self._call("resolve", title, cause, "images_resolve", arguments, detail=images)

    @property
    def _images(self) -> Ref | None:
        return Ref(f"result@{self._resolve.id}") if self._resolve else None

    @cached_property
    def _begin(self) -> Call:
        made = records(self._drift)
        return self._call(
            "begin",
            f"write down revision {made[-1]['Labels'][REVISION]} of stack {self._name}"
            + (", and what is there as the one before" if len(made) > 1 else ""),
            reason(self._drift),
            "revision_begin",
            {"records": made, "images": self._images, "who": Ref("author"), "commit": Ref("commit")},
            needs=[self._resolve] if self._resolve else [],
        )

    def _networks(self) -> Iterator[Step]:
        for name, body in self._drift.desired.networks.items():
            if name not in self._drift.found.networks:
                arguments = {"body": dict(body)}
                title = f"create network {name}"
                needs = [self._begin]
                yield self._call("network", title, "missing", "network_create", arguments, about=name, needs=needs)

    def _objects(self, kind: str) -> Iterator[Step]:
        """Configs and secrets that hold something new."""
        drift, what = self._drift, kind[:-1]
        bodies = drift.desired.configs if kind == "configs" else drift.desired.secrets
        existing = {one["Spec"]["Name"] for one in (drift.swarm.configs if kind == "configs" else drift.swarm.secrets)}
        for name, body in sorted(bodies.items()):
            if name not in existing:
                yield self._call(
                    what,
                    f"create {what} {name}",
                    "its content is new",
                    "object_create",
                    {"kind": kind, "body": _sealed(body)},
                    about=name,
                    needs=[self._begin, KEY_STEP],
                )

    def _writes(self, ordinary: Sequence[Difference], ready: Sequence[Step]) -> Iterator[Step]:
        """Services side by side, or in waves, each behind the health of the one before.

        Where nobody saw the end of the roll-out before, a wave is waited for though nothing is written in it.
        """
        waves = self._drift.desired.waves
        waves = (*waves, tuple(d.name for d in ordinary if not any(d.name in wave for wave in waves)))
        waves = tuple(part for wave in waves for part in self._in_turn(wave))
        behind: set[str] = set()
        for number, wave in enumerate(waves):
            changed = [difference for difference in ordinary if difference.name in wave]
            if changed and behind:
                settled = self._wait(str(number), sorted(behind), ready)
                yield settled
                ready, behind = [settled], set()
            writes = [self._write(difference, ready) for difference in changed]
            yield from writes
            behind |= {difference.name for difference in changed} | (set(wave) & self._drift.unseen)
            ready = writes or ready

    def _in_turn(self, wave: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """A wave, or two where some of it take ports over from others of it: from the removed ones they have them at
        once, from others when the managers have seen to it, which is surely so once those run."""
        takers = {one.taker for one in self._ports if one.within and one.giver in wave}
        yield tuple(name for name in wave if name not in takers)
        if takers:
            yield tuple(name for name in wave if name in takers)

    def _write(self, difference: Difference, needs: Sequence[Step]) -> Step:
        drift, name = self._drift, difference.name
        have, halted = difference.have, drift.halted(name)
        new = have is None
        restart = drift.restarts(difference)
        how = "" if have is None else f" ({effect(have, difference.changes, restart=restart)})"
        hook = name in drift.hooks
        action = "create" if new else "update" if difference.changes else "restart"
        arguments = {
            "spec": difference.spec,
            "images": self._images,
            "force": restart or (hook and not new),
            "credentials": LOGINS,
        }
        return self._call(
            action,
            f"run {name}" if hook else f"{action} service {name}{how}",
            f"a hook {drift.hooks[name]} the roll-out"
            if hook
            else f"Swarm paused it: {halted}"
            if halted
            else why(drift, difference),
            "service_write",
            arguments,
            about=name,
            detail=tuple(lines(drift, difference)),
            needs=[*needs, *self._others_before(name)],
        )

    def _others_before(self, name: str) -> list[StepId]:
        """The ends of other stacks' roll-outs that free a port for the service."""
        return [step_id("done", one.other.name) for one in self._ports if one.taker == name and not one.within]

    def _hooks(self, when: str, needs: Sequence[Step]) -> Iterator[Step]:
        """One-shot jobs around the roll-out, one after the other; they run whenever anything changes."""
        drift = self._drift
        changed = {difference.name: difference for difference in drift.differing}
        for name in sorted(name for name, hook in drift.hooks.items() if hook == when):
            have = drift.have(name)
            same = Difference(name, inherited(drift.desired.services[name], have, None, [], is_pinned=False), have)
            write = self._write(changed.get(name, same), needs)
            settled = self._wait(name, [name], [write])
            yield from (write, settled)
            needs = [settled]

    def _wait(self, about: str, services: Sequence[str], needs: Sequence[Step]) -> Step:
        title = f"wait until {', '.join(services)} {'is' if len(services) == 1 else 'are'} as desired"
        return wait(
            self._drift, step_id("ready", self._name, about), title, "what comes next waits for it", services, needs
        )

    def _settled(self, needs: Sequence[Step]) -> Iterator[Step]:
        """The wait for what this roll-out changes and what nobody saw, if there is any; then the hooks after it."""
        changed = {difference.name for difference in self._drift.differing} - set(self._drift.hooks)
        services = sorted(changed | self._drift.unseen)
        if services:
            title = f"wait until stack {self._name} runs as desired"
            settled = wait(self._drift, step_id("running", self._name), title, "deployed", services, needs)
            yield settled
            needs = [settled]
        yield from self._hooks("after", needs)

    def _seen_to_its_end(self) -> Iterator[Step]:
        """A roll-out whose end nobody saw; its hooks, of which nobody knows how they ended, run again. Where it is not
        what there is, and what there is is what is desired now, that is written down as one of its own."""
        drift, last = self._drift, unfinished(self._drift)
        way_back = drift.rollout.revision is not None
        if not drift.open or not drift.vouches or drift.rollout.resolve == "refresh":
            return
        if last is None:
            yield from () if way_back or drift.rollout.partial else self._roll_out([])
        elif not way_back or drift.desired.number == last.number:
            before = list(self._hooks("before", []))
            rest = [*before, *self._settled(before)]
            yield from [*rest, self._done(last.name, last.number, rest)]

    def _done(self, record: str, number: int | str, needs: Sequence[Step]) -> Step:
        title = f"note that revision {number} of stack {self._name} runs"
        done = self._call("done", title, "seen to run", "revision_done", {"name": record}, needs=needs)
        return replace(done, provides=(stack_runs(self._name),))

    def _finish(self, begin: Call, needs: Sequence[Step]) -> Iterator[Step]:
        if not self._drift.vouches:
            return
        record = begin.arguments["records"][-1]
        done = self._done(record["Name"], record["Labels"][REVISION], needs)
        yield done
        configs, secrets = garbage(self._drift, record["content"])
        if configs or secrets:
            yield self._call(
                "collect",
                f"remove what no revision of stack {self._name} needs any more",
                "nothing names it",
                "objects_remove",
                {"configs": configs, "secrets": secrets},
                detail=[*(f"config {name}" for name in configs), *(f"secret {name}" for name in secrets)],
                needs=[done],
            )


def _sealed(body: ObjectSpec) -> dict[str, object]:
    return {**body, "Data": Secret(body["Data"])} if "Data" in body else dict(body)
