"""The command ``skep``, and ``python -m skep``, which is what ``./inv`` runs."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line. ``./inv`` says in ``SKEP_AS`` how it was called, and in ``SKEP_FROM`` where."""
    from skep.cli.light import lightly

    called = os.environ.pop("SKEP_AS", None)
    if called is None:
        os.environ.pop("SKEP_FROM", None)
    with lightly():
        from skep.cli.program import program
        from skep.tasks import namespace

        found = program(namespace, called)
    found.run()


if __name__ == "__main__":
    main()
