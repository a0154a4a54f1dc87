"""Every option that more than one task has: its name, its letter and what it means are said here, once."""

from __future__ import annotations

from skep.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """``letter`` is the short form. ``value`` stands for what is given, in help; ``values`` are all that may be given;
    ``names`` says which names of the inventory may: ``hosts``, ``stacks``, ``services``, ``networks``, ``inventories``,
    ``tasks``, or ``keys`` of the files."""

    help: str
    letter: str = ""
    value: str = ""
    values: tuple[str, ...] = ()
    names: str = ""


ENVIRONMENT = "environment: a name in inventory/ or a file"
DURATION = "such as 90s, 5m or 1h30m"

COMMON = {
    "inventory": Option(
        f"{ENVIRONMENT} (else $SKEP_INVENTORY, invoke.yaml, the only one)", "i", "NAME", names="inventories"
    ),
    "json": Option("events one a line on stdout, and nothing else there", "j"),
    "verbose": Option("every step's start, progress and order; tracebacks of bugs", "v"),
    "quiet": Option("only what was asked for, warnings and errors", "q"),
    "limit": Option("only these hosts or groups, comma-separated", "l", "HOSTS", names="hosts"),
    "yes": Option("do not ask", "y"),
    "plan": Option("show what would be done, and end there"),
    "wait_lock": Option(
        f"how long to wait where somebody else is at work, {DURATION} (default: not at all)", "", "TIME"
    ),
    "anyway": Option("make changes in a freeze, or outside of maintenance windows; the reason is kept", "", "REASON"),
    "timeout": Option(
        f"how long services may take to run as desired, {DURATION} (default: the inventory's)", "t", "TIME"
    ),
    "resolve": Option("deploy tags as they are, and ask no registry for their digests"),
    "replace_network": Option("networks that may be removed and created anew, comma-separated", "", "NAMES",
                              names="networks"),
    "allow_quorum_loss": Option(
        "restart managers that none can stand in for: nothing can be changed until they are back"
    ),
    "parallel_workers": Option(
        "how many workers may be out of service at once while engines restart: a number, or such as 25% (default: 1)",
        "", "N",
    ),
    "on_failure": Option(
        "keep what failed (default), or rollback: the whole stack as it was", "", "WHAT", ("keep", "rollback")
    ),
    "exit_code": Option("exit 10 if something would change"),
    "name": Option("a stack", "", "NAME", names="stacks"),
    "host": Option("a host of the lab", "", "HOST", names="hosts"),
    "follow": Option("go on until Ctrl-C", "f"),
    "keyword": Option("only lab or unit tests of that name (pytest -k)", "k", "WORD"),
}  # fmt: skip

ALL = ("json", "verbose", "quiet")
"""What every task takes."""

CHANGING = ("yes", "plan", "timeout", "wait_lock", "anyway")
"""What every task takes that changes the cluster by a plan."""

GONE = f"how long a stack may take to be gone, {DURATION} (default: the inventory's)"
