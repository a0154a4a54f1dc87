"""``cluster.*``: the whole environment."""

from __future__ import annotations

from skep.cli.options import DURATION, GONE, Option
from skep.commands.call import Call, called_from, task

RESOLVING = "ask no registry for the images' digests, nor which tags have moved"


@task(resolve=RESOLVING)
def plan(
    call: Call,
    limit: str | None = None,
    replace_network: str | None = None,
    resolve: bool = True,
    exit_code: bool = False,
    allow_quorum_loss: bool = False,
    parallel_workers: str | None = None,
) -> int:
    """Show what would change, per host, with the cause of each step. Changes nothing.

    Example: invoke cluster.plan -i lab --limit north
    """
    from skep.commands.cluster import changes

    with call.site() as here:
        request = changes.requested(
            here,
            "cluster.plan",
            limit=limit,
            replace_network=replace_network,
            allow_quorum_loss=allow_quorum_loss,
            parallel_workers=parallel_workers,
        )
        return changes.show_plan(here, call.tell, request, resolve=resolve, exit_code=exit_code)


@task(
    effect="plans",
    verify=Option("always, changed (default) or never", "", "WHEN", ("always", "changed", "never")),
)
def up(
    call: Call,
    limit: str | None = None,
    verify: str = "changed",
    replace_network: str | None = None,
    allow_quorum_loss: bool = False,
    parallel_workers: str | None = None,
    resolve: bool = True,
) -> None:
    """Make the hosts what the inventory says: plan, apply, observe again, verify.

    On a terminal it asks before anything is removed or an engine restarts.

    Example: invoke cluster.up -i prod --verify always
    """
    from skep.commands.cluster import changes

    with call.site() as here:
        request = changes.requested(
            here,
            "cluster.up",
            limit=limit,
            replace_network=replace_network,
            allow_quorum_loss=allow_quorum_loss,
            parallel_workers=parallel_workers,
            timeout=call.timeout,
        )
        if call.asking.only_shown:
            changes.show_plan(here, call.tell, request, resolve=resolve, exit_code=False)
            return
        changes.up(here, call.tell, call.checks, request, verify=verify, resolve=resolve, asking=call.asking)


@task(junit=Option("also write a JUnit XML report to this file", "", "FILE"))
def verify(call: Call, limit: str | None = None, junit: str | None = None) -> None:
    """Check the hosts with Testinfra, independently of what cluster.up looked at.

    Example: invoke cluster.verify -i prod --junit report.xml
    """
    from skep.commands.cluster import changes

    with call.site() as here:
        changes.verify(here, call.tell, call.checks, limit=limit, junit=called_from(junit) if junit else None)


@task(
    resolve=RESOLVING,
    html=Option("also write a page for browsers to this file, with the trend of the audits before", "", "FILE"),
    profile=Option("also a benchmark: cis (CIS Docker Benchmark 1.8.0)", "", "NAME", ("cis",)),
    junit=Option("also write a JUnit XML report to this file", "", "FILE"),
)
def audit(
    call: Call,
    limit: str | None = None,
    profile: str | None = None,
    resolve: bool = True,
    junit: str | None = None,
    html: str | None = None,
) -> None:
    """Look for what is wrong or about to be: all checks, with ids, severities, remedies and accepted exceptions.

    Example: invoke cluster.audit -i prod --junit audit.xml
    """
    from skep.commands.cluster import audit as cluster_audit
    from skep.commands.cluster.changes import requested

    with call.site() as here:
        asked = cluster_audit.Asked(
            profile=profile,
            limit=requested(here, "cluster.audit", limit=limit).limit,
            junit=called_from(junit) if junit else None,
            html=called_from(html) if html else None,
            resolve=resolve,
        )
        cluster_audit.audit(here, call.tell, call.checks, asked, call.kinds, as_json=call.json)


@task()
def status(call: Call) -> None:
    """Show nodes, networks and stacks, and what differs from the inventory.

    Example: invoke cluster.status -i prod
    """
    from skep.commands.cluster import status

    with call.site() as here:
        status.status(here, call.tell)


@task(html=Option("the file to write (default report-ENVIRONMENT.html)", "", "FILE"))
def report(call: Call, html: str | None = None) -> None:
    """Write one HTML page: nodes, tasks, stacks, drift, findings, the last runs. Changes nothing.

    Example: invoke cluster.report -i prod --html prod.html
    """
    from skep.commands.cluster import report as cluster_report

    with call.site() as here:
        path = called_from(html or f"report-{here.cluster.name}.html")
        cluster_report.write(here, call.tell, path)


@task(
    host=Option("only what is about this host", "", "HOST", names="hosts"),
    stack=Option("only what is about this stack", "", "NAME", names="stacks"),
)
def watch(call: Call, host: str | None = None, stack: str | None = None) -> None:
    """Show nodes, services and failing tasks as they change, until q or Ctrl-C; without a terminal a line a change.

    Example: invoke cluster.watch -i prod --stack web
    """
    from skep.commands.cluster import watch as cluster_watch

    with call.site() as here:
        cluster_watch.watch(here, call.tell, host=host or "", stack=stack or "")


@task(effect="plans", timeout=Option(GONE, "t", "TIME"))
def down(call: Call) -> None:
    """Remove stacks, networks and the swarm. Engines and volumes stay. Asks first.

    Example: invoke cluster.down -i lab --yes
    """
    from skep.commands.cluster import changes

    with call.site() as here:
        request = changes.requested(here, "cluster.down", timeout=call.timeout)
        changes.down(here, call.tell, request, asking=call.asking)


@task(effect="acts", yes=Option("do not ask", "y"))
def unlock(call: Call, yes: bool = False) -> None:
    """Remove the cluster lock, whoever holds it. Asks first.

    Example: invoke cluster.unlock -i prod
    """
    from skep.commands.cluster import status

    with call.site() as here:
        status.unlock(here, call.tell, yes=yes)


@task(
    effect="plans",
    lacks=("anyway", "timeout"),
    allow_quorum_loss=Option("save it though no other manager can stand in: nothing can be changed meanwhile"),
)
def backup(call: Call, allow_quorum_loss: bool = False) -> None:
    """Save the swarm's state from one manager to backups/. Docker is stopped there for some seconds.

    Example: invoke cluster.backup -i prod
    """
    from skep.commands.cluster import backup as cluster_backup

    with call.site() as here:
        cluster_backup.backup(here, call.tell, allow_quorum_loss=allow_quorum_loss, asking=call.asking)


@task(
    effect="plans",
    lacks=("timeout",),
    older_than=Option(f"how long ago containers must have ended, {DURATION} (default: 24h)", "", "TIME"),
    safe="only what schedules remove: containers of tasks that are over, and images without a name",
)
def prune(call: Call, limit: str | None = None, older_than: str | None = None, safe: bool = False) -> None:
    """Remove what is in nobody's use: stopped containers, images, build cache. Never volumes or networks. Asks first.

    Images that services run, or would go back to by a rollback, stay.

    Example: invoke cluster.prune -i prod --plan
    """
    from skep.commands.cluster import prune as cluster_prune
    from skep.commands.cluster.changes import requested
    from skep.commands.wording import seconds_of
    from skep.upkeep.pruning import DAY, Prune

    older = seconds_of("--older-than", older_than)
    with call.site() as here:
        only = requested(here, "cluster.prune", limit=limit).limit
        role = Prune(safe=safe, older=DAY if older is None else older)
        cluster_prune.prune(here, call.tell, role, only, call.asking)


@task(last="how many lines (default 50)")
def history(call: Call, last: int = 50) -> None:
    """Show what was done, when and by whom.

    Example: invoke cluster.history -i prod --last 20
    """
    from skep.commands.cluster import status

    with call.site() as here:
        status.show_history(here, call.tell, last=last)


TASKS = (plan, up, verify, audit, status, report, watch, down, unlock, backup, prune, history)
