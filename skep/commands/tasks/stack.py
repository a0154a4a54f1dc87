"""``stack.*``: one stack, or the list of all."""

from __future__ import annotations

from skep.cli.options import GONE, Option
from skep.commands.call import Call, called_from, task

OF_INVENTORY = Option("a stack of the inventory", "", "NAME", names="stacks")


@task("name", name=Option("a stack of the inventory (default: all)", "", "NAME", names="stacks"))
def plan(call: Call, name: str = "all", resolve: bool = True, exit_code: bool = False) -> int:
    """Show what a deploy would change, service by service, field by field. Changes nothing.

    Example: invoke stack.plan web -i prod
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        return rollouts.show_plan(here, call.tell, name=name, resolve=resolve, exit_code=exit_code)


@task(
    "name",
    effect="plans",
    name=OF_INVENTORY,
    prune="remove services that are no longer in the compose files",
)
def deploy(call: Call, name: str, prune: bool = False, resolve: bool = True, on_failure: str | None = None) -> None:
    """Bring one stack to what its compose files say, touching only what differs, and wait until it runs.

    Example: invoke stack.deploy web -i prod --on-failure rollback
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        rollouts.deploy(
            here,
            call.tell,
            name=name,
            prune=prune,
            resolve=resolve,
            timeout=call.timeout,
            on_failure=on_failure,
            asking=call.asking,
        )


@task("name", effect="plans", name=Option("a stack of the inventory, or all", "", "NAME", names="stacks"))
def refresh(call: Call, name: str, on_failure: str | None = None) -> None:
    """Ask registries what the tags are now, and roll out images that have moved: for scheduled redeploys.

    Example: invoke stack.refresh all -i prod --on-failure rollback
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        rollouts.refresh(here, call.tell, name=name, timeout=call.timeout, on_failure=on_failure, asking=call.asking)


@task(
    "name", "counts", effect="plans",
    counts=Option("services, each with its number of tasks, comma-separated", "", "SERVICE=NUMBER", names="services"),
)  # fmt: skip
def scale(call: Call, name: str, counts: str) -> None:
    """Set the number of tasks of services, until the next deploy sets what the files say.

    Example: invoke stack.scale web app=3,worker=5 -i prod
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        rollouts.scale(here, call.tell, name=name, counts=counts.split(","), timeout=call.timeout, asking=call.asking)


@task(
    "name", "services", effect="plans",
    services=Option("its services, comma-separated", "", "SERVICES", names="services"),
)  # fmt: skip
def restart(call: Call, name: str, services: str) -> None:
    """Replace the tasks of services one after the other, as their update_config says.

    Example: invoke stack.restart web app -i prod
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        rollouts.restart(
            here, call.tell, name=name, services=services.split(","), timeout=call.timeout, asking=call.asking
        )


@task(
    "name",
    "revision",
    effect="plans",
    revision=Option("a number of stack.history (default: the one before what runs)", "", "REVISION"),
)
def rollback(call: Call, name: str, revision: int = 0) -> None:
    """Take the whole stack back to a revision: services, configs and secrets as they were. Asks first.

    Example: invoke stack.rollback web 4 -i prod
    """
    from skep.commands.stack import rollouts

    with call.site() as here:
        rollouts.rollback(
            here, call.tell, name=name, revision=revision or None, timeout=call.timeout, asking=call.asking
        )


@task("name")
def history(call: Call, name: str) -> None:
    """List the revisions of a stack: when, by whom, from which commit, and what changed.

    Example: invoke stack.history web -i prod
    """
    from skep.commands.stack import revisions

    with call.site() as here:
        revisions.history(here, call.tell, name=name)


@task("name", "old", "new", old=Option("a revision", "", "OLD"), new=Option("another revision", "", "NEW"))
def diff(call: Call, name: str, old: str, new: str) -> None:
    """Show what differs between two revisions of a stack.

    Example: invoke stack.diff web 3 5 -i prod
    """
    from skep.commands.stack import revisions

    with call.site() as here:
        revisions.diff(here, call.tell, name=name, old=old, new=new)


@task()
def ls(call: Call) -> None:
    """List the services of all stacks with running and desired tasks.

    Example: invoke stack.ls -i prod
    """
    from skep.commands import listing

    with call.site() as here:
        listing.show_services(here, call.tell)


@task("name", all="tasks that are over, too")
def ps(call: Call, name: str, all: bool = False) -> None:
    """List the tasks of a stack, with errors.

    Example: invoke stack.ps web -i prod
    """
    from skep.commands.stack import ps as tasks

    with call.site() as here:
        tasks.show(here, call.tell, name=name, history=all)


@task(
    "name",
    service=Option("only this service of it; again for more", "", "SERVICE", names="services"),
    colour="keep the colours that tasks print (all other control characters are shown as such)",
    tail=Option("lines of each task from the end, or all (default 100)", "", "LINES"),
    since=Option("such as 10m, 2h or 2025-06-01T12:00:00Z", "", "TIME"),
    timestamps="each line with its time",
)
def logs(
    call: Call,
    name: str,
    service: tuple[str, ...] = (),
    follow: bool = False,
    tail: str = "100",
    since: str | None = None,
    timestamps: bool = False,
    colour: bool = False,
) -> None:
    """Show what the tasks of a stack print, all services in one stream by time.

    Example: invoke stack.logs web -i prod --follow --since 10m
    """
    from skep.commands.stack import logs as lines

    shown = {"timestamps": timestamps, "colour": colour}
    with call.site() as here:
        lines.show(here, call.tell, name=name, services=service, follow=follow, tail=tail, since=since, **shown)


@task(
    "name",
    effect="plans",
    timeout=Option(GONE, "t", "TIME"),
    volumes=Option("also remove these volumes of it, on every host, comma-separated", "", "NAMES"),
)
def rm(call: Call, name: str, volumes: str | None = None) -> None:
    """Remove a stack and wait until it is gone. Volumes stay, but for those named. Asks first.

    Example: invoke stack.rm web -i lab --yes
    """
    from skep.commands.stack import rm as stack_removal

    with call.site() as here:
        stack_removal.remove(
            here,
            call.tell,
            name=name,
            volumes=volumes,
            timeout=call.timeout,
            asking=call.asking,
        )


@task(
    "name",
    name=Option("a stack (default with --file: its folder's name)", "", "NAME", names="stacks"),
    file=Option("a compose file instead of an inventory; again for more, in merge order", "", "FILE"),
    json=Option("the specs as they would be sent to the Engine", "j"),
)
def render(call: Call, name: str = "", file: tuple[str, ...] = ()) -> None:
    """Show a stack's compose files as one: merged, filled in, checked. Needs no host.

    Example: invoke stack.render web --file compose.yml --file override.yml --json
    """
    from skep.commands.stack import render as files

    if file:
        files.of_files(call.tell, [str(called_from(one)) for one in file], name=name, json=call.json)
    else:
        files.of_inventory(call.tell, call.inventory, name=name, json=call.json)


TASKS = (plan, deploy, refresh, scale, restart, rollback, history, diff, ls, ps, logs, rm, render)
