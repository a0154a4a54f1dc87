"""What listing, help and completion may cost: none of the heavy libraries."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "fabric",
    "paramiko",
    "docker",
    "pydantic",
    "rich",
    "pytest",
    "testinfra",
    "requests",
    "cryptography",
    "asyncio",
    "unittest",
    "invoke.vendor.yaml.loader",
    "skep.converge",
    "skep.compose",
    "skep.model",
    "skep.secret",
)

SCRIPT = """
import json, runpy, sys
given = sys.argv
sys.argv = ["skep", *json.loads(given[1])]
try:
    runpy.run_module("skep", run_name="__main__")
except SystemExit:
    pass
print("@@" + json.dumps(sorted(set(json.loads(given[2])) & set(sys.modules))))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--list"],
        ["--help", "cluster.up"],
        ["--complete", "--", "inv cluster."],
        ["--complete", "--", "inv cluster.up -i lab --limit "],
        ["--complete", "--", "inv stack.scale -i lab web web="],
        ["--print-completion-script", "bash"],
    ],
    ids=["list", "help", "complete", "complete-hosts", "complete-services", "completion-script"],
)
def test_no_heavy_imports(arguments):
    argv = [sys.executable, "-c", SCRIPT, json.dumps(arguments), json.dumps(HEAVY)]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert json.loads(out.rpartition("@@")[2]) == []
    assert len(out.splitlines()) > 1


def test_every_task_has_an_example_and_help_for_its_options():
    import tasks

    for name in tasks.namespace.task_names:
        task = tasks.namespace[name]
        assert "Example: " in task.__doc__, name
        lacking = [argument.name for argument in task.get_arguments() if not argument.help]
        assert lacking == [], name
