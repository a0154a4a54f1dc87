"""Which output fits: JSON where asked, live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys

from skep.report.reporter import Reporter


def reporter(*, json: bool = False, verbose: bool = False, quiet: bool = False) -> Reporter:
    """The reporter for this process; ``json`` goes before ``quiet``.

    Colours and motion only on a terminal (``NO_COLOR`` is honoured)."""
    if json:
        from skep.report.json_events import JsonReporter

        return JsonReporter()
    if quiet:
        from skep.report.quiet import QuietReporter

        return QuietReporter(verbose=verbose)
    if sys.stdout.isatty():
        from skep.report.live import LiveReporter

        return LiveReporter(verbose=verbose)
    from skep.report.lines import LinesReporter

    return LinesReporter(verbose=verbose)
