"""Read-only questions to a host's engine: GET requests pipelined into ``docker system dial-stdio`` on the host, so
that ten answers cost two processes there and no round trip more."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

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
"""Seconds for which a manager without a leader is asked again."""

SOON, ALIVE, LATE = 8, 3, 40
"""Seconds for the first answer; for a sign of life where there was none, which needs nothing but the engine itself;
and for an answer of an engine that is alive."""

SILENT = 3
"""Status of the script where an engine runs and gives no sign of life."""

_MORE = "--more--"
_RUNS = "--engine runs--"
_NO_ROOM = "--no-room--"
_LISTENS = "--listens--"
_UNIT = "--unit--"
_FILE = "--file--"
_STATE = "--state--"

_ASK = r"""
ask() {
  why= place=$(mktemp -d /run/skep.XXXXXXXX 2>&1) && why=$(mkfifo "$place/in" 2>&1) || {
    echo "--no-room--${why:-$place}"; rmdir "$place"; return 1; }
  timeout $2 docker system dial-stdio <"$place/in" &
  exec 5>"$place/in"
  rm -rf "$place"
  printf '%b' "$1" >&5
  wait $!
  exec 5>&-
}
"""
"""The pipe's writing end stays open until the engine has answered and closed: closed, or written to, any earlier it
would make the engine cancel what it is at, or lose what it says."""


def script(questions: Iterable[str]) -> str:
    """POSIX sh, after ``places.ENGINE``, that prints the raw answers; prints nothing where no engine runs.

    The engine is asked only where its process lives: its socket alone would start it. A manager that has just lost its
    leader tells nothing of the swarm, after up to 20 s of its own: it is asked again while a new one is elected.
    """
    others = [f"GET {question} HTTP/1.1\\r\\nHost: docker\\r\\n" for question in questions if question != FIRST]
    more = "\\r\\n".join(others) + "Connection: close\\r\\n\\r\\n" if others else ""
    return f"""{_ASK}
if [ "$engine" ] && command -v docker >/dev/null; then
  echo '{_RUNS}'
  first() {{ info=$(ask 'GET {FIRST} HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n' $1); }}
  lives() {{ ask 'GET /_ping HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n' {ALIVE}; }}
  state() {{ sed -n 's/^State:[[:space:]]*//p' "/proc/$engine/status"; }}
  info=
  case $(state) in T*) ;; *)
    first {SOON}
    case $info in HTTP/* | {_NO_ROOM}*) ;; *) case $(lives) in HTTP/*) first {LATE} ;; esac ;; esac ;;
  esac
  until=$(($(date +%s) + {ELECTION}))
  while [ "$(date +%s)" -lt $until ]; do
    case $info in
      *'"Cluster":{{"ID":""'*) ;; *'"Cluster":'*) break ;; *'"ControlAvailable":true'*) ;; *) break ;;
    esac
    sleep 1
    first {LATE}
  done
  case $info in HTTP/* | {_NO_ROOM}*) ;; *)
    info=$(echo '{_LISTENS}'; tr '\\0' '\\n' <"/proc/$engine/cmdline"
      echo '{_UNIT}'; systemctl show --property=Listen --value docker.socket
      echo '{_FILE}'; cat /etc/docker/daemon.json
      printf '\\n{_STATE}\\n'; state) ;;
  esac
  printf '%s\\n{_MORE}\\n' "$info"
  case $info in {_LISTENS}*) exit {SILENT} ;; esac
  case $info in *'"ControlAvailable":true'*) {f"ask '{more}' {LATE}" if more else ":"} ;; esac
fi"""


def parse(raw: str, questions: Iterable[str]) -> dict[str, Any]:
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
        raise TimeoutError("the engine runs and does not answer" + (f"; its process: {state}" if state else ""))
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
    handed = [f"unix://{line.split()[0]}" for line in unit.splitlines() if line.endswith("(Stream)")]
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
    """Stays open when a response is done with its part."""

    def close(self) -> None:
        """Nothing to close."""
