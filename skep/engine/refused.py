"""Requests that an engine refuses for a moment, and removals of what is gone already."""

from __future__ import annotations

from collections.abc import Callable

from docker.errors import APIError

from skep.engine.transport import EngineClient
from skep.waiting import until

CHANGING = 5.0
"""Seconds for which a change is tried again while others change the same object."""


def changed_by_others(error: APIError) -> bool:
    """Whether it says that somebody else changed the object, or took the name, at that moment."""
    return error.status_code == 409 or "out of sequence" in str(error.explanation)


def retry(
    api: EngineClient,
    change: Callable[[], object],
    passes: Callable[[APIError], bool] = changed_by_others,
    *,
    seconds: float = CHANGING,
    every: float = 0.2,
) -> None:
    """``change``, tried again while the engine refuses it for a reason that ``passes``: each try looks anew.

    It is tried again at least once, however long the first try took. Raises the last refusal, an ``APIError``, after
    ``seconds`` or at the end of the step's time.
    """
    refusal: APIError | None = None
    tries = 0

    def done() -> bool:
        nonlocal refusal, tries
        tries += 1
        try:
            change()
        except APIError as error:
            if not passes(error):
                raise
            refusal = error
            return False
        return True

    if until(done, seconds=seconds, every=every, pause=api.pause):
        return
    if tries == 1 and api.pause(every) and done():
        return
    assert refusal is not None
    raise refusal


def gone(remove: Callable[[str], object], identifier: str, used: int = 404) -> None:
    """Remove, unless it is gone already, or (``used``) the engine's answer says that it is in use."""
    try:
        remove(identifier)
    except APIError as error:
        if error.status_code not in (404, used):
            raise
