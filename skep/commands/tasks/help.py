"""``help``: what a task does and takes."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import Call, task


@task("task", called="help", inventory=None, task=Option("a task, such as cluster.up", "", "TASK", names="tasks"))
def explain(call: Call, task: str = "") -> None:
    """Explain the program, or a task: the same as --help TASK.

    Example: invoke help cluster.up
    """
    raise AssertionError("the program answers this while it reads the command line")


TASKS = (explain,)
