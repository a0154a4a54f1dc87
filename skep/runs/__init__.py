"""Runs: a request is carried out under the lock, round by round, until what is desired is so."""

from skep.runs.listener import Listener
from skep.runs.loop import Result, run

__all__ = ["Listener", "Result", "run"]
