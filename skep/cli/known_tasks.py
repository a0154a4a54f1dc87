"""Every task by its name on the command line: for tasks that are about tasks. ``skep/commands/every.py`` fills it."""

from __future__ import annotations

from skep.cli.command import Command

TASKS: dict[str, Command] = {}
