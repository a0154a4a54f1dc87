"""``schedule.run``: one run of a schedule. It asks nobody, and keeps how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from skep.commands.call import Call
from skep.commands.schedule.on_this_machine import named
from skep.commands.schedule.outcome import Telling
from skep.converge import Site
from skep.dataclass import dataclass
from skep.errors import (
    AuditFindings,
    ConnectError,
    Interrupted,
    InventoryError,
    NotConverged,
    PreflightError,
    SkepError,
    StepFailed,
)
from skep.kinds.audits import SEVERITIES
from skep.model import Schedule
from skep.plan import Finding
from skep.report import Reporter
from skep.request import Request, Rollout
from skep.role import AnyRole
from skep.runs.loop import run as carry_out
from skep.runs.refusing import pass_over_silent, refuse_silent
from skep.runs.turn import alone

CHANGED = 10
"""What ``schedule.run`` ends with where it found drift."""
FEW = 5
"""Findings, or errors of an inventory, that a line names."""


@dataclass(slots=True)
class Doing:
    """What a run did so far."""

    steps: int = 0
    drift: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    """How many there are of each level, of a look."""
    severities: dict[str, int] = field(default_factory=dict)
    """How many there are of each severity, of an audit."""
    findings_that_count: int = 0
    """Of an audit, from its severity on."""
    about: list[str] = field(default_factory=list)
    """Ids of what differs or was found: what makes a state another."""
    failed: list[str] = field(default_factory=list)
    """Stacks that failed, each with why."""
    undone: list[Finding] = field(default_factory=list)


def run(call: Call, name: str) -> int:
    """Run it. Gives 10 where there is drift, 11 where an audit has findings; raises what it ended with where it did not
    end well. Where the inventory cannot be read, those hear of it whom ``schedule.apply`` noted."""
    began = datetime.now(UTC)
    doing, since = Doing(), time.monotonic()
    try:
        one = named(call.found, name)
    except SkepError as unread:
        left = Telling.left(call, name)
        if left:
            left.ended(_ended(left.one, began, doing, since, unread))
        raise
    if one.at and "SKEP_STATE" not in os.environ:
        from skep.commands.schedule import on_hosts

        return on_hosts.run(call, one)
    telling = Telling.of(call, one)
    telling.begun({"started": _time(began), "invocation": os.environ.get("INVOCATION_ID", "")})
    try:
        with call.site() as here:
            try:
                _do(call, replace(here, wait_lock=one.wait_lock), one, doing)
            finally:
                telling.look(here)
    except KeyboardInterrupt:
        error = Interrupted(
            f"stopped after {time.monotonic() - since:.0f} s; its deadline is {one.deadline:.0f} s",
            next_action=f"see how far it came: invoke cluster.history; run it again: invoke schedule.run {name}",
        )
        telling.ended(_ended(one, began, doing, since, error))
        raise error from None
    except SkepError as error:
        telling.ended(_ended(one, began, doing, since, error))
        raise
    result = _ended(one, began, doing, since, None)
    telling.ended(result)
    call.tell.done(f"schedule {name}: {result['text']} ({time.monotonic() - since:.2f} s)")
    return _exit(doing)


def ended(call: Call, name: str) -> int:
    """Keep that the last run was killed, where it has begun and has no end."""
    try:
        telling = Telling.of(call, named(call.found, name))
    except SkepError:
        left = Telling.left(call, name)
        if left is None:
            raise
        telling = left
    kept, killed = telling.kept, os.environ.get("MONITOR_INVOCATION_ID")
    if kept.last.get("invocation") == killed if killed else not kept.begun:
        call.tell.done(f"schedule {name}: its last run ended by itself, and has said how")
        return 0
    why = os.environ.get("MONITOR_SERVICE_RESULT", "")
    of = f"{'--user ' if os.geteuid() else ''}-u skep-{telling.cluster.name}-{name}"
    error = SkepError(
        "the run was killed before it came to an end",
        cause=f"systemd says: {why}" if why else None,
        next_action=f"see why: journalctl {of}; a lock it held expires by itself",
    )
    result = _ended(telling.one, datetime.now(UTC), Doing(), time.monotonic(), error)
    telling.ended({**result, "invocation": killed or ""})
    call.tell.error(error)
    return 0


def _do(call: Call, site: Site, one: Schedule, doing: Doing) -> None:
    tell = call.tell
    if one.run == "drift":
        _look(site, tell, one, doing)
    elif one.run == "audit":
        _audit(call, site, one, doing)
    elif one.run in ("cluster.backup", "prune"):
        result = carry_out(_once(site, one), _request(one, once=True, heeds=one.run == "prune"), tell)
        doing.steps += len(result.steps)
        doing.undone += result.undone
        refuse_silent(result.silent)
    else:
        _roll_out(site, tell, one, doing)


def _once(site: Site, one: Schedule) -> Site:
    """The site with the one role that does it."""
    if one.run == "prune":
        from skep.upkeep.pruning import Prune

        role: AnyRole = Prune(safe=True, older=one.older_than)
    else:
        from skep.upkeep.saving import role
    return replace(site, roles=[role], known=[*site.known, role])


def _look(site: Site, tell: Reporter, one: Schedule, doing: Doing) -> None:
    """What differs, once nobody is at work any more: else what is half done would be drift."""
    alone(site, tell, "asking who is at work", lambda: None)
    rollout = Rollout(resolve="all", follows_hosts=True)
    result = carry_out(site, _request(one, rollout=rollout, only_planned=True), tell)
    doing.drift = len(result.plan) or len(result.plan.later)
    doing.findings = {
        level: sum(one.level == level and not one.accepted for one in result.plan.findings)
        for level in ("error", "warning", "note")
    }
    doing.about = [str(step.id) for step in result.plan]
    refuse_silent(result.silent)


def _audit(call: Call, site: Site, one: Schedule, doing: Doing) -> None:
    """Every check, once nobody is at work any more. Raises ``AuditIncomplete`` where nothing that counts was found and
    not all could be seen."""
    from skep.commands.cluster.audit import Asked, audited, refuse, show

    alone(site, call.tell, "asking who is at work", lambda: None)
    results = audited(site, call.tell, call.checks, Asked(one.profile))
    show(call.tell, results)
    found = [result for result in results if result.status == "finding"]
    counted = SEVERITIES[: SEVERITIES.index(one.severity) + 1]
    doing.severities = {severity: sum(result.severity == severity for result in found) for severity in SEVERITIES}
    of_weight = [result for result in found if result.severity in counted]
    doing.findings_that_count = len(of_weight)
    doing.about = sorted({f"{result.id} {result.where}" for result in of_weight})
    if not of_weight:
        refuse([result for result in results if result.status != "finding"])


def _roll_out(site: Site, tell: Reporter, one: Schedule, doing: Doing) -> None:
    """Each stack by itself: one that fails keeps none of the others back."""
    names = one.stacks or tuple(stack.name for stack in site.cluster.stacks)
    rollout = Rollout(resolve="refresh" if one.run == "stack.refresh" else "new")
    failed: dict[str, SkepError] = {}
    for name in names:
        request = _request(one, of=name, stacks=(name,), rollout=rollout, on_failure=one.on_failure, recovers=True)
        try:
            result = carry_out(site, request, tell)
        except (ConnectError, PreflightError, StepFailed, NotConverged) as error:
            tell.error(error)
            failed[name] = error
            continue
        doing.steps += len(result.steps)
        doing.undone += result.undone
        pass_over_silent(site, result.silent)
    if failed:
        doing.failed = sorted(f"{name}: {_by_itself(error)[0]}" for name, error in failed.items())
        first = next(iter(failed.values()))
        why, then = _by_itself(first)
        raise type(first)(
            f"{len(failed)} of {len(names)} stacks did not end well: {', '.join(failed)}",
            cause=why,
            next_action=then,
        )


def _request(one: Schedule, *, of: str = "", **more: object) -> Request:
    what = f"schedule.run {one.name}: {one.run}{f' {of}' if of else ''}"
    return replace(Request(what, unattended=True), **more)  # type: ignore[arg-type]


def _ended(one: Schedule, began: datetime, doing: Doing, since: float, error: SkepError | None) -> Mapping[str, object]:
    left = [finding.text for finding in doing.undone]
    looked = "drift" if doing.drift else "findings" if doing.findings_that_count else ""
    result = "failed" if error else looked or ("left undone" if left else "ok")
    return {
        "schedule": one.name,
        "run": str(one),
        "invocation": os.environ.get("INVOCATION_ID", ""),
        "started": _time(began),
        "ended": _time(datetime.now(UTC)),
        "seconds": round(time.monotonic() - since, 3),
        "result": result,
        "exit": error.exit_code if error else _exit(doing),
        "text": _said(one, doing, left, error),
        "next": _by_itself(error)[1] if error else _next(doing, left, one),
        "steps": doing.steps,
        "drift": doing.drift,
        "undone": left,
        "findings": doing.findings,
        "severities": doing.severities,
        "about": _about(doing, result),
    }


def _by_itself(error: SkepError) -> tuple[str, str | None]:
    """What an error says, and what to do next, where no findings are seen above it."""
    if isinstance(error, InventoryError):
        shown = "; ".join(error.problems[:FEW]) + ("; …" if len(error.problems) > FEW else "")
        return f"{error.message}: {shown}", "see all of them: invoke inventory.check"
    if not (isinstance(error, PreflightError) and error.found):
        return error.reason, error.next_action
    steps = dict.fromkeys(then for _, then in error.found if then)
    return "; ".join(text for text, _ in error.found), "; ".join(steps) or error.next_action


def _about(doing: Doing, result: str) -> list[str]:
    if result == "left undone":
        return sorted({finding.text.partition(" until ")[0] for finding in doing.undone})
    return doing.failed if result == "failed" else doing.about


def _exit(doing: Doing) -> int:
    return CHANGED if doing.drift else AuditFindings.exit_code if doing.findings_that_count else 0


def _said(one: Schedule, doing: Doing, left: Sequence[str], error: SkepError | None) -> str:
    if error:
        return _by_itself(error)[0]
    if doing.drift:
        return f"{doing.drift} step{'' if doing.drift == 1 else 's'} differ from the inventory"
    if doing.findings_that_count:
        shown = ", ".join(doing.about[:FEW]) + (", …" if len(doing.about) > FEW else "")
        return f"{doing.findings_that_count} finding{'' if doing.findings_that_count == 1 else 's'}: {shown}"
    done = [f"{doing.steps} step{'' if doing.steps == 1 else 's'} done"] if doing.steps else []
    if done or left:
        return ", ".join([*done, *([f"{len(left)} left undone"] if left else [])])
    return {"drift": "as described", "audit": _lighter(doing)}.get(one.run, "nothing to do")


def _lighter(doing: Doing) -> str:
    """Of an audit without findings that count."""
    found = sum(doing.severities.values())
    return f"no findings that count; {found} of less weight" if found else "no findings"


def _next(doing: Doing, left: Sequence[str], one: Schedule) -> str | None:
    if doing.drift:
        return "see what differs: invoke cluster.plan; make it as described: invoke cluster.up"
    if doing.findings_that_count:
        profile = f" --profile {one.profile}" if one.profile else ""
        return f"see each with what helps: invoke cluster.audit{profile}"
    look = "cluster.prune --safe --plan" if one.run == "prune" else f"stack.plan {' '.join(one.stacks[:1])}".rstrip()
    return f"see what was left: invoke {look}" if left else None


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
