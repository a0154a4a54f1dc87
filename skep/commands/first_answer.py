"""One of many is enough: the first is asked, and the next as well where it keeps us waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from skep.dataclass import dataclass
from skep.errors import SkepError

TURN = 1.0
"""Seconds of silence after which one more is asked."""

PATIENCE = 2.0
"""Seconds of silence, once all are asked, after which it is said who is waited for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answered, if anybody; of those asked before it, who says nothing, and why others are of no use."""

    answered: str | None
    silent: Sequence[str]
    refused: Mapping[str, SkepError]


def first_answer(names: Iterable[str], ask: Callable[[str], None], waiting: Callable[[Sequence[str]], None]) -> Asked:
    """Ask until one answers; ``ask`` raises ``SkepError`` for one that is of no use.

    ``waiting`` is called at most once, with those that are silent when nobody is left to ask. Who is silent at the end
    is asked on, in a thread that neither holds up the process's end nor says anything.
    """
    names = list(names)
    left, silent = list(names), list[str]()
    refused: dict[str, SkepError] = {}
    answers: queue.SimpleQueue[tuple[str, Exception | None]] = queue.SimpleQueue()

    def asking(name: str) -> None:
        try:
            ask(name)
        except Exception as error:
            answers.put((name, error))
        else:
            answers.put((name, None))

    patience: float | None = PATIENCE
    while left or silent:
        if left:
            silent.append(left.pop(0))
            threading.Thread(target=asking, args=(silent[-1],), name=f"ask {silent[-1]}", daemon=True).start()
        try:
            name, error = answers.get(timeout=patience if patience and not left else TURN)
        except queue.Empty:
            if not left and patience:
                waiting(silent)
                patience = None
            continue
        silent.remove(name)
        if error is None:
            before = names[: names.index(name)]
            return Asked(name, [one for one in before if one in silent], _of(before, refused))
        if not isinstance(error, SkepError):
            raise error
        refused[name] = error
    return Asked(None, silent, _of(names, refused))


def _of(names: Iterable[str], refused: Mapping[str, SkepError]) -> dict[str, SkepError]:
    return {name: refused[name] for name in names if name in refused}
