"""How tests of an audit name their control, and look."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from testinfra.host import Host as Remote

from skep.audit.controls import all_controls, controls
from skep.verify.ask import Ask
from skep.verify.check import NotSeen
from skep.verify.plugin import Found


def control(identity: str) -> pytest.MarkDecorator:
    """Marks a test as that of a control."""
    one = all_controls()[identity]
    return pytest.mark.audit(id=identity, severity=one.severity, remedy=one.remedy)


def rules(field: str) -> pytest.MarkDecorator:
    """Runs a test for each control of the benchmark that says something in that field."""
    fitting = [one for one in controls("cis").values() if getattr(one, field)]
    return pytest.mark.parametrize("rule", [pytest.param(one, marks=control(one.id), id=one.id) for one in fitting])


def in_words(value: object) -> str:
    """A value as evidence: lists by commas, and nothing as such."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(in_words, value)) or "none"
    if value is None or value == "":
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def looked(host: Remote, found: Found, command: str, *arguments: str, may_end: Sequence[int] = (0,)) -> str:
    """What a command prints, kept as evidence. Raises ``NotSeen`` where it ends with another status."""
    result = host.run(command, *arguments)
    typed = host.backend.quote(command, *arguments) if arguments else command
    text = str(result.stdout).strip()
    if result.rc not in may_end:
        words = (str(result.stderr).strip().splitlines() or [f"status {result.rc}"])[-1]
        raise NotSeen(f"{typed}: {words}")
    found(typed, text)
    return text


def asked(
    ask: Ask, host: Remote, found: Found, command: str, *arguments: str,
    kept: Callable[[Sequence[object]], object] = lambda values: values, again: bool = False,
) -> Sequence[object]:  # fmt: skip
    """The JSON values a docker command prints, one a line; ``kept`` gives what of them is kept as evidence, in words as
    a person reads them. Raises ``NotSeen`` with Docker's words where the command fails."""
    try:
        values: Sequence[object] = ask(host, command, *arguments, again=again)
    except AssertionError as error:
        raise NotSeen(str(error)) from None
    found(command, in_words(kept(values)))
    return values
