"""Read-only questions to a host's engine: GET requests pipelined into ``docker system dial-stdio`` on the host, so
that ten answers cost two processes there and no round trip more."""

from __future__ import annotations

import io
import json
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


FIRST = "/info"
"""Asked everywhere; the other questions are asked of managers only, since workers note each as an error."""

ELECTION = 10
"""Seconds for which a manager without a leader is asked again."""

_MORE = "--more--"
_RUNS = "--engine runs--"

_ASK = r"""
ask() {
  place=$(mktemp -d /run/skep.XXXXXXXX) && mkfifo "$place/in" || return 1
  timeout 40 docker system dial-stdio <"$place/in" &
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
    """POSIX sh that prints the raw answers; prints nothing where no engine runs.

    The engine is asked only where its process lives: its socket alone would start it. A manager that has just lost its
    leader tells nothing of the swarm, after up to 20 s of its own: it is asked again while a new one is elected.
    """
    others = [f"GET {question} HTTP/1.1\\r\\nHost: docker\\r\\n" for question in questions if question != FIRST]
    more = "\\r\\n".join(others) + "Connection: close\\r\\n\\r\\n" if others else ""
    return f"""{_ASK}
if [ -d "/proc/$(cat /var/run/docker.pid 2>/dev/null || echo none)" ] && command -v docker >/dev/null; then
  echo '{_RUNS}'
  first() {{ info=$(ask 'GET {FIRST} HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n'); }}
  first
  until=$(($(date +%s) + {ELECTION}))
  while [ "$(date +%s)" -lt $until ]; do
    case $info in
      *'"Cluster":{{"ID":""'*) ;; *'"Cluster":'*) break ;; *'"ControlAvailable":true'*) ;; *) break ;;
    esac
    sleep 1
    first
  done
  printf '%s\\n{_MORE}\\n' "$info"
  case $info in *'"ControlAvailable":true'*) {f"ask '{more}'" if more else ":"} ;; esac
fi"""


def parse(raw: str, questions: Iterable[str]) -> dict[str, Any]:
    """The answers out of what the script printed (text as ``Session.run`` gives it).

    Raises ``TimeoutError`` if an engine runs there and did not answer, or not to the end.
    """
    _, _, text = raw.partition(f"{_RUNS}\n")
    if not text and _RUNS not in raw:
        return {}
    first, _, rest = text.partition(f"\n{_MORE}\n")
    answers = _responses(first, [FIRST])
    if answers.get(FIRST) is None:
        raise TimeoutError("the engine runs and does not answer")
    others = [question for question in questions if question != FIRST]
    found = _responses(rest, others)
    manager = bool((answers[FIRST].get("Swarm") or {}).get("ControlAvailable"))
    if len(found) < len(others) and (found or manager):
        raise TimeoutError("the engine stopped answering half-way")
    return answers | {question: answer for question, answer in found.items() if answer is not None}


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
