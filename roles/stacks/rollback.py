"""``stack.rollback``, and a roll-out that is taken back: the stack as a revision had it."""

from __future__ import annotations

from dataclasses import replace

from roles.stacks.desired import Desired, Outside, Unplannable, hooks_of, kept
from roles.stacks.drift import is_what_runs
from roles.stacks.state import Found, SwarmObjects
from skep.model import Target
from skep.plan import Finding
from skep.request import RequestedCluster, RequestedStack
from skep.swarm.revision import Revision, last_done

BACK = "back to revision"
"""What the cause of a roll-out that goes back begins with."""


def rolled_back(cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects) -> Desired:
    """Everything as the revision had it, services that came later go. Hooks stay as they are and do not run: what they
    did to data is not undone by doing it again. Raises ``Unplannable``."""
    asked, found = stack.rollout.revision, swarm.of(stack.name)
    revision = None if asked is None else _revision(asked, swarm, found)
    if revision is None:
        raise _none_such(stack.name, asked, found)
    desired = _as_recorded(stack, revision, found)
    if asked == "before" and _was_taken_back(found):
        desired = replace(desired, findings=(_taken_back(stack, found),))
    return desired


def _none_such(stack: str, asked: Target | None, found: Found) -> Unplannable:
    """A number that is not kept; or none that differs from what runs, of which there may be several all the same."""
    if isinstance(asked, int):
        known = ", ".join(str(one.number) for one in found.revisions) or "none"
        return Unplannable(f"stack {stack} has no revision {asked}", f"its revisions are: {known}")
    if not found.revisions:
        return Unplannable(f"stack {stack} has no revision to go back to", f"none is kept: invoke stack.deploy {stack}")
    if not any(one.done for one in found.revisions):
        return Unplannable(
            f"stack {stack} has no revision to go back to: none was seen to run",
            f"fix its files and deploy it again: invoke stack.deploy {stack}; or take it away: invoke stack.rm {stack}",
        )
    return Unplannable(
        f"stack {stack} has no revision to go back to: none that ran differs from what runs now",
        f"see what each changed: invoke stack.history {stack}; to have one of them all the same, name its number",
    )


def _as_recorded(stack: RequestedStack, revision: Revision, found: Found) -> Desired:
    content = revision.content
    hooks = {**hooks_of(found), **(content.get("hooks") or {})}
    return Desired(
        services={name: spec for name, spec in content["services"].items() if name not in hooks},
        networks=content["networks"],
        hooks=hooks,
        spared=frozenset(hooks),
        number=revision.number,
        outside=Outside(configs=tuple(content["configs"]), secrets=tuple(content["secrets"])),
        pinned=True,
        prune=True,
        keep=kept(stack),
        cause=revision.cause if _is_way_back(revision) else f"{BACK} {revision.number}",
    )


def _is_way_back(revision: Revision) -> bool:
    return not revision.done and revision.cause.startswith(BACK)


def _revision(asked: Target, swarm: SwarmObjects, found: Found) -> Revision | None:
    """The revision to go back to; ``None`` where there is none such."""
    if isinstance(asked, int):
        return next((revision for revision in found.revisions if revision.number == asked), None)
    return _before(swarm, found) if asked == "before" else last_done(found.revisions)


def _before(swarm: SwarmObjects, found: Found) -> Revision | None:
    """The last that ran before what is there, hooks aside. After a roll-out that failed that is the last that ran, also
    where it was gone back to already; a way back that nobody saw to its end is gone to its end."""
    newest = found.revisions[-1] if found.revisions else None
    if newest is not None and not newest.done:
        return newest if _is_way_back(newest) else last_done(found.revisions)
    if _was_taken_back(found):
        return newest
    ran = [revision for revision in found.revisions if revision.done]
    while ran and is_what_runs(ran[-1].content["services"], found, swarm, but=hooks_of(found)):
        ran.pop()
    return ran[-1] if ran else None


def _was_taken_back(found: Found) -> bool:
    """Whether the last thing that happened is that a roll-out failed and was taken back."""
    past = found.revisions
    if len(past) < 2 or not past[-1].done or not past[-1].cause.startswith(BACK):
        return False
    return not past[-2].done and not _is_way_back(past[-2])


def _taken_back(stack: RequestedStack, found: Found) -> Finding:
    """Going back is what has been done: who wants to go further says so."""
    failed, back = found.revisions[-2:]
    target = int(back.cause.removeprefix(BACK))
    older = [revision.number for revision in found.revisions if revision.done and revision.number < target]
    further = f"to go further back: invoke stack.rollback {stack.name} {older[-1]}; " if older else ""
    return Finding(
        "note",
        f"revision {failed.number} of stack {stack.name} failed and was taken back already: it is to be as revision"
        f" {target} had it",
        role="stacks",
        next_action=f"{further}what there is: invoke stack.history {stack.name}",
    )
