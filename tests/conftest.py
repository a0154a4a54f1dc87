"""Hypothesis profiles: ``SKEP_PROPERTIES=many`` makes the property tests search for long. In CI (``CI=true``) a
failing example is reported as it was found: shrinking could take longer than all else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# A shell starts what it puts into the background with SIGINT ignored, and that is inherited: then Ctrl-C, which is
# tested here, would reach nothing that these tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# SIGTERM, with which `./inv test` stops them, is the same to them: else what they started would stay.
signal.signal(signal.SIGTERM, signal.default_int_handler)

# What a user was shown before is kept in the home folder: no test begins with what another one was shown.
os.environ["XDG_STATE_HOME"] = "/dev/null"

# Servers of the tests' own are on this machine, whatever proxy leads elsewhere.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))

# Whoever runs them may sign commits, or have git refuse a repository that somebody else owns.
os.environ["GIT_CONFIG_GLOBAL"] = str(Path(__file__).with_name("gitconfig"))

CI = os.environ.get("CI") == "true"

settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", settings.get_profile("default"), phases=[Phase.explicit, Phase.generate], print_blob=True, database=None
)
settings.register_profile("many", settings.get_profile("default"), derandomize=False, max_examples=20_000)
settings.load_profile(os.environ.get("SKEP_PROPERTIES") or ("ci" if CI else "default"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what failed before a second try, whichever way that one ended."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"tried a second time: {report.nodeid}")
        terminalreporter.line(report.longreprtext)
