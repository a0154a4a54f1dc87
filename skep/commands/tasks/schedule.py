"""``schedule.*``: what the inventory lets run by itself."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import Call, task

NO_ROLL_OUT = ("anyway", "timeout")
"""No service is changed or waited for; the lock is taken where hosts run schedules."""
SCHEDULE = Option("a schedule of the inventory", "", "NAME")


@task(effect="plans", lacks=NO_ROLL_OUT)
def apply(call: Call) -> None:
    """Install the schedules of the inventory as timers of systemd, and remove those it has no more.

    On this machine, or for those with `at` on a host of the cluster, which gets skep, the site and a key for it.

    Example: invoke schedule.apply -i prod
    """
    from skep.commands.schedule import on_this_machine

    on_this_machine.apply(call)


@task()
def ls(call: Call) -> None:
    """List schedules: when they run next, how they ended last, and whether their units differ from the inventory.

    Example: invoke schedule.ls -i prod
    """
    from skep.commands.schedule import on_this_machine

    on_this_machine.show(call)


@task(
    "name",
    effect="acts",
    name=SCHEDULE,
    ended="run nothing: look whether the last run came to an end, as systemd asks after one that failed",
)
def run(call: Call, name: str, ended: bool = False) -> int:
    """Run a schedule now, exactly as its timer does: it asks nothing, and removes nothing that runs or is used.

    Example: invoke schedule.run nightly -i prod
    """
    from skep.commands.schedule import runs

    return runs.ended(call, name) if ended else runs.run(call, name)


@task("name", effect="acts", name=SCHEDULE, resume="let it run again")
def pause(call: Call, name: str, resume: bool = False) -> None:
    """Let a schedule not run until it is resumed; its timer stays.

    Example: invoke schedule.pause nightly -i prod --resume
    """
    from skep.commands.schedule import on_this_machine

    on_this_machine.pause(call, name, resume=resume)


@task(effect="plans", lacks=NO_ROLL_OUT)
def rm(call: Call) -> None:
    """Remove all that schedule.apply installed, on this machine and on hosts. Asks first.

    Example: invoke schedule.rm -i prod --yes
    """
    from skep.commands.schedule import on_this_machine

    on_this_machine.remove(call)


TASKS = (apply, ls, run, pause, rm)
