"""Files made by chance, sent to a real engine and looked at by our rules: who refuses which."""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from specs import document
from swarms import NAMESPACE, Swarm, until

from skep.compose import ComposeError, Specs, convert, load
from skep.refusals import RULES, Rule, SwarmFacts
from skep.refusals.table import NAMES
from skep.swarm.references import with_ids
from skep.swarm.spec import ServiceSpec

ENGINES = ("26.1", "28.5")
STACK = "fuzz"
AT_ONCE = 8
_ONE_AT_A_TIME = threading.Lock()
"""Engines are asked side by side, and rules are taken away for all of them."""
BESIDE = re.compile("already exists|already in use|name conflicts|not found")
"""What is said of a file where another has its names or ports at that moment."""
SEED = "SKEP_FUZZ_SEED"
FILES = "SKEP_FUZZ_FILES"
"""Environment variables: the first seed (any number), and how many files; the whole of it is 5000."""
SAMPLE = 200
Refused = tuple[str, int, str, str]
"""Engine, seed, what one side said, and the file."""


@dataclass
class Outcome:
    """How often both agreed, and where not."""

    counts: Counter[str] = field(default_factory=Counter)
    surprises: list[Refused] = field(default_factory=list)
    """Refused by the engine, and not by us."""
    strict: list[Refused] = field(default_factory=list)
    """Refused by us alone."""
    left: list[str] = field(default_factory=list)
    """What could not be removed any more."""


def seeds() -> range:
    """The seeds of this run."""
    first = int(os.environ.get(SEED) or 0)
    return range(first, first + int(os.environ.get(FILES) or SAMPLE))


def compare(swarm: Swarm, seeds: Iterable[int]) -> Outcome:
    """Every seed's file on that engine, some at a time; once more alone where one got into the other's way. Nothing
    stays behind."""
    outcome = Outcome()
    major, minor = swarm.engine.split(".")
    facts = SwarmFacts((int(major), int(minor)), {})
    files = [(seed, *_ours(document(seed), f"{STACK}{seed}", facts)) for seed in seeds]
    sent = [(seed, ours, specs) for seed, ours, specs in files if specs is not None]
    outcome.counts["no compose file"] = len(files) - len(sent)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda one: _theirs(swarm, one[2]), sent))
    for (seed, ours, specs), answer in zip(sent, answers, strict=True):
        theirs = _theirs(swarm, specs) if BESIDE.search(answer) else answer
        both = bool(ours) is bool(theirs)
        outcome.counts[("refused" if ours else "taken") + " by both" if both else "differs"] += 1
        if not both:
            (outcome.strict if ours else outcome.surprises).append((swarm.engine, seed, ours or theirs, document(seed)))
    outcome.left = _clear(swarm)
    return outcome


def _ours(text: str, stack: str, facts: SwarmFacts) -> tuple[str, Specs | None]:
    """What we say of a file, and its specs by our hands as if there were no rules; ``None`` where there are none."""
    files = {"compose.yml": text.encode()}
    try:
        with _rules((), ()):
            specs = convert(load(files, ["compose.yml"], variables={}), stack)
    except ComposeError:
        return "", None
    try:
        with _rules([rule for rule in RULES if rule.by == "managers"], NAMES):
            convert(load(files, ["compose.yml"], variables={}, swarm=facts), stack)
    except ComposeError as error:
        return error.problems[0], specs
    return "", specs


@contextmanager
def _rules(rules: Iterable[Rule], names: Iterable[Rule]) -> Iterator[None]:
    with (
        _ONE_AT_A_TIME,
        patch("skep.compose.loading.RULES", tuple(rules)),
        patch("skep.compose.convert.NAMES", tuple(names)),
    ):
        yield


def _theirs(swarm: Swarm, specs: Specs) -> str:
    """What the engine says of the specs; removes all of them again."""
    made: list[str] = []
    try:
        for kind, bodies in (("networks", specs.networks), ("configs", specs.configs), ("secrets", specs.secrets)):
            for body in bodies.values():
                answer = swarm.api("POST", f"/{kind}/create", body)
                made.append(f"/{kind}/{answer.get('ID') or answer['Id']}")
        ids = {
            kind: {one["Spec"]["Name"]: one["ID"] for one in swarm.api("GET", f"/{kind}")} if bodies else {}
            for kind, bodies in (("configs", specs.configs), ("secrets", specs.secrets))
        }
        for spec in specs.services.values():
            sent = with_ids(_idle(spec), configs=ids["configs"], secrets=ids["secrets"])
            made.append(f"/services/{swarm.api('POST', '/services/create', sent)['ID']}")
    except AssertionError as error:
        return str(error)
    finally:
        for path in reversed(made):
            _remove(swarm, path)
    return ""


def _idle(spec: ServiceSpec) -> ServiceSpec:
    """The service with no task, where its mode has a number of them."""
    mode = spec["Mode"]
    return {**spec, "Mode": {"Replicated": {"Replicas": 0}} if "Replicated" in mode else mode}


def _remove(swarm: Swarm, path: str) -> str:
    try:
        swarm.api("DELETE", path)
    except AssertionError as error:
        return str(error)
    return ""


def _clear(swarm: Swarm) -> list[str]:
    """What tasks of jobs held on to for a while; what stays after all."""
    said: list[str] = []

    def gone() -> bool:
        said.clear()
        for kind in ("services", "networks", "configs", "secrets"):
            for one in swarm.api("GET", f"/{kind}"):
                labels = one.get("Labels") if kind == "networks" else one["Spec"].get("Labels")
                if str((labels or {}).get(NAMESPACE)).startswith(STACK):
                    said.append(_remove(swarm, f"/{kind}/{one.get('ID') or one['Id']}"))
        return not said

    until(gone, lambda: "\n".join(said))
    return said


def words(said: str) -> str:
    """A refusal without what differs from file to file."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|[0-9]+", "…", said)[:160]
