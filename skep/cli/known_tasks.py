"""Every task by its name on the command line, for tasks about tasks. ``skep/commands/tasks/every.py`` fills it."""

from __future__ import annotations

from skep.cli.command import Command

TASKS: dict[str, Command] = {}
