"""Commands of an audit, in a real shell with programs of our own."""

import subprocess

import pytest

from skep.audit.checks.swarm import KEY, TASKS
from skep.audit.commands import for_each


def ran(command, docker, tmp_path):
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    return subprocess.run(["sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("listing", "printed"), [("printf 'b\\na\\n'", "of a b\n"), ("true", ""), ("sh -c 'echo a; exit 3'", None)]
)
def test_each_that_is_listed_and_no_failure_is_an_empty_list(tmp_path, listing, printed):
    result = ran(for_each(listing, "echo of"), "", tmp_path)
    assert result.stdout == (printed or "")
    assert (result.returncode == 0) is (printed is not None)


@pytest.mark.parametrize("fails", ["service ls", "service ps", "inspect"])
def test_tasks_that_cannot_be_listed_are_a_failure(tmp_path, fails):
    result = ran(TASKS, f'case "$*" in "{fails}"*) exit 1 ;; *) echo one ;; esac', tmp_path)
    assert result.returncode


@pytest.mark.parametrize(("docker", "size"), [("echo SWMKEY-1-x", "10\n"), ("true", "0\n"), ("exit 1", None)])
def test_the_key_is_measured_and_a_failure_is_no_size(tmp_path, docker, size):
    result = ran(KEY, docker, tmp_path)
    assert (result.returncode, result.stdout) == ((0, size) if size else (1, ""))
