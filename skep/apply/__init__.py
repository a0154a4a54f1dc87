"""Carries out a plan. Decides nothing: what to do, where and in which order is all in the steps.

``skep.apply.executor`` is imported where a run begins: it needs the Docker SDK, which looking does not.
"""

from skep.apply.events import Event, Outcome, Tell

__all__ = ["Event", "Outcome", "Tell"]
