"""The command ``skep``, and ``python -m skep``, which is what ``./inv`` runs."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. ``./inv`` says in ``SKEP_AS`` how it was called, and in ``SKEP_FROM`` where.

    A Ctrl-C waits until all modules are there, for half of them could not report it, and ends with 130.
    """
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
    import signal

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from skep.cli.lean_invoke import lightly

    with lightly():
        from skep.cli.ending import stopped
        from skep.cli.program import program
        from skep.tasks import namespace

        whole = program(namespace, called)
    whole.notes = notes
    with stopped(json="--json" in sys.argv or "-j" in sys.argv):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        whole.run()


if __name__ == "__main__":
    main()
