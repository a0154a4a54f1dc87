"""Generated files, judged by Docker's CLI: who takes which, and whether both then come to the same."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

from cases import Case
from comparing import differences, held, listed, steps
from deploying import deploy_ours, deploy_theirs
from onesided import known
from swarms import ENGINES, Swarm

from skep.compose import ComposeError, convert
from skep.refusals import SwarmFacts

SEED, FILES = "SKEP_ORACLE_SEED", "SKEP_ORACLE_FILES"
"""Environment variables: the seed, and how many files; the whole of it is 500."""
SAMPLE = 30
NEWEST = list(ENGINES)[-1]
AT_ONCE = 100
"""Stacks that are there at a time."""


def desired() -> tuple[int, int]:
    """The seed and the number of files of this run."""
    return int(os.environ.get(SEED) or 0), int(os.environ.get(FILES) or SAMPLE)


@dataclass
class Judgement:
    """How often both agreed, and what differs: each with its file."""

    counts: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    """Taken by one alone, which the docs do not say."""
    differences: list[str] = field(default_factory=list)
    """Taken by both, and not the same then."""

    def add(self, other: Judgement) -> None:
        """The other's as well."""
        self.counts += other.counts
        self.surprises += other.surprises
        self.differences += other.differences


def judge(swarm: Swarm, cases: list[Case]) -> Judgement:
    """Every case deployed by Docker's CLI, and by us on the empty swarm. The CLI of 20.10 merged several files in a way
    of its own (lists of words grew, mounts stood twice): it gets cases of one file."""
    found = Judgement()
    cases = [case for case in cases if swarm.engine != "20.10" or len(case.compose) == 1]
    for start in range(0, len(cases), AT_ONCE):
        found.add(_some(swarm, cases[start : start + AT_ONCE]))
    return found


def _some(swarm: Swarm, cases: list[Case]) -> Judgement:
    refused = deploy_theirs(swarm, cases)
    theirs, objects = held(swarm), listed(swarm)
    swarm.clear()
    said = {case.name: _ours(case, swarm.engine) for case in cases}
    said |= deploy_ours(swarm, [case for case in cases if not said[case.name]])
    ours = held(swarm)
    both = [case for case in cases if case.name not in refused and not said[case.name]]
    with_secrets = [case for case in both if case.specs.secrets]
    # No API shows what a secret holds: the CLI itself is refused where it is to become something else.
    other = deploy_theirs(swarm, with_secrets)
    swarm.clear()
    found = Judgement()
    for case in cases:
        one, two = refused.get(case.name, ""), said[case.name]
        if one and two:
            found.counts["refused by both"] += 1
        elif not one and not two:
            found.counts["taken by both"] += 1
            unlike = [*differences(theirs.get(case.name), ours.get(case.name)), *other.get(case.name, "").splitlines()]
            unlike += [f"plan: {line}" for line in steps(case, objects)]
            if unlike:
                found.differences.append(_described(swarm, case, unlike))
        else:
            by = "cli" if two else "skep"
            is_known = known(by, one or two, old=swarm.engine != NEWEST or b'"version"' in case.files["compose.yml"])
            found.counts[f"taken by {by} only, {'as the docs say' if is_known else 'a surprise'}"] += 1
            if not is_known:
                found.surprises.append(_described(swarm, case, [f"taken by {by} only; the other: {one or two}"]))
    return found


def _ours(case: Case, engine: str) -> str:
    """What we refuse it for on a swarm of that engine."""
    major, minor = engine.split(".")
    try:
        convert(case.read(SwarmFacts((int(major), int(minor)), {})), case.name)
    except ComposeError as error:
        return "\n".join(error.problems)
    return ""


def _described(swarm: Swarm, case: Case, lines: list[str]) -> str:
    texts = [f"--- {name}\n{case.files[name].decode()}" for name in case.compose]
    return "\n".join([f"{swarm.engine} {case.name}:", *lines, *texts])
