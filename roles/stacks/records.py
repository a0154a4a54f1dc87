"""Records of a stack's revisions, and what nobody needs once they are out of reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roles.stacks.description import summary
from roles.stacks.drift import Drift, differ, is_what_runs
from roles.stacks.edits import reason
from skep.swarm.labels import REVISION, REVISION_CAUSE, REVISION_OF, REVISION_STATE
from skep.swarm.network import made_again
from skep.swarm.references import named, used
from skep.swarm.revision import BEGUN, DONE, Content, Record, Revision, name_of
from skep.swarm.spec import ServiceSpec


def records(drift: Drift) -> list[Record]:
    """What is written down before a roll-out: the stack as it was found, where no revision knows it, and as it is
    to be. Each with ``Name``, ``Labels`` and ``content``. Tried again, it takes the place of the one before, and says
    as that did what it changes: part of that is there by now."""
    past = drift.found.revisions
    found = {name: spec for name in drift.found.services if (spec := drift.have(name))}
    number = past[-1].number + 1 if past else 1
    made = []
    if found and not past:
        made.append(_record(drift, number, found, "as found", done=True))
        number += 1
    services = {**drift.desired.services, **found, **{d.name: d.spec for d in drift.differing}}
    for name in drift.pruned:
        del services[name]
    again = drift.open and not drift.rollout.partial
    lines = summary(drift)
    if again and not differ(past[-1].content["services"], services, drift.swarm):
        number, lines = past[-1].number, past[-1].content["changes"] or lines
    made.append(_record(drift, number, services, reason(drift), done=False, lines=lines))
    return made


def unfinished(drift: Drift) -> Revision | None:
    """The last revision, if no run has seen it arrive and the services are still as it says."""
    last = drift.found.revisions[-1] if drift.found.revisions else None
    if last is None or last.done or not is_what_runs(last.content["services"], drift.found, drift.swarm):
        return None
    return last


def garbage(drift: Drift, newest: Content) -> tuple[list[str], list[str]]:
    """Names of configs and of secrets of the stack that no spec, no rollback target and no kept revision names.

    Records beyond those kept are among the configs.
    """
    ran = _within_reach(drift)
    contents = [newest, *(revision.content for revision in ran)]
    configs = {name for content in contents for name in content["configs"]}
    secrets = {name for content in contents for name in content["secrets"]}
    for raw in drift.swarm.services:
        for spec in filter(None, (raw["Spec"], raw.get("PreviousSpec"))):
            by_name = named(spec, drift.names)
            configs |= used("config", by_name)
            secrets |= used("secret", by_name)
    kept = {revision.number for revision in (*ran, *_failed(drift, ran))}
    old = [revision.name for revision in drift.found.revisions if revision.number not in kept]
    surplus = [name for name in drift.found.configs if name not in configs]
    return sorted([*surplus, *old]), sorted(name for name in drift.found.secrets if name not in secrets)


def _failed(drift: Drift, ran: Sequence[Revision]) -> list[Revision]:
    """The last revisions whose roll-out no run has seen end, among those that are kept: history shows them."""
    oldest = ran[0].number if ran else 0
    failed = [one for one in drift.found.revisions if not one.done and one.number > oldest]
    return failed if drift.desired.keep is None else failed[-drift.desired.keep :]


def _within_reach(drift: Drift) -> list[Revision]:
    """The last revisions that ran, and the last that differ in more than numbers of tasks: restarts and scaling do not
    push out what one would go back to."""
    ran = [revision for revision in drift.found.revisions if revision.done]
    if drift.desired.keep is None or len(ran) <= drift.desired.keep:
        return ran
    last = {revision.number for revision in ran[-drift.desired.keep :]}
    different: list[Revision] = []
    for revision in reversed(ran):
        if len(different) == drift.desired.keep:
            break
        services = revision.content["services"]
        if all(differ(services, other.content["services"], drift.swarm, scaled=False) for other in different):
            different.append(revision)
    return [revision for revision in ran if revision.number in last or revision in different]


def _record(
    drift: Drift, number: int, services: Mapping[str, ServiceSpec], cause: str, *, done: bool, lines: Sequence[str] = ()
) -> Record:
    content: Content = {
        "services": dict(services),
        "networks": {**{name: made_again(raw) for name, raw in drift.found.networks.items()}, **drift.desired.networks},
        "configs": sorted(used("config", *services.values()) | set(drift.desired.configs)),
        "secrets": sorted(used("secret", *services.values()) | set(drift.desired.secrets)),
        "hooks": dict(drift.desired.hooks),
        "changes": list(lines),
    }
    if drift.sealed:
        content["sealed"] = drift.sealed
    labels = {
        REVISION_OF: drift.name,
        REVISION: str(number),
        REVISION_STATE: DONE if done else BEGUN,
        REVISION_CAUSE: cause,
    }
    return {"Name": name_of(drift.name, number), "Labels": labels, "content": content}
