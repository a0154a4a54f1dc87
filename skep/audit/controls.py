"""What an audit looks at: each control with an id that stays, how bad a finding is, and what fixes it. Data lies in the
TOML files beside this one; importing pytest is left to those who run tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, cast

from skep.dataclass import dataclass
from skep.json_types import mapping
from skep.kinds.audits import PROFILES, Severity
from skep.swarm.hardening import SHOWN

BENCHMARK = "CIS Docker Benchmark 1.8.0"
JUDGED = ("images", "containers", "secrets", "key-age", "expiry", "ca", "data-path", "ulimits")
"""What of a swarm or an engine a person has to judge."""
Place = Literal["host", "manager", "here"]
PLACES: dict[Place, str] = {"here": "", "host": "on the host: ", "manager": "on a manager: "}
"""Where a remedy is typed, in words."""
UNWATCHED = "without a rule nobody can say afterwards who changed what"
WRITTEN = "who may change it, or read its keys, may take over the engine, and with it the host"


@dataclass(frozen=True, slots=True)
class Control:
    """``title`` says what is right. ``remedy`` is typed ``on`` the host, on a manager, or here, where skep runs."""

    id: str
    title: str
    severity: Severity
    remedy: str
    on: Place = "host"
    why: str = ""
    """What comes of it where it is otherwise; for files and rules of auditd the same for all."""
    number: str = ""
    """In the benchmark."""
    level: int = 0
    automated: bool = True
    """Whether the benchmark lets a program judge. What can be decided all the same is decided here."""
    why_not: str = ""
    """Why it does not apply to any swarm."""
    watch: str = ""
    """What auditd has to watch; ``unit:NAME`` is the file of a unit, ``cmd:NAME`` a program, ``root:`` the folder
    of the engine's data."""
    path: str = ""
    """Files that have to have ``owner`` or at most ``mode``; ``daemon:KEY`` is the file that the engine's settings
    name."""
    owner: str = ""
    mode: str = ""
    service: str = ""
    """A rule of ``skep.swarm.hardening``."""
    daemon: str = ""
    swarm: str = ""
    """What tests of hosts, and those of the swarm, look at."""
    show: str = ""
    """A command on the host, by whose output a person judges."""

    @property
    def reason(self) -> str:
        """Why it matters, or why it does not here."""
        return self.why or self.why_not or (UNWATCHED if self.watch else WRITTEN)

    @property
    def shown(self) -> bool:
        """Whether a person has to judge."""
        return bool(self.show) or self.service in SHOWN or (self.swarm or self.daemon) in JUDGED

    def as_json(self) -> dict[str, object]:
        """Where it stands in the benchmark, for scripts."""
        return {"name": BENCHMARK, "number": self.number, "level": self.level, "automated": self.automated}


@cache
def controls(name: str = "operations") -> dict[str, Control]:
    """Those of a file, by id."""
    import tomllib

    text = Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    return {
        identity: Control(identity, **cast("dict[str, str]", mapping(values)))  # type: ignore[arg-type]
        for identity, values in tomllib.loads(text).items()
    }


@cache
def all_controls() -> dict[str, Control]:
    """Those of every profile, by id."""
    return {identity: one for name in ("operations", *PROFILES) for identity, one in controls(name).items()}
