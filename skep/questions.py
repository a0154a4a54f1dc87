"""Read-only questions to a host's engine: GET requests pipelined into ``docker system dial-stdio`` on the host, so
that ten answers cost two processes there and no round trip more."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any

from skep import places
from skep.dataclass import dataclass
from skep.shell import exported, script

Answers = Mapping[str, Any]
"""Question → decoded JSON. What the engine refused or did not finish is missing; without an engine all is."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question to one manager that depends on what was observed: a path to GET, with the login to the registry of
    ``image``, if it is about one. The answer is decoded JSON, or a text that says why there is none."""

    path: str
    image: str = ""
    lasting: bool = True
    """Whether an answer holds for a whole run; else it is asked anew at every look."""


SOCKET = "unix:///var/run/docker.sock"
"""Where every engine is asked: on its own host, whatever that host's environment or Docker contexts say."""


class Unasked(Exception):
    """The engine runs and cannot be asked, for a reason to be removed on the host; ``next_action`` says how."""

    def __init__(self, why: str, next_action: str) -> None:
        super().__init__(why)
        self.next_action = next_action


def tasks_of(what: str, identifier: str) -> Inquiry:
    """The tasks of a ``service`` or on a ``node``, as they are at every look."""
    return Inquiry(f"/tasks?filters=%7B%22{what}%22%3A%5B%22{identifier}%22%5D%7D", lasting=False)


SERVICES = "/services?status=true"
"""Services, with how many of their tasks run and are to."""

FIRST = "/info"
"""Asked everywhere; the other questions are asked of managers only, since workers note each as an error."""

ELECTION = 10
"""Seconds for which a manager without a leader is asked again, where it is asked about the swarm."""

SOON, ALIVE, LATE = 8, 3, 40
"""Seconds for the first answer; for a sign of life where there was none, which needs nothing but the engine itself;
and for an answer of an engine that is alive."""

SLOWER = 4
"""How many times the start of the client is added to the last two where a sign of life does not come: on a slow host it
takes seconds by itself."""

DUMB = "the engine runs and does not answer"

SILENT = 3
"""Status of the script where an engine runs and gives no sign of life."""

_MORE = "--more--"
_RUNS = "--engine runs--"
_NO_ROOM = "--no-room--"
_LISTENS = "--listens--"
_UNIT = "--unit--"
_FILE = "--file--"
_STATE = "--state--"


SIGN = exported({"ALIVE": ALIVE, "SLOWER": SLOWER}) + script("skep/alive.sh")
"""POSIX sh; asks for a sign of life of the engine. See ``no_sign``."""


def no_sign(raw: str) -> str:
    """What ``SIGN`` printed, in words; nothing where the engine lives."""
    if raw.strip() == "off":
        return "its engine does not run"
    _, silent, state = raw.strip().partition("silent ")
    return f"{DUMB}; its process: {state}" if silent else ""


def probe(questions: Iterable[str]) -> str:
    """POSIX sh, after ``places.HOST``, that prints the raw answers; prints nothing where no engine runs."""
    others = [f"GET {question} HTTP/1.1\\r\\nHost: docker\\r\\n" for question in questions if question != FIRST]
    more = "\\r\\n".join(others) + "Connection: close\\r\\n\\r\\n" if others else ""
    seconds = {"SOON": SOON, "ALIVE": ALIVE, "LATE": LATE, "ELECTION": ELECTION if others else 0}
    return places.probe("skep/questions.sh", OTHERS=more, SLOWER=SLOWER, **seconds)


def parse(raw: str, questions: Iterable[str]) -> dict[str, object]:
    """The answers out of what the script printed (text as ``Session.run`` gives it).

    Raises ``TimeoutError`` if an engine runs there and did not answer, or not to the end; ``Unasked`` where the host
    has to be changed first.
    """
    _, _, text = raw.partition(f"{_RUNS}\n")
    if not text and _RUNS not in raw:
        return {}
    first, _, rest = text.partition(f"\n{_MORE}\n")
    if first.startswith(_NO_ROOM):
        why = first.removeprefix(_NO_ROOM).strip()
        raise Unasked(f"/run takes no files: {why}", "make room there: df -h /run; df -i /run")
    if elsewhere := _elsewhere(first):
        raise Unasked(
            f"its engine does not listen on {SOCKET}, but on {', '.join(elsewhere)}",
            f"let it listen there, too: {SOCKET} in hosts of /etc/docker/daemon.json, or -H in the unit's ExecStart",
        )
    answers = _responses(first, [FIRST])
    if answers.get(FIRST) is None:
        state = first.partition(f"{_STATE}\n")[2].strip() if first.startswith(_LISTENS) else ""
        raise TimeoutError(DUMB + (f"; its process: {state}" if state else ""))
    others = [question for question in questions if question != FIRST]
    found = _responses(rest, others)
    manager = bool((answers[FIRST].get("Swarm") or {}).get("ControlAvailable"))
    if len(found) < len(others) and (found or manager):
        raise TimeoutError("the engine stopped answering half-way")
    return answers | {question: answer for question, answer in found.items() if answer is not None}


def _elsewhere(text: str) -> list[str]:
    """Where an engine listens that gave no answer, if the place where it is asked is not among that."""
    if not text.startswith(_LISTENS):
        return []
    words, _, rest = text.removeprefix(_LISTENS).partition(_UNIT)
    unit, _, file = rest.partition(_STATE)[0].partition(_FILE)
    found = re.findall(r"^(?:-H=?|--host=)(\S+)$|^(?:-H|--host)\n(\S+)$", words, re.MULTILINE)
    places = [one or other for one, other in found]
    try:
        given = json.loads(file).get("hosts") or []
        places += [str(place) for place in given]
    except (ValueError, AttributeError, TypeError):
        pass
    listens = [line.removeprefix("Listen=") for line in unit.splitlines()]
    handed = [f"unix://{line.split()[0]}" for line in listens if line.endswith("(Stream)")]
    places = [place for one in places for place in (handed if one.startswith("fd://") else [one])]
    return [] if any(place in (SOCKET, SOCKET.replace("/var/run", "/run")) for place in places) else places


def _responses(raw: str, questions: Iterable[str]) -> dict[str, Any]:
    """Question → answer, ``None`` where it was refused; what comes after a cut is missing."""
    stream = _Stream(raw.encode(errors="surrogateescape"))
    answers = {}
    for question in questions:
        try:
            response = HTTPResponse(stream)  # type: ignore[arg-type]
            response.begin()
            body = response.read()
            answers[question] = json.loads(body) if response.status == 200 else None
        except (HTTPException, OSError, ValueError):
            break
    return answers


class _Stream:
    """Bytes as the socket that ``HTTPResponse`` reads from, shared by responses that follow each other."""

    def __init__(self, data: bytes) -> None:
        self._file = _Open(data)

    def makefile(self, _: str) -> io.BytesIO:
        return self._file


class _Open(io.BytesIO):
    """A stream that stays open when a response has read its part."""

    def close(self) -> None:
        """Nothing to close."""
