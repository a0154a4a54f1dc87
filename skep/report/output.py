"""Where reporters write to. A disk that is full, or a reader that went away, is noted here: whether a run may be cut
short for it is not for each line to decide."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from skep.errors import OutputLost


class Output:
    """A stream. From the first failure on nothing is written, and ``lost`` says why.

    Only a reader that went away is raised, as ``BrokenPipeError``; not even that once ``steady``.
    """

    def __init__(self, stream: IO[str], *, steady: bool = False) -> None:
        self._stream = stream
        self.steady = steady
        self.lost: OutputLost | BrokenPipeError | None = None

    def write(self, text: str) -> int:
        """As of any stream."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def line(self, text: str) -> None:
        """A whole line, at once."""
        self.write(f"{text}\n")
        self.flush()

    def flush(self) -> None:
        """As of any stream."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, act: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            act()
        except OSError as error:
            gone = isinstance(error, BrokenPipeError)
            self.lost = (
                BrokenPipeError()
                if gone
                else OutputLost(
                    "not all that there was to tell could be written",
                    cause=error.strerror,
                    next_action="look at where the output goes, then run the same command again",
                )
            )
            with suppress(OSError, ValueError):  # what the stream still holds would fail again at the process's end
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if gone and not self.steady:
                raise self.lost from None
