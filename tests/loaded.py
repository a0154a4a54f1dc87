"""Which modules a command line loads, for tests of what a start may cost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

ALWAYS = ("asyncio", "unittest", "docker", "requests", "rich", "pytest", "testinfra", "invoke.vendor.yaml.loader")
"""What nothing that only looks, and prints no more than lines, has to load."""

_SCRIPT = """
import json, runpy, sys
given = sys.argv
sys.argv = ["skep", *given[1:]]
try:
    runpy.run_module("skep", run_name="__main__")
except SystemExit:
    pass
print("@@" + json.dumps(sorted(sys.modules)))
"""


def loaded(words: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[str, set[str]]:
    """What a command line prints, and the modules that its process has loaded in the end."""
    argv = [sys.executable, "-c", _SCRIPT, *words]
    ran = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    out, _, modules = ran.stdout.rpartition("@@")
    return out + ran.stderr, set(json.loads(modules))
