"""One host of a live swarm out of service and back, as steps: its tasks start elsewhere, it is drained, the work is
done, it returns, and services have all their tasks again before the next one goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from skep.dataclass import dataclass
from skep.milestones import SWARM_SETTINGS, returned
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.request import RequestedCluster
from skep.seen import Member
from skep.steps import Edge, StepId

SHOWN = 6
"""Services that are named."""


@dataclass(frozen=True, slots=True)
class Outage:
    """``services`` are those of the swarm: name → why a drain stops its tasks before others run; empty where it does
    not."""

    cluster: RequestedCluster
    services: Mapping[str, str]

    def of(
        self, host: str, step: Step, member: Member, group: Sequence[str], *, gated: bool, saved: bool
    ) -> list[Step]:
        """The steps around ``step``. ``group`` goes out of service together. ``gated``: the others hold the quorum
        without it, or will once they are back. ``saved``: the swarm's state is saved from it meanwhile."""
        key = self._key(step, host, member)
        first = [key] if key else []
        if key:
            step = replace(step, needs=(key.id,), gates=(), after=())
        out = self._away(step, host, group, gated=gated)
        if out:
            step = replace(step, needs=(out[-1].id,), gates=(), after=())
        if saved:
            from skep.backup import steps as backup

            taken = backup(self.cluster, host, step, locked=member.locks)
            step = replace(step, needs=(taken[-1].id,), gates=(), after=())
            out = [*out, *taken]
        return [*first, *out, step, *self._back(step, host, member, key)]

    def interruptions(self, role: str, hosts: Sequence[str]) -> list[Finding]:
        """What is to be said of services whose tasks a drain stops first."""
        drained = [host for host in hosts if self._drains(host)]
        named = [f"{name} ({why})" for name, why in sorted(self.services.items()) if why]
        if not (named and drained):
            return []
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        text = f"a drain stops tasks before others run in their place: {', '.join(named[:SHOWN])}{more}"
        return [Finding("note", text, role=role)]

    def _drains(self, host: str) -> bool:
        return len(self.cluster.hosts) > 1 and self.cluster.host(host).availability != "drain"

    def _key(self, step: Step, host: str, member: Member) -> Step | None:
        """Asks for the key while all managers are there: the restart of a leader is followed by an election, during
        which nobody can tell it."""
        if not (member.manager and (member.locks or self.cluster.swarm.autolock)):
            return None
        return Call(
            id=StepId(step.role, "key", host),
            title="ask for the unlock key",
            cause="the swarm has autolock, so the manager comes back locked; the key is kept in memory only",
            operation="unlock_key",
            needs=step.needs,
            gates=step.gates,
            after=(*step.after, SWARM_SETTINGS),
        )

    def _away(self, step: Step, host: str, group: Sequence[str], *, gated: bool) -> list[Step]:
        """Each needs the one before."""
        node = Ref(f"node-id@{host}")
        common: dict[str, Any] = {"avoid": host, "cause": step.cause}
        steps: list[Step] = []
        if gated:
            steps.append(
                Wait(
                    id=StepId(step.role, "quorum", host),
                    title="wait until the other managers hold the quorum without it",
                    condition="quorum_without",
                    arguments={"node": node},
                    otherwise="bring the managers that are down back, and run the same command again",
                    **common,
                )
            )
        if self._drains(host):
            steps += self._moved(step.role, host, group, node, common) if self.services else []
            steps += self._drained(step.role, host, node, common)
        before: dict[str, Any] = {"needs": step.needs, "gates": step.gates, "after": step.after}
        for place, one in enumerate(steps):
            gates = (*one.gates, *before.get("gates", ()))
            steps[place] = replace(one, **{**before, "gates": gates})
            before = {"needs": (one.id,)}
        return steps

    def _moved(self, role: str, host: str, group: Sequence[str], node: Ref, common: Mapping[str, Any]) -> list[Step]:
        short, move = StepId(role, "short", host), StepId(role, "move", host)
        drained = [other for other in group if self._drains(other)]
        others = [other for other in drained if other != host]
        earlier = drained[: drained.index(host)][-1:]
        steps: list[Step] = [
            Call(
                id=short,
                title="note which services lack tasks already",
                operation="services_short",
                **common,
            )
        ]
        if all(self.services.values()):
            return steps
        return [
            *steps,
            Call(
                id=StepId(role, "pause", host),
                title="give the node no new tasks",
                operation="node_update",
                arguments={"node": node, "spec": {"Availability": "pause"}, "drop_labels": []},
                gates=tuple(StepId(role, "short", other) for other in others),
                leaves=f"{host} is paused: it gets no new tasks. The same command goes on with it; with the change"
                " taken out of the inventory, it only makes it active again",
                **common,
            ),
            Call(
                id=move,
                title="start tasks of start-first services elsewhere",
                operation="services_move",
                arguments={"node": node},
                gates=(
                    *(StepId(role, "pause", other) for other in others),
                    *(StepId(role, "moved", other) for other in earlier),
                ),
                timeout=300,
                **common,
            ),
            Wait(
                id=StepId(role, "moved", host),
                title="wait until these run elsewhere",
                condition="services_moved",
                arguments={"services": Ref(f"result@{move}")},
                otherwise="see which tasks have no place or do not start: invoke stack.ls",
                timeout=600,
                **common,
            ),
        ]

    def _drained(self, role: str, host: str, node: Ref, common: Mapping[str, Any]) -> list[Step]:
        return [
            Call(
                id=StepId(role, "drain", host),
                title="drain the node",
                operation="node_update",
                arguments={"node": node, "spec": {"Availability": "drain"}, "drop_labels": []},
                leaves=f"{host} is drained: it runs no tasks. The same command goes on with it; with the change taken"
                " out of the inventory, it only gives it its tasks back",
                **common,
            ),
            Wait(
                id=StepId(role, "drained", host),
                title="wait until its tasks run elsewhere",
                condition="node_drained",
                arguments={"node": node},
                otherwise="see which tasks have no place or do not start: invoke stack.ls",
                timeout=300,
                **common,
            ),
        ]

    def _back(self, step: Step, host: str, member: Member, key: Step | None) -> list[Step]:
        role, node, awake = step.role, Ref(f"node-id@{host}"), step.id
        steps: list[Step] = []
        if key:
            awake = StepId(role, "unlock", host)
            steps.append(unlock(awake, host, needs=(step.id,), key=Ref(f"result@{key.id}")))
        availability = self.cluster.host(host).availability
        steps += [
            Wait(
                id=StepId(role, "back", host),
                title="wait until the node is Ready" + (" and Reachable" if member.manager else ""),
                condition="node_ready",
                arguments={"node": node},
                otherwise=unheard(host),
                needs=(awake,),
                cause=step.cause,
            ),
            Call(
                id=StepId(role, "return", host),
                title=f"set availability {availability} again",
                operation="node_update",
                arguments={"node": node, "spec": {"Availability": availability}, "drop_labels": []},
                needs=(StepId(role, "back", host),),
                provides=(returned(host), *step.provides),
                cause=step.cause,
                leaves="",
            ),
        ]
        if self.services and self._drains(host):
            steps.append(
                Wait(
                    id=StepId(role, "settled", host),
                    title="wait until services have all their tasks",
                    condition="services_settled",
                    arguments={"known": Ref(f"result@{StepId(role, 'short', host)}")},
                    otherwise="see what keeps them: invoke stack.ls; no other host is taken out of service before. Then"
                    " run the same command again",
                    needs=(StepId(role, "return", host),),
                    timeout=300,
                    cause="the next host waits for it",
                )
            )
        return steps


UNLOCK_KEY = Ref("unlock-key")


def unlock(name: StepId, host: str, *, needs: tuple[Edge, ...], key: Ref = UNLOCK_KEY) -> Step:
    """Unlock a manager that came back locked, with a key from before, or with the one that another manager gives."""
    return Call(
        id=name,
        host=host,
        title="unlock the manager",
        cause="the swarm has autolock",
        avoid=host,
        operation="swarm_unlock",
        arguments={"key": key},
        needs=needs,
    )


def unheard(host: str) -> str:
    """What to look at when the managers do not see a node whose engine runs."""
    return (
        f"see that 2377/tcp and 7946/tcp+udp are open between {host} and the managers and that the clocks agree;"
        f" on {host} look at: journalctl -u docker; then run the same command again"
    )
