"""Invoke's core options, those that stand before tasks: what they do here."""

from __future__ import annotations

IDLE = {
    "command-timeout": "--timeout of a task is for how long services may take",
    "echo": "-v of a task shows each step as it starts",
    "hide": "-q of a task is for less output",
    "prompt-for-sudo-password": "set ssh.sudo-password in the inventory, a reference such as ${env:SUDO}",
    "pty": "lab.ssh gives a terminal",
    "warn-only": "what does not need a failed step goes on by itself",
}
"""Core options that are for commands which Invoke runs itself, as none of our tasks does; and what there is instead."""

OURS = {
    "complete": "print what may come next on the command line that follows --",
    "config": "settings to use besides invoke.yaml",
    "debug": "what Invoke itself does, step by step",
    "dry": "show the plan of a task that has one, and change nothing",
    "help": "explain the program, or a task",
    "list": "name all tasks, or those of a noun such as stack",
    "list-depth": "name tasks up to that depth only",
    "list-format": "flat (default), nested or json",
    "print-completion-script": "print what bash, zsh or fish reads for completion; the task completion installs it",
    "version": "print the version",
    "write-pyc": "let Python keep compiled modules",
}
"""What core options do here, where Invoke's own words on it say something else."""

BEHIND = {"complete", "config", "dry", "help", "list", "site"}
"""Core options that may stand behind a task, by their long names."""

LETTERS = ("-h", "-R")
"""Letters of core options that mean the same behind a task; others are likelier meant for the task itself."""

FORMATS = ("flat", "nested", "json")
"""What --list-format takes."""


def long_name(written: str) -> str:
    """The name of an option as help writes it, such as ``-l [STRING], --list[=STRING]``."""
    return written.rpartition("--")[2].partition("=")[0].partition("[")[0]


def stands_behind(written: str, name: str) -> bool:
    """Whether a core option, however it is written, does something behind a task."""
    return name in IDLE or (name in BEHIND if written.startswith("--") else written in LETTERS)
