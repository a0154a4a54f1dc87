"""Invoke tasks: ``invoke --list`` shows them, ``invoke --help TASK`` explains one."""

from skep.tasks import namespace

__all__ = ["namespace"]
