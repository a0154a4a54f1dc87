"""``lab.*``: the hosts on this machine, described by an inventory's ``x-lab``."""

from __future__ import annotations

from pathlib import Path

from skep import shipped
from skep.cli.command import Command
from skep.cli.options import Option
from skep.commands.call import FOLDER, Call, task
from skep.shell import quoted

LAB = "lab"


def _described(call: Call) -> Path:
    """The inventory whose hosts are the lab. Raises ``UsageError`` with how to get one where the site has none."""
    from skep.errors import UsageError

    try:
        return call.inventory
    except UsageError:
        if call.named != LAB or (FOLDER / f"{LAB}.yml").exists():
            raise
        example = quoted(str(shipped.FOLDER / "inventory" / f"{LAB}.yml"))
        raise UsageError(
            f"this site describes no lab: there is no {FOLDER}/{LAB}.yml",
            cause="a lab is an inventory with x-lab, whose hosts run on this machine",
            next_action=f"take the one that comes with skep: cp {example} {FOLDER}/{LAB}.yml\nor name yours with -i",
        ) from None


@task(
    effect="acts",
    inventory=LAB,
    hosts="how many hosts (default: those of the inventory)",
    suite=Option("Debian release, or el9", "", "NAME"),
)
def up(call: Call, hosts: int = 0, suite: str | None = None) -> None:
    """Boot the lab's hosts on this machine: systemd, sshd, and a registry. Needs root on Linux.

    Example: invoke lab.up --hosts 3 --suite trixie
    """
    from skep.commands import lab_hosts

    lab_hosts.up(_described(call), call.tell, hosts=hosts or None, suite=suite, host_keys=call.host_keys)


@task(effect="acts", inventory=LAB)
def down(call: Call) -> None:
    """End the lab; nothing stays but the cached base file systems.

    Example: invoke lab.down
    """
    from skep.commands import lab_hosts

    lab_hosts.down(_described(call), call.tell, host_keys=call.host_keys)


@task(inventory=LAB)
def status(call: Call) -> None:
    """List the lab's hosts and whether they answer.

    Example: invoke lab.status
    """
    from skep.commands import lab_hosts

    lab_hosts.status(_described(call), call.tell, host_keys=call.host_keys)


@task("host", effect="acts", inventory=LAB)
def ssh(call: Call, host: str) -> None:
    """Log in to a lab host.

    Example: invoke lab.ssh m1
    """
    from skep.commands import lab_hosts

    lab_hosts.ssh(_described(call), host=host, host_keys=call.host_keys)


def _fault(what: str, summary: str) -> Command:
    """A task that does one kind of harm, or undoes it."""

    def harm(call: Call, host: str) -> None:
        from skep.commands import lab_hosts

        lab_hosts.fault(_described(call), call.tell, what=what, host=host, host_keys=call.host_keys)

    harm.__doc__ = f"{summary}\n\nExample: invoke lab.{what} w1"
    return task("host", effect="acts", inventory=LAB, called=what)(harm)


TASKS = (
    up,
    down,
    status,
    ssh,
    _fault("cut", "Cut a lab host off the network."),
    _fault("heal", "Connect a lab host again."),
    _fault("kill", "Take a lab host's power away."),
    _fault("boot", "Boot a lab host again."),
)
