"""``python -m skep``: what ``./inv`` runs."""

from skep.cli.program import program

program().run()
