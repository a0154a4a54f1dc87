"""Records of a stack's revisions, and what nobody needs once they are out of reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roles.stacks.case import Case, differ, is_what_runs
from roles.stacks.description import summary
from roles.stacks.edits import reason
from skep.swarm.labels import REVISION, REVISION_CAUSE, REVISION_OF, REVISION_STATE
from skep.swarm.network import made_again
from skep.swarm.references import named, used
from skep.swarm.revision import BEGUN, DONE, Content, Record, Revision, name_of
from skep.swarm.spec import ServiceSpec


def records(case: Case) -> list[Record]:
    """What is written down before a roll-out: the stack as it was found, where no revision knows it, and as it is
    to be. Each with ``Name``, ``Labels`` and ``content``. Tried again, it takes the place of the one before, and says
    as that did what it changes: part of that is there by now."""
    past = case.found.revisions
    found = {name: spec for name in case.found.services if (spec := case.have(name))}
    number = past[-1].number + 1 if past else 1
    made = []
    if found and not past:
        made.append(_record(case, number, found, "as found", done=True))
        number += 1
    services = {**case.desired.services, **found, **{d.name: d.spec for d in case.differing}}
    for name in case.pruned:
        del services[name]
    again = case.open and not case.rollout.partial
    lines = summary(case)
    if again and not differ(past[-1].content["services"], services, case.swarm):
        number, lines = past[-1].number, past[-1].content["changes"] or lines
    made.append(_record(case, number, services, reason(case), done=False, lines=lines))
    return made


def unfinished(case: Case) -> Revision | None:
    """The last revision, if nobody has seen it run and it is what there is."""
    last = case.found.revisions[-1] if case.found.revisions else None
    if last is None or last.done or not is_what_runs(last.content["services"], case.found, case.swarm):
        return None
    return last


def garbage(case: Case, newest: Content) -> tuple[list[str], list[str]]:
    """Names of configs and of secrets of the stack that no spec, no rollback target and no kept revision names.

    Records beyond those kept are among the configs.
    """
    ran = _within_reach(case)
    contents = [newest, *(revision.content for revision in ran)]
    configs = {name for content in contents for name in content["configs"]}
    secrets = {name for content in contents for name in content["secrets"]}
    for raw in case.swarm.services:
        for spec in filter(None, (raw["Spec"], raw.get("PreviousSpec"))):
            by_name = named(spec, case.names)
            configs |= used("config", by_name)
            secrets |= used("secret", by_name)
    kept = {revision.number for revision in (*ran, *_failed(case, ran))}
    old = [revision.name for revision in case.found.revisions if revision.number not in kept]
    surplus = [name for name in case.found.configs if name not in configs]
    return sorted([*surplus, *old]), sorted(name for name in case.found.secrets if name not in secrets)


def _failed(case: Case, ran: Sequence[Revision]) -> list[Revision]:
    """The last revisions that nobody saw to their end, among those within reach: history has them."""
    oldest = ran[0].number if ran else 0
    failed = [one for one in case.found.revisions if not one.done and one.number > oldest]
    return failed if case.desired.keep is None else failed[-case.desired.keep :]


def _within_reach(case: Case) -> list[Revision]:
    """The last revisions that ran, and the last that differ in more than numbers of tasks: restarts and scaling do not
    push out what one would go back to."""
    ran = [revision for revision in case.found.revisions if revision.done]
    if case.desired.keep is None or len(ran) <= case.desired.keep:
        return ran
    last = {revision.number for revision in ran[-case.desired.keep :]}
    different: list[Revision] = []
    for revision in reversed(ran):
        if len(different) == case.desired.keep:
            break
        services = revision.content["services"]
        if all(differ(services, other.content["services"], case.swarm, scaled=False) for other in different):
            different.append(revision)
    return [revision for revision in ran if revision.number in last or revision in different]


def _record(
    case: Case, number: int, services: Mapping[str, ServiceSpec], cause: str, *, done: bool, lines: Sequence[str] = ()
) -> Record:
    content: Content = {
        "services": dict(services),
        "networks": {**{name: made_again(raw) for name, raw in case.found.networks.items()}, **case.desired.networks},
        "configs": sorted(used("config", *services.values()) | set(case.desired.configs)),
        "secrets": sorted(used("secret", *services.values()) | set(case.desired.secrets)),
        "hooks": dict(case.desired.hooks),
        "changes": list(lines),
    }
    if case.sealed:
        content["sealed"] = case.sealed
    labels = {
        REVISION_OF: case.name,
        REVISION: str(number),
        REVISION_STATE: DONE if done else BEGUN,
        REVISION_CAUSE: cause,
    }
    return {"Name": name_of(case.name, number), "Labels": labels, "content": content}
