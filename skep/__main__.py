"""The command ``skep``, and ``python -m skep``, which is what ``./inv`` runs."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a Ctrl-C ends it with 130 however early it comes."""
    try:
        _run()
    except (KeyboardInterrupt, SystemExit) as ended:  # Invoke makes of the one, before a task runs, the other
        if not isinstance(ended, KeyboardInterrupt) and not isinstance(ended.__context__, KeyboardInterrupt):
            raise
        from skep.cli.ending import stopped

        sys.exit(stopped(json="--json" in sys.argv or "-j" in sys.argv))


def _run() -> None:
    """``./inv`` says in ``SKEP_AS`` how it was called, and in ``SKEP_FROM`` where."""
    called = os.environ.pop("SKEP_AS", None)
    if called is None:
        os.environ.pop("SKEP_FROM", None)
    notes = None
    if sys.argv[1:3] == ["--complete", "--"]:
        from skep.cli.notes import Notes
        from skep.cli.quick import offered

        notes = Notes(os.environ)
        found = offered(sys.argv[3:], notes)
        if found is not None:
            print("\n".join(found))
            return
    from skep.cli.lean_invoke import lightly

    with lightly():
        from skep.cli.program import program
        from skep.tasks import namespace

        whole = program(namespace, called)
    whole.notes = notes
    whole.run()


if __name__ == "__main__":
    main()
