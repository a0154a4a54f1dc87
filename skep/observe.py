"""One look at every host: all probes joined in one script, one round trip a host, side by side."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, TypeVar

from skep import places, preflight, questions
from skep.dataclass import dataclass
from skep.errors import EngineSilent, ProbeError, SkepError, SudoError
from skep.model import Cluster
from skep.preflight import Facts
from skep.questions import Inquiry
from skep.request import requested
from skep.role import AnyRole, Role
from skep.seen import Member, Members, Seen, believed, member
from skep.ssh import Pool, Result, Session

ENGINE = "engine-api"
"""Name of the section that holds the engine's answers."""

USER = "user"
"""Name of the section that holds who the script runs as."""

_WHO = """while read -r key _ user _; do [ "$key" != Uid: ] || break; done </proc/self/status
if [ "$user" = 0 ]; then echo 0; else id -u; id -un; fi"""

DEADLINE = 180.0
"""Seconds a host may take for all probes; each question to its engine has a shorter one of its own."""


State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen: role → host → state, facts and standing in the swarm by host, and why the others did not
    answer."""

    states: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Facts]
    failures: Mapping[str, SkepError]
    members: Members = field(default_factory=dict)
    answers: Mapping[Inquiry, object] = field(default_factory=dict)
    """What a manager was asked in addition."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that answered."""
        return tuple(self.facts)

    @property
    def manager(self) -> str | None:
        """The host whose word on the swarm is believed, by all roles; ``None`` where nobody can list its nodes."""
        return believed(self.members)

    def of(self, role: Role[State]) -> Seen[State]:
        """What that role plans from."""
        platforms = {name: facts.platform for name, facts in self.facts.items()}
        return Seen(self.states[role.name], platforms, self.members, self.manager)

    def updated(self, later: Observation) -> Observation:
        """This observation, with what a later one of some of the hosts found."""
        return replace(
            self,
            states={name: {**self.states[name], **found} for name, found in later.states.items()},
            facts={**self.facts, **later.facts},
            members={**self.members, **later.members},
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What one host showed; states by role."""

    facts: Facts
    member: Member | None
    states: Mapping[str, object]


def observe(
    cluster: Cluster,
    pool: Pool,
    roles: Sequence[AnyRole],
    hosts: Iterable[str] | None = None,
    waiting: Callable[[Sequence[str]], None] = lambda missing: None,
) -> Observation:
    """Look at the hosts (all by default). A host's failure is kept in ``failures``; nothing is raised for it.

    ``waiting`` gets who is missing: at first all, then after each answer, from threads, one at a time.
    """
    names = list(pool.hosts if hosts is None else hosts)
    asked = asked_by(roles)
    probes = {
        USER: _WHO,
        "preflight": preflight.probe(cluster),
        ENGINE: questions.probe(asked),
        **{role.name: probe for role in roles if (probe := role.probe_of(requested(cluster)))},
    }
    missing = list(names)
    telling = threading.Lock()

    def look(session: Session) -> _Look:
        try:
            return _look(session, probes, asked, roles)
        finally:
            with telling:
                missing.remove(session.host)
                waiting(tuple(missing))

    waiting(tuple(missing))
    looks = pool.map(look, names)
    failures = {name: look for name, look in looks.items() if isinstance(look, SkepError)}
    seen = {name: look for name, look in looks.items() if not isinstance(look, SkepError)}
    return Observation(
        states={role.name: {name: look.states[role.name] for name, look in seen.items()} for role in roles},
        facts={name: look.facts for name, look in seen.items()},
        failures=failures,
        members={name: look.member for name, look in seen.items()},
    )


def asked_by(roles: Sequence[AnyRole]) -> list[str]:
    """Every question to a host's engine once: the roles', and what says where it stands in the swarm."""
    own = ["/info", "/nodes"] if roles else ["/info"]
    return list(dict.fromkeys([*own, *(question for role in roles for question in role.questions)]))


def _look(session: Session, probes: Mapping[str, str], asked: Sequence[str], roles: Sequence[AnyRole]) -> _Look:
    mark = f"@@{secrets.token_hex(6)}"
    session.open()
    sent = time.time()
    result = session.run(join(probes, mark), timeout=DEADLINE)
    received = time.time()
    sections = split(result.out, mark)
    missing = [name for name in probes if name not in sections]
    if result.status or (missing and ENGINE not in sections):
        raise _broken_off(session.host, result, missing)
    user, _, name = sections[USER].strip().partition("\n")
    if user != "0":
        raise not_root(session.host, name or user, sudo=session.access.sudo)
    try:
        answers = questions.parse(sections[ENGINE], asked)
    except TimeoutError as error:
        look = f"on {session.host} look at: journalctl -u docker; if it stays: systemctl restart docker"
        raise EngineSilent(str(error), host=session.host, step="observe", next_action=look) from None
    except questions.Unasked as error:
        raise ProbeError(str(error), host=session.host, step="observe", next_action=error.next_action) from None
    if missing:
        raise _broken_off(session.host, result, missing)
    with _understood(session.host, "preflight"):
        facts, standing = preflight.parse(sections["preflight"], answers, sent, received), member(answers)
    states = {}
    for role in roles:
        with _understood(session.host, role.name):
            states[role.name] = role.parse(sections.get(role.name, ""), answers)
    return _Look(facts, standing, states)


def _broken_off(host: str, result: Result, missing: Sequence[str]) -> ProbeError:
    return ProbeError(
        f"the observation ended with status {result.status}" + (f" before {missing[0]}" if missing else ""),
        host=host,
        step="observe",
        cause=result.err.strip()[-500:] or "no error was printed",
        next_action="run again; if it stays, look at the host's system log",
    )


def not_root(host: str, user: str, *, sudo: bool) -> SudoError:
    """A login that sees only part of a host: what it does not find may be there all the same."""
    return SudoError(
        f"runs scripts as {user}, which is not root",
        host=host,
        step="observe",
        cause="what it may not read would look as if it were not there",
        next_action="check runas_default in the host's sudoers, or log in as root: ssh.user: root"
        if sudo
        else "set ssh.sudo: true in the inventory for this host, or log in as root: ssh.user: root",
    )


@contextmanager
def _understood(host: str, probe: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProbeError(
            f"the answer to the {probe} probe cannot be understood",
            host=host,
            step="observe",
            cause=f"{type(error).__name__}: {error}",
            next_action="if it stays, please report it with this host's Docker version",
        ) from error


def join(probes: Mapping[str, str], mark: str) -> str:
    """One script out of all probes, behind what they share; each prints behind a line of its own."""
    parts = [f"{{\n{places.HOST}\n}} 2>/dev/null"]
    for name, probe in probes.items():
        parts.append(f"printf '\\n{mark} {name}\\n'\n(\n{probe}\n) 2>/dev/null")
        if name == ENGINE:  # what others would ask of it keeps us waiting, too
            parts.append(f"[ $? != {questions.SILENT} ] || {{ printf '\\n{mark} end\\n'; exit 0; }}")
    parts.append(f"printf '\\n{mark} end\\n'\nexit 0")
    return "\n".join(parts)


def split(text: str, mark: str) -> dict[str, str]:
    """The sections of the joined script's output by name; a section cut short is not among them."""
    pieces = text.split(f"\n{mark} ")[1:]
    sections = dict(piece.partition("\n")[::2] for piece in pieces)
    if "end" not in sections and sections:
        sections.pop(next(reversed(sections)))
    return sections
