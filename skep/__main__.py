"""``python -m skep``: what ``./inv`` runs."""

from skep.cli.light import lightly

with lightly():
    from skep.cli.program import program

program().run()
