"""``cluster.audit``: every check there is on a cluster, and what of its findings is accepted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from skep import history
from skep.audit import checks as own
from skep.audit.record import about, line
from skep.audit.results import ORDER, Result, counts, idle, results_of
from skep.audit.rows import COLUMNS, rows
from skep.converge import Site, look
from skep.dataclass import dataclass
from skep.errors import AuditFindings, AuditIncomplete, UsageError
from skep.files import writable
from skep.holder import me
from skep.kinds import Kind
from skep.kinds.audits import PROFILES
from skep.plan import Plan
from skep.reading.wording import did_you_mean
from skep.report import Reporter
from skep.request import Request, Rollout
from skep.runs.limits import facts_for, hosts_of
from skep.runs.loop import narrowed
from skep.verify import run as run_checks
from skep.verify.check import UNREACHABLE

CHECKS = Path(own.__path__[0])
OPERATIONS = ("hosts", "swarm")
PROFILE_CHECKS = {"cis": ("cis_hosts", "cis_daemon", "cis_services", "cis_swarm")}
SHOWN = ORDER[:4]
"""Results of these states are shown one by one; the others are counted."""
MOVED = "image-moved"
"""The control that cannot be checked where no registry is asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an audit is asked for; ``junit`` and ``html`` are files to write."""

    profile: str | None = None
    limit: Sequence[str] | None = None
    junit: Path | None = None
    html: Path | None = None
    resolve: bool = True

    @property
    def about(self) -> str:
        """The options that say what it is about."""
        return about(self.profile, self.limit)


def audit(
    site: Site,
    tell: Reporter,
    paths: Mapping[str, Path],
    asked: Asked,
    known: Mapping[str, Kind],
    *,
    as_json: bool,
) -> None:
    """Run the checks, show the findings, and raise ``AuditFindings`` or ``AuditIncomplete`` where not all is well."""
    if asked.profile is not None and asked.profile not in PROFILES:
        raise UsageError(
            f"--profile {asked.profile}: there is no such profile{did_you_mean(asked.profile, PROFILES)}",
            next_action=f"profiles are: {', '.join(PROFILES)}",
        )
    for option, file in (("--junit", asked.junit), ("--html", asked.html)):
        if file:
            writable(file, option)
    since = time.monotonic()
    results = audited(site, tell, paths, asked)
    seconds = time.monotonic() - since
    for why in idle(site.cluster.accepted, results, known, date.today()) if asked.limit is None else ():
        tell.note(f"warning: an entry of accept: accepts nothing: {why}")
    if as_json:
        _tell_scripts(tell, results, seconds)
    else:
        show(tell, results)
    if asked.junit:
        from skep.audit import junit

        tell.file(asked.junit, junit.text(results, suite="skep audit"))
    if asked.html:
        tell.file(asked.html, _page(site, asked, results, tell))
    refuse(results)
    tell.done(f"{site.cluster.name}: {_summary(results)} ({seconds:.1f} s)")


def audited(site: Site, tell: Reporter, paths: Mapping[str, Path], asked: Asked) -> list[Result]:
    """Every check that is asked for, and what became of it; remedies as they have to be typed."""
    only = hosts_of(site, asked.limit, facts_for(site, asked.limit))
    names = [name for name in site.pool.hosts if only is None or name in only]
    rollout = Rollout(resolve="all" if asked.resolve else "never", follows_hosts=True)
    here = narrowed(site, Request("cluster.audit", rollout=rollout))

    def planned() -> Plan:
        return look(here)[1]

    with tell.busy(f"auditing {len(names)} hosts"):
        checks = run_checks(
            site.cluster, site.pool, {**paths, **_suites(asked), **_of_stacks(site)}, hosts=names, plan=planned
        )
    seen = [check for check in checks if asked.resolve or check.id != MOVED]
    results = results_of(seen, site.cluster.accepted, date.today(), tell.spelled)
    kept = line(results, of=asked.about, who=me("cluster.audit").who, now=datetime.now(UTC))
    lost = {check.host for check in checks if check.id == UNREACHABLE}
    history.note_audit(site.pool, [name for name in site.manager_names if name not in lost], kept)
    return results


def _page(site: Site, asked: Asked, results: Sequence[Result], tell: Reporter) -> str:
    """With the trend of what managers remember; without one where none answers."""
    from skep.audit.html import page
    from skep.picture.audits import past_audits

    entries, _ = history.read(site.pool, site.manager_names, history.AUDITS_KEPT, history.AUDITS)
    audits = past_audits(entries, asked.about)
    now = datetime.now(UTC)
    return page(results, cluster=site.cluster.name, now=now, about=asked.about, audits=audits, spelled=tell.spelled)


def _suites(asked: Asked) -> dict[str, Path]:
    """Named as no role can be: a role's checks of the same name would go."""
    named = (*OPERATIONS, *(PROFILE_CHECKS[asked.profile] if asked.profile else ()))
    return {f"audit.{name}": CHECKS / f"{name}.py" for name in named}


def _of_stacks(site: Site) -> dict[str, Path]:
    """Tests that lie beside a stack's compose files."""
    files = {f"stacks/{stack.name}": Path(stack.directory) / "verify.py" for stack in site.cluster.stacks}
    return {name: file for name, file in files.items() if file.is_file()}


def _tell_scripts(tell: Reporter, results: Sequence[Result], seconds: float) -> None:
    rows = [one.as_json() for one in results]
    tell.data("audit", {"results": rows, "counts": counts(results), "seconds": round(seconds, 3)})


def show(tell: Reporter, results: Sequence[Result]) -> None:
    """Findings first; what passed is only counted."""
    for status in SHOWN:
        if found := rows(results, status):
            tell.table("audit", COLUMNS, found, title=f"{status} ({counts(results)[status]})")


def _summary(results: Sequence[Result]) -> str:
    found = counts(results)
    said = ", ".join(f"{number} {status}" for status, number in found.items() if number)
    return f"no findings in {len(results)} checks: {said}"


def refuse(results: Sequence[Result]) -> None:
    """Raise ``AuditFindings`` where there are findings, else ``AuditIncomplete`` where a check could not look."""
    found = counts(results)
    unseen = f"{found['not seen']} could not be seen"
    if found["finding"]:
        beside = f"; {unseen}" if found["not seen"] else ""
        raise AuditFindings(
            f"{found['finding']} finding{'' if found['finding'] == 1 else 's'} in {len(results)} checks{beside}",
            next_action="type what stands beside each, or accept it; why it matters: invoke docs ID",
        )
    if found["not seen"]:
        raise AuditIncomplete(
            f"{unseen} of {len(results)} checks",
            next_action="the reasons stand above; then: invoke cluster.audit",
        )
