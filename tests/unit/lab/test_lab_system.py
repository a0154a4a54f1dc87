"""What the machine must have, and how its programs' failures are reported."""

import os
import shutil
import sys

import pytest

from skep.errors import LabError
from skep.lab import system


def test_packages_of_missing_programs_are_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"ssh", "ssh-keygen", "mmdebstrap"}
    monkeypatch.setattr(shutil, "which", lambda program, path: None if program in absent else f"/bin/{program}")
    assert system.missing_packages() == ["mmdebstrap", "openssh-client"]


def test_no_lab_without_root_or_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs root" in (system.unsupported() or "")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux; this is darwin" in (system.unsupported() or "")


def test_require_reports_the_install_line_when_it_cannot_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "unsupported", lambda: None)
    monkeypatch.setattr(system, "missing_packages", lambda backend, rpms: ["mmdebstrap"])
    monkeypatch.setattr(system, "succeeds", lambda argv: False)

    def refuse(argv: list[str], *, step: str) -> str:
        raise LabError("no network", step=step, cause="Temporary failure resolving")

    monkeypatch.setattr(system, "run", refuse)
    with pytest.raises(LabError) as caught:
        system.require(system.ignore)
    assert caught.value.next_action == "apt-get install --yes --no-install-recommends mmdebstrap"
    assert caught.value.cause == "Temporary failure resolving"


def test_a_failed_program_is_reported_with_its_last_words() -> None:
    with pytest.raises(LabError) as caught:
        system.run(["sh", "-c", "echo one >&2; echo two >&2; exit 3"], step="try")
    assert "status 3" in caught.value.message
    assert caught.value.cause == "one\ntwo"
    assert not system.succeeds(["false"])


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(LabError, match="not installed"):
        system.run(["skep-no-such-program"], step="try")
    assert not system.succeeds(["skep-no-such-program"])


def test_last_lines_skips_blank_ones() -> None:
    assert system.last_lines("a\n\nb\n  \nc\n", 2) == "b\nc"
    assert system.last_lines("\n", 2) == "it said nothing"
