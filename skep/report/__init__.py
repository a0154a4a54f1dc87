"""The only room that prints: for a terminal, for a log, or as JSON events."""

from skep.report.output_format import reporter
from skep.report.reporter import Reporter

__all__ = ["Reporter", "reporter"]
